//! By content alone.

use std::io::Cursor;

use serde_json::Value;

use super::{DECODED_BYTES, DEPTH, Told, VALUES, avro};

const AVRO_FILE: &[u8] = b"Obj\x01";
const AVRO_SINGLE: &[u8] = &[0xc3, 0x01];

pub(super) fn decode(bytes: &[u8]) -> Told {
    if bytes.is_empty() {
        return Told::Empty;
    }
    if bytes.starts_with(AVRO_FILE) {
        return avro_file(bytes);
    }
    if bytes.starts_with(AVRO_SINGLE) && bytes.len() >= 10 {
        let fingerprint = bytes[2..10].iter().rev();
        let fingerprint: String = fingerprint.map(|byte| format!("{byte:02x}")).collect();
        let problem = format!(
            "Avro, single object: nothing here knows the schema with the fingerprint {fingerprint}"
        );
        return Told::Hex(Some(problem), None);
    }
    match text_of(bytes) {
        Some(text) => of_text(text),
        None => msgpack(bytes),
    }
}

/// Large payloads end anywhere, also within a character.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => return None,
    };
    let strange = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{1b}');
    text.chars()
        .take(DECODED_BYTES)
        .find(strange)
        .is_none()
        .then_some(text)
}

fn of_text(text: &str) -> Told {
    let first = text.trim_start().bytes().next();
    if !matches!(first, Some(b'{' | b'[')) {
        return Told::Text(None);
    }
    if text.len() > DECODED_BYTES {
        return Told::Text(Some(too_large(text.len())));
    }
    match serde_json::from_str(text) {
        Ok(json) => Told::JsonText(json, "json", None, 0),
        Err(error) => Told::Text(Some(format!("begins like JSON and is none: {error}"))),
    }
}

pub(super) fn too_large(bytes: usize) -> String {
    format!("{bytes} bytes: more than {DECODED_BYTES} are not decoded")
}

fn avro_file(bytes: &[u8]) -> Told {
    if bytes.len() > DECODED_BYTES {
        return Told::Hex(Some(too_large(bytes.len())), None);
    }
    match avro::container(bytes) {
        Ok(json) => Told::Json(json, "avro", None),
        Err(failed) => Told::Hex(Some(format!("Avro, object container: {failed}")), None),
    }
}

/// Maps and lists only: any byte at all is some number to it.
fn msgpack(bytes: &[u8]) -> Told {
    let holds = matches!(bytes[0], 0x80..=0x9f | 0xdc..=0xdf);
    // A value takes a byte at least, so this bounds their number too.
    if !holds || bytes.len() > VALUES {
        return Told::Hex(None, None);
    }
    let mut rest = Cursor::new(bytes);
    match rmpv::decode::read_value_with_max_depth(&mut rest, DEPTH) {
        Ok(value) if rest.position() == bytes.len() as u64 => {
            Told::Json(of_msgpack(value), "msgpack", None)
        }
        _ => Told::Hex(None, None),
    }
}

fn of_msgpack(value: rmpv::Value) -> Value {
    match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(is) => is.into(),
        rmpv::Value::Integer(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, number) => number.into(),
        },
        rmpv::Value::F32(number) => float(f64::from(number)),
        rmpv::Value::F64(number) => float(number),
        rmpv::Value::String(text) => match text.into_str() {
            Some(text) => text.into(),
            None => Value::from("(not UTF-8)"),
        },
        rmpv::Value::Binary(bytes) => of_bytes(&bytes),
        rmpv::Value::Array(items) => items.into_iter().map(of_msgpack).collect(),
        rmpv::Value::Map(entries) => {
            let entry =
                |(name, value): (rmpv::Value, rmpv::Value)| (name_of(name), of_msgpack(value));
            Value::Object(entries.into_iter().map(entry).collect())
        }
        rmpv::Value::Ext(kind, bytes) => {
            serde_json::json!({ "ext": kind, "data": of_bytes(&bytes) })
        }
    }
}

/// A name is a text: one that holds others would double its escapes at every level.
fn name_of(name: rmpv::Value) -> String {
    use rmpv::Value::{Array, Ext, Map};
    if matches!(name, Map(_) | Array(_) | Ext(..)) {
        return "(no text)".to_owned();
    }
    match of_msgpack(name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// JSON has no word for what is not a number.
pub(super) fn float(number: f64) -> Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None => number.to_string().into(),
    }
}

pub(super) fn of_bytes(bytes: &[u8]) -> Value {
    Value::String(format!("0x{}", ::hex::encode(bytes)))
}
