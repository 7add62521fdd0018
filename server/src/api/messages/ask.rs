//! From the words of an address to what is read.

use std::time::Duration;

use waybill_model::problem::{Code, Problem};
use waybill_model::stored::StoredQuery;
use waybill_model::time::Timestamp;

use crate::api::params::{MOST, invalid, nearest};
use crate::clock;
use crate::config::milliseconds;
use crate::filter;
use crate::query::browse::{Budget, From, MOST_BYTES, MOST_MS, USUAL_BYTES, USUAL_MS, Wanted};

const USUAL: usize = 50;
const WORDS: [&str; 5] = ["latest", "earliest", "offset", "time", "key"];
/// Bytes of a key or a partition's name.
const LONGEST: usize = 4_096;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub from: From,
    pub partition: Option<String>,
    pub wanted: Wanted,
    pub limit: usize,
    pub budget: Budget,
    pub price_only: bool,
    pub unmask: bool,
}

/// # Errors
/// `InvalidRequest`, with the name and the rule.
pub(super) fn parse(query: &StoredQuery) -> Result<Asked, Problem> {
    let (word, short) = match query.from.as_deref() {
        None => (implied(query), None),
        Some(from) => match from.split_once(':') {
            Some((word, place)) => (word, Some(place)),
            None => (from, None),
        },
    };
    let place = |name: &str, given: &Option<String>| {
        let given = short.map(str::to_owned).or_else(|| given.clone());
        given.ok_or_else(|| invalid(name, &format!("is wanted with from={word}")))
    };
    let mut key = query.key.clone();
    let mut from = match word {
        "latest" => From::Latest,
        "earliest" => From::Earliest,
        "offset" => From::Offset(offset(&place("offset", &query.offset)?)?),
        "time" => From::Time(time(&place("time", &query.time)?, clock::now())?),
        "key" => {
            key = Some(place("key", &query.key)?);
            From::Latest
        }
        other => return Err(unknown(other)),
    };
    if let Some(cursor) = &query.cursor {
        from = From::Cursor(cursor.parse()?);
    }
    for (name, text) in [("key", &key), ("partition", &query.partition)] {
        if text.as_ref().is_some_and(|text| text.len() > LONGEST) {
            return Err(invalid(name, &format!("has at most {LONGEST} bytes")));
        }
    }
    let filter = query.filter.as_deref().map(filter).transpose()?;
    let ms = number("max_ms", &query.max_ms, USUAL_MS, MOST_MS)?;
    Ok(Asked {
        from,
        partition: query.partition.clone(),
        wanted: Wanted {
            key: key.map(String::into_bytes),
            filter,
            sought: None,
        },
        limit: usize::try_from(number(
            "limit",
            &query.limit,
            USUAL as u64,
            u64::from(MOST),
        )?)
        .unwrap_or(USUAL),
        budget: Budget {
            bytes: number("max_bytes", &query.max_bytes, USUAL_BYTES, MOST_BYTES)?,
            time: Duration::from_millis(ms),
        },
        price_only: match query.price.as_deref() {
            None => false,
            Some("only") => true,
            Some(_) => return Err(invalid("price", "is only, or left out")),
        },
        unmask: match query.unmask.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(invalid("unmask", "is true or false")),
        },
    })
}

/// Where only a place is given, it says what it is.
fn implied(query: &StoredQuery) -> &'static str {
    match (&query.offset, &query.time) {
        (Some(_), None) => "offset",
        (None, Some(_)) => "time",
        _ => "latest",
    }
}

fn unknown(word: &str) -> Problem {
    let near = nearest(word, &WORDS)
        .map(|near| format!(" (did you mean {near}?)"))
        .unwrap_or_default();
    invalid("from", &format!("is one of {}{near}", WORDS.join(", ")))
}

fn offset(text: &str) -> Result<i64, Problem> {
    match text.parse() {
        Ok(offset) if offset >= 0 => Ok(offset),
        _ => Err(invalid("offset", "is a whole number, not below 0")),
    }
}

