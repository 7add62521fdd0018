//! The words of the search form, and the query that they ask.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use waybill_model::journey::JourneyState;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::JourneyQuery;
use waybill_model::time::Timestamp;

use super::asked::Asked;
use crate::routes::link::encode;

const PAGE: u32 = 50;

/// The fields of the search form, as they stand in the address; empty means: not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    pub find: String,
    pub text: String,
    pub destination: String,
    pub group: String,
    pub service: String,
    /// One state, or several with commas between.
    pub state: String,
    /// The least duration with its unit: `250`, `250ms`, `1.5s`, `2m`.
    pub min: String,
    /// The greatest, as `min`.
    pub max: String,
    /// How far back: `15m`, `1h`, `6h`, `24h`, `7d`.
    pub range: String,
    /// RFC 3339, or as a browser's field for dates writes it (UTC).
    pub from: String,
    pub to: String,
    pub cursor: String,
}

impl Search {
    /// What may stand in the address.
    pub const NAMES: [&str; 12] = [
        "find",
        "text",
        "destination",
        "group",
        "service",
        "state",
        "min",
        "max",
        "range",
        "from",
        "to",
        "cursor",
    ];

    /// The query of an address; other names in it ask nothing.
    pub fn read(query: &str) -> Self {
        Self::of(&Asked::of(query))
    }

    pub(crate) fn of(asked: &Asked) -> Self {
        let field = |name: &str| asked.owned(name).unwrap_or_default();
        Self {
            find: field("find"),
            text: field("text"),
            destination: field("destination"),
            group: field("group"),
            service: field("service"),
            state: field("state"),
            min: field("min"),
            max: field("max"),
            range: field("range"),
            from: field("from"),
            to: field("to"),
            cursor: field("cursor"),
        }
    }

    /// True while nothing narrows the list.
    pub fn is_blank(&self) -> bool {
        let range_only = Self {
            range: self.range.clone(),
            cursor: self.cursor.clone(),
            ..Self::default()
        };
        *self == range_only
    }

    /// The address of the same search, further on.
    pub fn href(&self, cursor: &str) -> String {
        format!("/search?{}", self.address_query(cursor))
    }

    /// The query of that address.
    pub fn address_query(&self, cursor: &str) -> String {
        let fields = [
            ("find", self.find.as_str()),
            ("text", &self.text),
            ("destination", &self.destination),
            ("group", &self.group),
            ("service", &self.service),
            ("state", &self.state),
            ("min", &self.min),
            ("max", &self.max),
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
            ("cursor", cursor),
        ];
        let query: Vec<_> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}={}", encode(value)))
            .collect();
        query.join("&")
    }
}

/// Fields that cannot be read are a problem that names the field, never silently dropped.
pub fn query(search: Search, now: Timestamp) -> Result<JourneyQuery, Problem> {
    let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let from = match given(search.from) {
        Some(text) => Some(instant("from", &text)?),
        None => match given(search.range) {
            Some(range) => Some(now.plus_ms(-range_ms(&range)?)),
            None => None,
        },
    };
    Ok(JourneyQuery {
        find: given(search.find),
        text: given(search.text),
        destination: given(search.destination),
        group: given(search.group),
        service: given(search.service),
        states: states(&search.state)?,
        min_ms: given(search.min)
            .map(|text| duration_ms("min", &text))
            .transpose()?,
        max_ms: given(search.max)
            .map(|text| duration_ms("max", &text))
            .transpose()?,
        from,
        to: given(search.to)
            .map(|text| instant("to", &text))
            .transpose()?,
        limit: Some(PAGE),
        cursor: given(search.cursor),
        ..JourneyQuery::default()
    })
}

fn states(text: &str) -> Result<Vec<JourneyState>, Problem> {
    let words = text.split(',').map(str::trim).filter(|w| !w.is_empty());
    words.map(state).collect()
}

fn state(text: &str) -> Result<JourneyState, Problem> {
    let word: StrDeserializer<'_, ValueError> = text.into_deserializer();
    JourneyState::deserialize(word).map_err(|_| wrong("state", "Choose one of the list."))
}

