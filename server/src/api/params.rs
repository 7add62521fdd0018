//! The query of an address: known names only, each parsed, each wrong word named in the answer.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use waybill_model::destination::Window;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::{TimeRange, Timestamp};

/// The most that a list answers at once.
pub const MOST: u32 = 1_000;
const USUAL: u32 = 50;

#[derive(Debug)]
pub struct Params {
    pairs: Vec<(String, String)>,
    /// Names that were given without a value.
    empty: Vec<String>,
}

impl Params {
    /// Empty values count as absent, as a form sends them.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] for an unknown name (with the nearest known one), a repeated name
    /// and bytes that are not UTF-8.
    pub fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut empty = Vec::new();
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                return Err(unknown(&name, known));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(invalid(&name, "stands twice; give it once"));
            }
            if value.is_empty() {
                empty.push(name);
            } else {
                pairs.push((name, value));
            }
        }
        Ok(Self { pairs, empty })
    }

    /// For names whose absence means everything: an empty value is a slip, not a wish for that.
    pub fn no_empty(&self, names: &[&str]) -> Result<(), Problem> {
        match self
            .empty
            .iter()
            .find(|name| names.contains(&name.as_str()))
        {
            Some(name) => Err(invalid(
                name,
                "is empty; leave it out to ask for everything",
            )),
            None => Ok(()),
        }
    }

    /// Those with a value, as they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        self.text(name)
            .map(|text| Timestamp::parse(text).map_err(|error| invalid(name, &error.to_string())))
            .transpose()
    }

    /// `from` and `to`; a missing end is open.
    pub fn range(&self) -> Result<Option<TimeRange>, Problem> {
        let (from, to) = (self.time("from")?, self.time("to")?);
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        let range = TimeRange {
            from: from.unwrap_or(Timestamp::EPOCH),
            to: to.unwrap_or(Timestamp::from_unix_nanos(i64::MAX)),
        };
        if range.from >= range.to {
            return Err(invalid("from", "lies before `to`"));
        }
        Ok(Some(range))
    }

    /// `from` and `to` as they were given.
    pub fn window(&self) -> Result<Window, Problem> {
        self.range()?;
        Ok(Window {
            from: self.time("from")?,
            to: self.time("to")?,
        })
    }

    /// A span of time as configuration writes it, in milliseconds.
    pub fn span_ms(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.text(name)
            .map(|text| match crate::config::milliseconds(text) {
                Some(ms) => Ok(ms),
                None => Err(invalid(name, "is a span of time, such as 5m or 1h")),
            })
            .transpose()
    }

    /// Milliseconds, finite and not negative.
    pub fn ms(&self, name: &str) -> Result<Option<f64>, Problem> {
        self.text(name)
            .map(|text| match text.parse::<f64>() {
                Ok(ms) if ms.is_finite() && ms >= 0.0 => Ok(ms),
                _ => Err(invalid(name, "is a number of milliseconds, such as 250")),
            })
            .transpose()
    }

    pub fn limit(&self) -> Result<u32, Problem> {
        let limit = self.count("limit", USUAL as usize, MOST as usize)?;
        Ok(u32::try_from(limit).unwrap_or(MOST))
    }

    /// The part of a whole list that was asked for; the cursor counts what came before.
    pub fn page<T>(&self, all: Vec<T>) -> Result<Page<T>, Problem> {
        let limit = self.limit()? as usize;
        let skip = match self.text("cursor").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(skip)) => skip,
            Some(Err(_)) => {
                return Err(invalid("cursor", "is taken from `next` of the page before"));
            }
        };
        let next = (all.len() > skip.saturating_add(limit)).then(|| (skip + limit).to_string());
        let items = all.into_iter().skip(skip).take(limit).collect();
        Ok(Page::new(items, next))
    }

    /// One of the words that `words` lists.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|text| one_of(name, text, words))
            .transpose()
    }

    /// Words that `words` lists, with commas between; none where the name is absent.
    pub fn list<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Vec<T>, Problem> {
        let text = self.text(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| one_of(name, word, words))
            .collect()
    }

    /// A whole number from 1 to `most`.
    pub fn count(&self, name: &str, usual: usize, most: usize) -> Result<usize, Problem> {
        match self.text(name).map(str::parse::<usize>) {
            None => Ok(usual),
            Some(Ok(count)) if (1..=most).contains(&count) => Ok(count),
            Some(_) => Err(invalid(
                name,
                &format!("is a whole number from 1 to {most}"),
            )),
        }
    }
}

