//! Texts, times, attributes and values of OTLP/JSON, within the bounds of their record.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::value::RawValue;
use waybill_model::span::{Attribute, Value};
use waybill_model::time::Timestamp;

use super::Reason;
use super::json_fields::{self as fields, Raw, each, object, present};
use super::values::Bounds;

/// `object` inside a record: what is not an object is that record's fault.
pub fn parts<'a, const N: usize>(
    raw: &'a RawValue,
    names: [&'static str; N],
) -> Result<[Raw<'a>; N], Reason> {
    object(raw, names).map_err(|_| Reason::Malformed)
}

pub fn text(raw: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<String, Reason> {
    let text = fields::text(raw)?;
    if text.len() > bounds.limits.string_bytes {
        return Err(Reason::StringTooLong);
    }
    bounds.charge(text.len())?;
    Ok(text)
}

pub fn time(raw: Raw<'_>) -> Result<Timestamp, Reason> {
    fields::integer(raw).map(Timestamp::from_unsigned_nanos)
}

pub fn attributes(raw: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<Vec<Attribute>, Reason> {
    let mut attributes = Vec::new();
    each(raw, |raw| {
        let most = bounds.limits.attributes;
        bounds.item::<Attribute>(attributes.len(), most, Reason::TooManyAttributes)?;
        attributes.push(key_value(raw, 0, bounds)?);
        Ok(())
    })?;
    Ok(attributes)
}

fn key_value(raw: &RawValue, depth: usize, bounds: &mut Bounds<'_>) -> Result<Attribute, Reason> {
    let [key, value] = parts(raw, ["key", "value"])?;
    Ok(Attribute {
        key: text(key, bounds)?,
        value: match present(value) {
            Some(raw) => any_value(raw, depth, bounds)?,
            None => Value::Empty,
        },
    })
}

pub fn any_value(raw: &RawValue, depth: usize, bounds: &mut Bounds<'_>) -> Result<Value, Reason> {
    if depth > bounds.limits.depth {
        return Err(Reason::NestedTooDeep);
    }
    let [string, boolean, int, double, array, map, bytes] = parts(
        raw,
        [
            "stringValue",
            "boolValue",
            "intValue",
            "doubleValue",
            "arrayValue",
            "kvlistValue",
            "bytesValue",
        ],
    )?;
    if present(string).is_some() {
        return text(string, bounds).map(Value::String);
    }
    if present(boolean).is_some() {
        return fields::boolean(boolean).map(Value::Bool);
    }
    if present(int).is_some() {
        return fields::integer(int).map(Value::Int);
    }
    if present(double).is_some() {
        return fields::double(double).map(Value::Double);
    }
    if let Some(raw) = present(array) {
        let mut items = Vec::new();
        let [values] = parts(raw, ["values"])?;
        each(values, |raw| {
            bounds.value()?;
            items.push(any_value(raw, depth + 1, bounds)?);
            Ok(())
        })?;
        return Ok(Value::Array(items));
    }
    if let Some(raw) = present(map) {
        let mut items = Vec::new();
        let [values] = parts(raw, ["values"])?;
        each(values, |raw| {
            bounds.value()?;
            bounds.charge(size_of::<Attribute>())?;
            items.push(key_value(raw, depth + 1, bounds)?);
            Ok(())
        })?;
        return Ok(Value::Map(items));
    }
    if present(bytes).is_some() {
        return base64(&text(bytes, bounds)?).map(Value::Bytes);
    }
    Ok(Value::Empty)
}

/// Either alphabet, with padding or without, as protobuf's JSON mapping asks of readers.
fn base64(text: &str) -> Result<Vec<u8>, Reason> {
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode(text).ok())
        .ok_or(Reason::Malformed)
}
