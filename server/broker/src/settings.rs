//! What `[cluster.settings]` may say. Each adapter decodes the table with a type of its own; what is
//! alike for all of them is here.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::{Map, Value};
use waybill_model::problem::{Code, Problem};

/// The settings table of one cluster, secrets already resolved by whoever read the file.
pub type Settings = Map<String, Value>;

/// Decodes a table.
///
/// # Errors
/// `ConfigInvalid`: a key that `T` does not know, with the nearest that it does, or a value that is
/// not of its kind.
pub fn read<T: DeserializeOwned>(settings: &Settings) -> Result<T, Problem> {
    serde_json::from_value(Value::Object(settings.clone())).map_err(|error| {
        let said = error.to_string();
        let mut quoted = said.split('`').skip(1).step_by(2);
        let (true, Some(word)) = (said.starts_with("unknown field"), quoted.next()) else {
            return wrong(said);
        };
        let known: Vec<&str> = quoted.collect();
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Known here: {}.", known.join(", ")),
        };
        Problem::new(
            Code::ConfigInvalid,
            format!("`{word}` is not known here"),
            hint,
        )
    })
}

pub(crate) fn wrong(what: String) -> Problem {
    Problem::new(
        Code::ConfigInvalid,
        what,
        "Correct it in [cluster.settings] of the configuration file.",
    )
}

/// The known word that was probably meant, if one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()).div_ceil(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A list of addresses, or one text with commas or semicolons between them, as the brokers' own
/// tools take it.
pub fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a list of addresses such as [\"127.0.0.1:9000\"]"
    )]
    enum Written {
        List(Vec<String>),
        Text(String),
    }
    let list = match Written::deserialize(from)? {
        Written::List(list) => list,
        Written::Text(text) => vec![text],
    };
    let parts = list.iter().flat_map(|text| text.split([',', ';']));
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(str::to_owned).collect())
}

/// `host:port` of an address, also of a URL; `port` where it tells none.
///
/// # Errors
/// `ConfigInvalid` under the name of `key`.
pub fn door(key: &str, text: &str, port: u16) -> Result<String, Problem> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, at)| at);
    let (host, told) = match place.strip_prefix('[').and_then(|ip| ip.split_once(']')) {
        Some((ip, after)) => (&place[..ip.len() + 2], after.strip_prefix(':')),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = told.map_or(Ok(port), str::parse::<u16>);
    let plausible = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
    match port {
        Ok(port @ 1..) if !host.is_empty() && host.chars().all(plausible) => {
            Ok(format!("{host}:{port}"))
        }
        // What it holds is not told: a password may stand in it.
        _ => Err(wrong(format!(
            "{key}: it names no host, or a port that is none"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_of_addresses_and_urls() {
        for (text, expected) in [
            ("127.0.0.1:9092", "127.0.0.1:9092"),
            ("b.example", "b.example:7"),
            ("amqp://user:p%40ss@c.example:5672/%2f", "c.example:5672"),
            ("amqps://c.example", "c.example:7"),
            ("http://[::1]:15672/api", "[::1]:15672"),
            ("[::1]", "[::1]:7"),
        ] {
            assert_eq!(door("at", text, 7).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            "amqp://",
            ":9092",
            "a b:1",
            "a:port",
            "a:99999",
            "x://u:secret@:1",
        ] {
            let problem = door("at", text, 7).unwrap_err();
            assert_eq!(problem.code, Code::ConfigInvalid, "{text}");
            assert!(problem.message.starts_with("at: "), "{problem}");
            assert!(!problem.message.contains("secret"), "{problem}");
        }
    }
}