fn one_of<T: Copy>(name: &str, text: &str, words: &[(&str, T)]) -> Result<T, Problem> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let near = nearest(text, &known)
        .map(|w| format!(" (did you mean {w}?)"))
        .unwrap_or_default();
    Err(invalid(
        name,
        &format!("is one of {}{near}", known.join(", ")),
    ))
}

pub fn invalid(name: &str, rule: &str) -> Problem {
    Problem::new(
        Code::InvalidRequest,
        format!("The value of {name} is wrong."),
        format!("{name}: {rule}."),
    )
}

/// The known word that `text` was probably meant to be.
pub fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text: String = text.chars().take(64).collect();
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(&text, word), *word))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

fn unknown(name: &str, known: &[&str]) -> Problem {
    let name: String = name.chars().take(64).collect();
    let hint = match nearest(&name, known) {
        Some(near) => format!("{name}: did you mean {near}?"),
        None if name.contains('.') && known.contains(&"attribute") => {
            format!("{name}: a business attribute is asked for as attribute={name}:VALUE.")
        }
        None if known.is_empty() => format!("{name}: this address takes no parameters."),
        None => format!("{name}: known are {}.", known.join(", ")),
    };
    Problem::new(
        Code::InvalidRequest,
        "There is no such parameter here.",
        hint,
    )
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced: Cow<'_, str> = if text.contains('+') {
        text.replace('+', " ").into()
    } else {
        text.into()
    };
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| {
            Problem::new(
                Code::InvalidRequest,
                "The address is not UTF-8.",
                "Percent-encode every value as UTF-8.",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["destination", "attribute", "from", "to", "limit", "state"];

    fn parse(query: &str) -> Result<Params, Problem> {
        Params::parse(Some(query), KNOWN)
    }

    #[test]
    fn values_are_decoded_and_empty_ones_absent() {
        let params = parse("destination=a%2Fb+c&state=&limit=7").unwrap();
        assert_eq!(params.text("destination"), Some("a/b c"));
        assert_eq!(params.text("state"), None);
        assert_eq!(params.limit(), Ok(7));
    }

    #[test]
    fn wrong_words_are_named() {
        for (query, hint) in [
            ("destinaton=x", "destinaton: did you mean destination?"),
            (
                "order.id=1001",
                "order.id: a business attribute is asked for as attribute=order.id:VALUE.",
            ),
            ("limit=1&limit=2", "limit: stands twice; give it once."),
        ] {
            assert_eq!(parse(query).unwrap_err().hint, hint);
        }
        assert!(parse("state=%ff").is_err());
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=x"] {
            assert!(parse(query).unwrap().limit().is_err(), "{query}");
        }
        let times = parse("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").unwrap();
        assert!(times.range().is_err());
        assert!(parse("from=yesterday").unwrap().range().is_err());
        let words = [("delivered", 1), ("failed", 2)];
        let states = parse("state=failed,%20delivered").unwrap();
        assert_eq!(states.list("state", &words), Ok(vec![2, 1]));
        assert_eq!(parse("").unwrap().list("state", &words), Ok(vec![]));
        let wrong = parse("state=failed,delivred").unwrap();
        assert!(wrong.list("state", &words).is_err());
        let state = parse("state=delivred")
            .unwrap()
            .word("state", &[("delivered", 1), ("failed", 2)]);
        assert_eq!(
            state.unwrap_err().hint,
            "state: is one of delivered, failed (did you mean delivered?)."
        );
    }
}
