//! A span as a row of a frame.
//!
//! The bytes are postcard's, which also reads them; they are written by hand in one pass, since
//! the generic way was a seventh of all that storing a span costs.
//! Source: postcard's wire format, "Data Types": LEB128 lengths and numbers, zigzag where signed.

use serde::Deserialize;
use waybill_model::id::SpanId;
use waybill_model::span::{Attribute, Dropped, Event, Link, Span, SpanKind, Status, Value};

use super::entries::put_varint;

/// Times are distances: `start` from the frame's first start, the others from `start`.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) parent: Option<SpanId>,
    pub(super) resource: u32,
    pub(super) scope: u32,
    pub(super) kind: SpanKind,
    pub(super) name: String,
    pub(super) start: i64,
    pub(super) duration: i64,
    pub(super) status: Status,
    pub(super) attributes: Vec<Attribute>,
    pub(super) events: Vec<EventRow>,
    pub(super) links: Vec<Link>,
    pub(super) trace_state: String,
    pub(super) flags: u32,
    pub(super) dropped: Dropped,
}

#[derive(Deserialize)]
pub(super) struct EventRow {
    pub(super) at: i64,
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) dropped: u32,
}

/// Appends what reads as a [`Row`].
pub(super) fn write(span: &Span, base: i64, resource: u32, scope: u32, out: &mut Vec<u8>) {
    let start = span.started_at.unix_nanos();
    match span.parent_id {
        Some(id) => {
            out.push(1);
            out.extend_from_slice(id.as_bytes());
        }
        None => out.push(0),
    }
    put_varint(out, u64::from(resource));
    put_varint(out, u64::from(scope));
    put_varint(out, span.kind as u64);
    text(out, &span.name);
    signed(out, start.wrapping_sub(base));
    signed(out, span.ended_at.unix_nanos().wrapping_sub(start));
    put_varint(out, span.status.code as u64);
    text(out, &span.status.message);
    attributes(out, &span.attributes);
    put_varint(out, span.events.len() as u64);
    span.events.iter().for_each(|e| event(out, e, start));
    put_varint(out, span.links.len() as u64);
    span.links.iter().for_each(|l| link(out, l));
    text(out, &span.trace_state);
    put_varint(out, u64::from(span.flags));
    for dropped in [
        span.dropped.attributes,
        span.dropped.events,
        span.dropped.links,
    ] {
        put_varint(out, u64::from(dropped));
    }
}

fn event(out: &mut Vec<u8>, event: &Event, start: i64) {
    signed(out, event.at.unix_nanos().wrapping_sub(start));
    text(out, &event.name);
    attributes(out, &event.attributes);
    put_varint(out, u64::from(event.dropped_attributes));
}

fn link(out: &mut Vec<u8>, link: &Link) {
    out.extend_from_slice(link.trace_id.as_bytes());
    out.extend_from_slice(link.span_id.as_bytes());
    text(out, &link.trace_state);
    attributes(out, &link.attributes);
    put_varint(out, u64::from(link.dropped_attributes));
    put_varint(out, u64::from(link.flags));
}

fn attributes(out: &mut Vec<u8>, attributes: &[Attribute]) {
    put_varint(out, attributes.len() as u64);
    for attribute in attributes {
        text(out, &attribute.key);
        value(out, &attribute.value);
    }
}

fn value(out: &mut Vec<u8>, told: &Value) {
    match told {
        Value::Empty => out.push(0),
        Value::String(value) => {
            out.push(1);
            text(out, value);
        }
        Value::Bool(value) => out.extend_from_slice(&[2, u8::from(*value)]),
        Value::Int(value) => {
            out.push(3);
            signed(out, *value);
        }
        Value::Double(value) => {
            out.push(4);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Bytes(value) => {
            out.push(5);
            put_varint(out, value.len() as u64);
            out.extend_from_slice(value);
        }
        Value::Array(items) => {
            out.push(6);
            put_varint(out, items.len() as u64);
            items.iter().for_each(|item| value(out, item));
        }
        Value::Map(entries) => {
            out.push(7);
            attributes(out, entries);
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value << 1 ^ value >> 63) as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of variants are part of what is stored.
    #[test]
    fn what_is_written_by_hand_is_what_postcard_writes() {
        let nested = Value::Map(vec![Attribute {
            key: "k".into(),
            value: Value::Array(vec![Value::Empty, Value::Int(i64::MIN)]),
        }]);
        let values = [
            Value::Empty,
            Value::String("é".repeat(200)),
            Value::Bool(true),
            Value::Int(-1),
            Value::Int(i64::MAX),
            Value::Double(-0.5),
            Value::Bytes(vec![0, 200, 7]),
            nested,
        ];
        for told in values {
            let mut by_hand = Vec::new();
            value(&mut by_hand, &told);
            assert_eq!(by_hand, postcard::to_stdvec(&told).unwrap(), "{told:?}");
        }
        for kind in [
            SpanKind::Unspecified,
            SpanKind::Producer,
            SpanKind::Consumer,
        ] {
            assert_eq!([kind as u8], *postcard::to_stdvec(&kind).unwrap());
        }
    }
}
