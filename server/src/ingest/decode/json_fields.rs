//! JSON as senders really write it: unknown fields are passed over, numbers come as numbers or
//! text, enumerations as integers or names, keys in lowerCamelCase or snake_case, and `null` means
//! absent. Objects are read one level at a time (`RawValue`), so that nesting costs no stack and a
//! bad record stays inside its own text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Reason;

pub type Raw<'a> = Option<&'a RawValue>;

/// The values of the named fields, in the order of `names` (lowerCamelCase). Of a repeated field
/// the last counts.
pub fn object<'a, const N: usize>(
    raw: &'a RawValue,
    names: [&'static str; N],
) -> Result<[Raw<'a>; N], serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    reader.deserialize_map(Fields { names: &names })
}

/// Every element of a list; an absent list has none. Stops at the first fault of `visit`.
pub fn each<'a>(
    raw: Raw<'a>,
    mut visit: impl FnMut(&'a RawValue) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let mut fault = Ok(());
    list(raw, |item| {
        if fault.is_ok() {
            fault = visit(item);
        }
    })
    .map_err(|_| Reason::Malformed)?;
    fault
}

pub fn list<'a>(raw: Raw<'a>, visit: impl FnMut(&'a RawValue)) -> Result<(), serde_json::Error> {
    match present(raw) {
        Some(raw) => serde_json::Deserializer::from_str(raw.get()).deserialize_seq(Items(visit)),
        None => Ok(()),
    }
}

pub fn present(raw: Raw<'_>) -> Raw<'_> {
    raw.filter(|raw| raw.get() != "null")
}

pub fn text(raw: Raw<'_>) -> Result<String, Reason> {
    match present(raw) {
        Some(raw) => serde_json::from_str(raw.get()).map_err(|_| Reason::Malformed),
        None => Ok(String::new()),
    }
}

pub fn boolean(raw: Raw<'_>) -> Result<bool, Reason> {
    match present(raw).map(RawValue::get) {
        None | Some("false" | "\"false\"") => Ok(false),
        Some("true" | "\"true\"") => Ok(true),
        Some(_) => Err(Reason::Malformed),
    }
}

/// A whole number of either sign that fits `T`, also as text and also written as `1e3`.
pub fn integer<T: TryFrom<i128>>(raw: Raw<'_>) -> Result<T, Reason> {
    let number = match present(raw) {
        None => 0,
        Some(raw) => whole(unquoted(raw.get())).ok_or(Reason::Malformed)?,
    };
    T::try_from(number).map_err(|_| Reason::Malformed)
}

fn whole(digits: &str) -> Option<i128> {
    if let Ok(number) = digits.parse::<i128>() {
        return Some(number);
    }
    let number: f64 = digits.parse().ok()?;
    (number.fract() == 0.0 && number.abs() < 2f64.powi(64)).then_some(number as i128)
}

pub fn double(raw: Raw<'_>) -> Result<f64, Reason> {
    match present(raw).map(|raw| unquoted(raw.get())) {
        None => Ok(0.0),
        Some("NaN") => Ok(f64::NAN),
        Some("Infinity") => Ok(f64::INFINITY),
        Some("-Infinity") => Ok(f64::NEG_INFINITY),
        Some(digits) => digits.parse().map_err(|_| Reason::Malformed),
    }
}

/// An integer, or a name: `SPAN_KIND_CONSUMER` and `CONSUMER` are both 5 where `names[5]` is
/// `CONSUMER`. An unknown name is 0, as an unknown number would be.
pub fn enumeration(raw: Raw<'_>, prefix: &str, names: &[&str]) -> Result<i32, Reason> {
    let Some(raw) = present(raw) else {
        return Ok(0);
    };
    let word = unquoted(raw.get());
    if let Some(number) = whole(word) {
        return Ok(i32::try_from(number).unwrap_or(0));
    }
    let word = word.strip_prefix(prefix).unwrap_or(word);
    let position = names
        .iter()
        .position(|name| word.eq_ignore_ascii_case(name));
    Ok(position.and_then(|at| i32::try_from(at).ok()).unwrap_or(0))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

struct Fields<'n, const N: usize> {
    names: &'n [&'static str; N],
}

impl<'a, const N: usize> Visitor<'a> for Fields<'_, N> {
    type Value = [Raw<'a>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = [None; N];
        while let Some(position) = map.next_key_seed(Name(self.names))? {
            match position {
                Some(position) => found[position] = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// Matches a key against the names without keeping it.
struct Name<'n>(&'n [&'static str]);

impl<'a> DeserializeSeed<'a> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| same(key, name)))
    }
}

/// `startTimeUnixNano` and `start_time_unix_nano` name one field.
fn same(key: &str, name: &str) -> bool {
    if key == name {
        return true;
    }
    let mut key = key.bytes();
    for byte in name.bytes() {
        let given = key.next();
        let fits = if byte.is_ascii_uppercase() {
            given == Some(b'_') && key.next() == Some(byte.to_ascii_lowercase())
        } else {
            given == Some(byte)
        };
        if !fits {
            return false;
        }
    }
    key.next().is_none()
}

struct Items<F>(F);

impl<'a, F: FnMut(&'a RawValue)> Visitor<'a> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'a>>(mut self, mut items: S) -> Result<(), S::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn numbers_and_names_as_senders_write_them() {
        for (text, expected) in [
            ("7", 7),
            ("\"7\"", 7),
            ("7.0", 7),
            ("\"-7\"", -7),
            ("null", 0),
        ] {
            assert_eq!(integer::<i64>(Some(&raw(text))), Ok(expected), "{text}");
        }
        let most = format!("\"{}\"", u64::MAX);
        assert_eq!(integer::<u64>(Some(&raw(&most))), Ok(u64::MAX));
        assert_eq!(integer::<u64>(Some(&raw("-1"))), Err(Reason::Malformed));
        assert_eq!(integer::<u64>(Some(&raw("1.5"))), Err(Reason::Malformed));
        let names = ["UNSPECIFIED", "INTERNAL"];
        for text in ["1", "\"1\"", "\"SPAN_KIND_INTERNAL\"", "\"internal\""] {
            assert_eq!(enumeration(Some(&raw(text)), "SPAN_KIND_", &names), Ok(1));
        }
        assert!(double(Some(&raw("\"NaN\""))).unwrap().is_nan());
        assert!(same("trace_id", "traceId") && same("traceId", "traceId"));
        assert!(!same("trace_id_", "traceId") && !same("traceid", "traceId"));
    }
}