/// The address of everything that a page of this search is the beginning of, as a file.
pub(crate) fn export_href(search: Search, now: Timestamp, format: &str) -> Option<String> {
    let states = search.state.clone();
    let query = query(search, now).ok()?;
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let fields = [
        ("format", Some(format.to_owned())),
        ("find", query.find),
        ("text", query.text),
        ("destination", query.destination),
        ("group", query.group),
        ("service", query.service),
        ("state", Some(states)),
        ("min_ms", number(query.min_ms)),
        ("max_ms", number(query.max_ms)),
        ("from", time(query.from)),
        ("to", time(query.to)),
    ];
    let pairs = fields.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", encode(&value)))
    });
    let pairs: Vec<String> = pairs.collect();
    Some(format!("/api/v1/journeys/export?{}", pairs.join("&")))
}

pub(crate) fn instant(field: &str, text: &str) -> Result<Timestamp, Problem> {
    // A browser's field writes 2026-11-23T20:46, with or without seconds.
    [text.to_owned(), format!("{text}Z"), format!("{text}:00Z")]
        .iter()
        .find_map(|text| Timestamp::parse(text).ok())
        .ok_or_else(|| wrong(field, "Write a time in UTC like 2026-11-23T20:46:03Z."))
}

pub(crate) fn range_ms(text: &str) -> Result<i64, Problem> {
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let unit_ms: i64 = match unit {
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong("range", "Write it like 15m, 6h or 7d.")),
    };
    number
        .parse::<u32>()
        .map(|number| i64::from(number).saturating_mul(unit_ms))
        .map_err(|_| wrong("range", "Write it like 15m, 6h or 7d."))
}

fn duration_ms(field: &str, text: &str) -> Result<f64, Problem> {
    let number_end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let unit_ms = match unit.trim() {
        "" | "ms" => 1.0,
        "s" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3600e3,
        _ => return Err(wrong(field, "Write it like 250ms, 1.5s or 2m.")),
    };
    number
        .parse::<f64>()
        .map(|number| number * unit_ms)
        .map_err(|_| wrong(field, "Write it like 250ms, 1.5s or 2m."))
}

pub(crate) fn wrong(field: &str, hint: &str) -> Problem {
    Problem::new(
        Code::InvalidRequest,
        format!("The field “{field}” cannot be read."),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_unix_millis(1_795_444_307_046)
    }

    #[test]
    fn empty_fields_ask_nothing() {
        let query = query(Search::default(), now()).unwrap();
        assert_eq!(
            query,
            JourneyQuery {
                limit: Some(50),
                ..JourneyQuery::default()
            }
        );
    }

    #[test]
    fn fields_are_read_with_their_units() {
        let search = Search {
            find: " order.id=1001 ".into(),
            state: "dead_lettered, failed".into(),
            service: "billing".into(),
            min: "1.5s".into(),
            max: "1m".into(),
            range: "15m".into(),
            to: "2026-11-23T20:46".into(),
            ..Search::default()
        };
        let query = query(search, now()).unwrap();
        assert_eq!(query.find.as_deref(), Some("order.id=1001"));
        let states = [JourneyState::DeadLettered, JourneyState::Failed];
        assert_eq!(query.states, states);
        assert_eq!(query.service.as_deref(), Some("billing"));
        assert_eq!(query.min_ms, Some(1500.0));
        assert_eq!(query.max_ms, Some(60_000.0));
        assert_eq!(query.from, Some(now().plus_ms(-900_000)));
        assert_eq!(query.to, Timestamp::parse("2026-11-23T20:46:00Z").ok());
    }

    #[test]
    fn an_export_asks_what_the_page_asked() {
        let search =
            Search::read("find=a%3D1&state=failed,retrying&min=1s&range=1h&cursor=w1.1.0.0");
        assert_eq!(
            search.address_query(""),
            "find=a%3D1&state=failed%2Cretrying&min=1s&range=1h"
        );
        let href = export_href(search, now(), "csv").unwrap();
        let from = now().plus_ms(-3_600_000).to_string();
        let expected = format!(
            "/api/v1/journeys/export?format=csv&find=a%3D1&state=failed%2Cretrying&min_ms=1000&from={}",
            encode(&from)
        );
        assert_eq!(href, expected);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (field, search) in [
            (
                "state",
                Search {
                    state: "<script>".into(),
                    ..Search::default()
                },
            ),
            (
                "min",
                Search {
                    min: "..s".into(),
                    ..Search::default()
                },
            ),
            (
                "range",
                Search {
                    range: "七".into(),
                    ..Search::default()
                },
            ),
            (
                "from",
                Search {
                    from: "yesterday".into(),
                    ..Search::default()
                },
            ),
        ] {
            let problem = query(search, now()).unwrap_err();
            assert_eq!(problem.code, Code::InvalidRequest);
            assert!(problem.message.contains(field), "{problem:?}");
        }
    }
}