/// A point in time, also as a form's field writes it (in UTC), or how long before `now`.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    if let Some(ms) = milliseconds(text) {
        return Ok(now.plus_ms(ms.saturating_neg()));
    }
    let written = match text.len() {
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    Timestamp::parse(&written).map_err(|error| invalid("time", &error.to_string()))
}

fn number(name: &str, text: &Option<String>, usual: u64, most: u64) -> Result<u64, Problem> {
    match text.as_deref().map(str::parse::<u64>) {
        None => Ok(usual),
        Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
        Some(_) => Err(invalid(
            name,
            &format!("is a whole number from 1 to {most}"),
        )),
    }
}

fn filter(text: &str) -> Result<filter::Filter, Problem> {
    filter::parse(text).map_err(|wrong| {
        let before: String = text.chars().take(wrong.at - 1).collect();
        let from = before.char_indices().rev().nth(29).map_or(0, |(at, _)| at);
        let after: String = text.chars().skip(wrong.at - 1).take(20).collect();
        Problem::new(
            Code::InvalidRequest,
            format!("The filter is wrong {wrong}."),
            format!("filter: {}⟨here⟩{after}", &before[from..]),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> StoredQuery {
        let members = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).into()));
        serde_json::from_value(serde_json::Value::Object(members.collect())).unwrap()
    }

    #[test]
    fn places_are_told_long_and_short() {
        let latest = From::Latest;
        for (pairs, from, key) in [
            (&[][..], latest.clone(), None),
            (&[("from", "earliest")], From::Earliest, None),
            (
                &[("from", "offset"), ("offset", "42")],
                From::Offset(42),
                None,
            ),
            (&[("offset", "42")], From::Offset(42), None),
            (&[("from", "offset:42")], From::Offset(42), None),
            (&[("from", "key:a:b")], latest.clone(), Some("a:b")),
            (&[("from", "key"), ("key", "a")], latest.clone(), Some("a")),
            (
                &[("from", "earliest"), ("key", "a")],
                From::Earliest,
                Some("a"),
            ),
        ] {
            let asked = parse(&query(pairs)).unwrap();
            assert_eq!(asked.from, from, "{pairs:?}");
            assert_eq!(
                asked.wanted.key.as_deref(),
                key.map(str::as_bytes),
                "{pairs:?}"
            );
        }
        let now = Timestamp::parse("2026-11-28T06:00:00Z").unwrap();
        for (text, expected) in [
            ("2026-11-28T05:11:22Z", "2026-11-28T05:11:22.000Z"),
            ("2026-11-28T05:11", "2026-11-28T05:11:00.000Z"),
            ("15m", "2026-11-28T05:45:00.000Z"),
        ] {
            assert_eq!(time(text, now).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pairs, hint) in [
            (&[("from", "latst")][..], "did you mean latest?"),
            (&[("from", "offset")], "offset: is wanted with from=offset"),
            (&[("offset", "-1")], "offset: is a whole number"),
            (&[("from", "time:yesterday")], "time: "),
            (
                &[("limit", "1001")],
                "limit: is a whole number from 1 to 1000",
            ),
            (
                &[("max_ms", "0")],
                "max_ms: is a whole number from 1 to 15000",
            ),
            (&[("max_bytes", "99999999999")], "max_bytes: "),
            (&[("price", "all")], "price: is only"),
            (&[("unmask", "yes")], "unmask: is true or false"),
            (&[("cursor", "x")], "`next`"),
            (&[("filter", "value.a = 1")], "filter: value.a ⟨here⟩= 1"),
        ] {
            let problem = parse(&query(pairs)).unwrap_err();
            assert_eq!(problem.code, Code::InvalidRequest);
            assert!(problem.hint.contains(hint), "{pairs:?}: {}", problem.hint);
        }
    }
}
