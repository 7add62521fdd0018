//! What all signals share: texts, ids, values, attributes, resources and scopes.

use waybill_model::id::{IdError, SpanId, TraceId};
use waybill_model::span::{Attribute, Resource, Scope, Value};

use super::Reason;
use super::wire::{Field, Reader};
use crate::ingest::limits::Limits;

/// Counts down what one record may still hold. Everything that takes memory asks first.
pub struct Bounds<'a> {
    pub limits: &'a Limits,
    values_left: usize,
    bytes_left: usize,
}

impl<'a> Bounds<'a> {
    /// `bytes_left`: what remains of the request's `decoded_bytes`.
    pub fn new(limits: &'a Limits, bytes_left: usize) -> Self {
        Self {
            limits,
            values_left: limits.values,
            bytes_left,
        }
    }

    pub fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    pub fn charge(&mut self, bytes: usize) -> Result<(), Reason> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(bytes)
            .ok_or(Reason::DecodesTooLarge)?;
        Ok(())
    }

    pub fn value(&mut self) -> Result<(), Reason> {
        self.values_left = self
            .values_left
            .checked_sub(1)
            .ok_or(Reason::TooManyValues)?;
        self.charge(size_of::<Value>())
    }

    /// Room for one more item of `T` where `held` are held already.
    pub fn item<T>(&mut self, held: usize, most: usize, reason: Reason) -> Result<(), Reason> {
        if held >= most {
            return Err(reason);
        }
        self.charge(size_of::<T>())
    }

    pub fn text(&mut self, bytes: &[u8]) -> Result<String, Reason> {
        self.length(bytes)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| Reason::NotUtf8)
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Reason> {
        self.length(bytes)?;
        Ok(bytes.to_vec())
    }

    fn length(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        if bytes.len() > self.limits.string_bytes {
            return Err(Reason::StringTooLong);
        }
        self.charge(bytes.len())
    }
}

pub fn trace_id(bytes: &[u8]) -> Result<TraceId, Reason> {
    TraceId::from_slice(bytes).map_err(trace_id_reason)
}

pub fn span_id(bytes: &[u8]) -> Result<SpanId, Reason> {
    SpanId::from_slice(bytes).map_err(span_id_reason)
}

pub fn trace_id_reason(error: IdError) -> Reason {
    match error {
        IdError::Length { .. } => Reason::TraceIdLength,
        IdError::Zero => Reason::TraceIdZero,
        IdError::NotHex => Reason::NotHex,
    }
}

pub fn span_id_reason(error: IdError) -> Reason {
    match error {
        IdError::Length { .. } => Reason::SpanIdLength,
        IdError::Zero => Reason::SpanIdZero,
        IdError::NotHex => Reason::NotHex,
    }
}

/// Absent, empty and all-zero parents are all "no parent": senders write each of them.
pub fn parent_id(parsed: Result<SpanId, IdError>) -> Result<Option<SpanId>, Reason> {
    match parsed {
        Ok(id) => Ok(Some(id)),
        Err(IdError::Zero | IdError::Length { found: 0, .. }) => Ok(None),
        Err(IdError::Length { .. }) => Err(Reason::ParentIdLength),
        Err(IdError::NotHex) => Err(Reason::NotHex),
    }
}

/// Reads one `KeyValue` into `attributes`.
pub fn attribute(
    field: Field,
    reader: &mut Reader<'_>,
    attributes: &mut Vec<Attribute>,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    let most = bounds.limits.attributes;
    bounds.item::<Attribute>(attributes.len(), most, Reason::TooManyAttributes)?;
    attributes.push(key_value(reader.message(field)?, 0, bounds)?);
    Ok(())
}

fn key_value(
    mut reader: Reader<'_>,
    depth: usize,
    bounds: &mut Bounds<'_>,
) -> Result<Attribute, Reason> {
    let mut attribute = Attribute {
        key: String::new(),
        value: Value::Empty,
    };
    while let Some(field) = reader.field()? {
        match field.number {
            1 => attribute.key = bounds.text(reader.bytes(field)?)?,
            2 => any_value(reader.message(field)?, &mut attribute.value, depth, bounds)?,
            _ => reader.skip(field)?,
        }
    }
    Ok(attribute)
}

/// Merges one `AnyValue` into `value`, as protobuf merges messages: a list that comes in two parts
/// is one list.
pub fn any_value(
    mut reader: Reader<'_>,
    value: &mut Value,
    depth: usize,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    if depth > bounds.limits.depth {
        return Err(Reason::NestedTooDeep);
    }
    while let Some(field) = reader.field()? {
        match field.number {
            1 => *value = Value::String(bounds.text(reader.bytes(field)?)?),
            2 => *value = Value::Bool(reader.uint64(field)? != 0),
            3 => *value = Value::Int(reader.uint64(field)? as i64),
            4 => *value = Value::Double(f64::from_bits(reader.fixed64(field)?)),
            5 => list(reader.message(field)?, value, depth, bounds)?,
            6 => map(reader.message(field)?, value, depth, bounds)?,
            7 => *value = Value::Bytes(bounds.bytes(reader.bytes(field)?)?),
            _ => reader.skip(field)?,
        }
    }
    Ok(())
}

fn list(
    mut reader: Reader<'_>,
    value: &mut Value,
    depth: usize,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    let mut items = match std::mem::replace(value, Value::Empty) {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    while let Some(field) = reader.field()? {
        if field.number == 1 {
            bounds.value()?;
            let mut item = Value::Empty;
            any_value(reader.message(field)?, &mut item, depth + 1, bounds)?;
            items.push(item);
        } else {
            reader.skip(field)?;
        }
    }
    *value = Value::Array(items);
    Ok(())
}

fn map(
    mut reader: Reader<'_>,
    value: &mut Value,
    depth: usize,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    let mut items = match std::mem::replace(value, Value::Empty) {
        Value::Map(items) => items,
        _ => Vec::new(),
    };
    while let Some(field) = reader.field()? {
        if field.number == 1 {
            bounds.value()?;
            bounds.charge(size_of::<Attribute>())?;
            items.push(key_value(reader.message(field)?, depth + 1, bounds)?);
        } else {
            reader.skip(field)?;
        }
    }
    *value = Value::Map(items);
    Ok(())
}

pub fn resource(
    mut reader: Reader<'_>,
    resource: &mut Resource,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    while let Some(field) = reader.field()? {
        match field.number {
            1 => attribute(field, &mut reader, &mut resource.attributes, bounds)?,
            2 => resource.dropped_attributes = reader.uint32(field)?,
            _ => reader.skip(field)?,
        }
    }
    Ok(())
}

pub fn scope(
    mut reader: Reader<'_>,
    scope: &mut Scope,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    while let Some(field) = reader.field()? {
        match field.number {
            1 => scope.name = bounds.text(reader.bytes(field)?)?,
            2 => scope.version = bounds.text(reader.bytes(field)?)?,
            3 => attribute(field, &mut reader, &mut scope.attributes, bounds)?,
            4 => scope.dropped_attributes = reader.uint32(field)?,
            _ => reader.skip(field)?,
        }
    }
    Ok(())
}
