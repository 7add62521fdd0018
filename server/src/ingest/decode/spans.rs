//! Spans from protobuf. Source: opentelemetry-proto, `trace/v1/trace.proto`.

use waybill_model::span::{Attribute, Dropped, Event, Link, Span, SpanKind, Status, StatusCode};
use waybill_model::time::Timestamp;

use super::values::{self, Bounds};
use super::walk::{self, Origin, Signal};
use super::wire::Reader;
use super::{Decoded, Reason};
use crate::ingest::limits::Limits;

pub fn from_protobuf(body: &[u8], limits: &Limits) -> Result<Decoded<Span>, Reason> {
    walk::request::<Spans>(body, limits)
}

struct Spans;

impl Signal for Spans {
    type Record = Span;

    fn record(
        message: &[u8],
        origin: &Origin,
        bounds: &mut Bounds<'_>,
        into: &mut Decoded<Span>,
    ) -> Result<(), Reason> {
        into.records.push(span(message, origin, bounds)?);
        Ok(())
    }
}

fn span(message: &[u8], origin: &Origin, bounds: &mut Bounds<'_>) -> Result<Span, Reason> {
    bounds.charge(size_of::<Span>())?;
    let mut trace_id: &[u8] = &[];
    let mut span_id: &[u8] = &[];
    let mut parent_id: &[u8] = &[];
    let mut draft = Draft::default();
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match field.number {
            1 => trace_id = reader.bytes(field)?,
            2 => span_id = reader.bytes(field)?,
            3 => draft.trace_state = bounds.text(reader.bytes(field)?)?,
            4 => parent_id = reader.bytes(field)?,
            5 => draft.name = bounds.text(reader.bytes(field)?)?,
            6 => draft.kind = kind(reader.uint32(field)? as i32),
            7 => draft.started_at = Timestamp::from_unsigned_nanos(reader.fixed64(field)?),
            8 => draft.ended_at = Timestamp::from_unsigned_nanos(reader.fixed64(field)?),
            9 => values::attribute(field, &mut reader, &mut draft.attributes, bounds)?,
            10 => draft.dropped.attributes = reader.uint32(field)?,
            11 => {
                let most = bounds.limits.events;
                bounds.item::<Event>(draft.events.len(), most, Reason::TooManyEvents)?;
                draft.events.push(event(reader.message(field)?, bounds)?);
            }
            12 => draft.dropped.events = reader.uint32(field)?,
            13 => {
                let most = bounds.limits.links;
                let held = draft.links.len() + draft.nameless_links as usize;
                bounds.item::<Link>(held, most, Reason::TooManyLinks)?;
                match link(reader.message(field)?, bounds)? {
                    Some(link) => draft.links.push(link),
                    None => draft.nameless_links += 1,
                }
            }
            14 => draft.dropped.links = reader.uint32(field)?,
            15 => status(reader.message(field)?, &mut draft.status, bounds)?,
            16 => draft.flags = reader.fixed32(field)?,
            _ => reader.skip(field)?,
        }
    }
    let mut dropped = draft.dropped;
    dropped.links = dropped.links.saturating_add(draft.nameless_links);
    Ok(Span {
        trace_id: values::trace_id(trace_id)?,
        span_id: values::span_id(span_id)?,
        parent_id: values::parent_id(waybill_model::id::SpanId::from_slice(parent_id))?,
        name: draft.name,
        kind: draft.kind,
        started_at: draft.started_at,
        ended_at: draft.ended_at,
        status: draft.status,
        attributes: draft.attributes,
        events: draft.events,
        links: draft.links,
        trace_state: draft.trace_state,
        flags: draft.flags,
        dropped,
        resource: origin.resource.clone(),
        scope: origin.scope.clone(),
    })
}

#[derive(Default)]
struct Draft {
    name: String,
    kind: SpanKind,
    started_at: Timestamp,
    ended_at: Timestamp,
    status: Status,
    attributes: Vec<Attribute>,
    events: Vec<Event>,
    links: Vec<Link>,
    /// Links whose context is invalid name nothing: they are counted as dropped, as the sender's
    /// own library would have done.
    nameless_links: u32,
    trace_state: String,
    flags: u32,
    dropped: Dropped,
}

fn event(mut reader: Reader<'_>, bounds: &mut Bounds<'_>) -> Result<Event, Reason> {
    let mut event = Event {
        at: Timestamp::EPOCH,
        name: String::new(),
        attributes: Vec::new(),
        dropped_attributes: 0,
    };
    while let Some(field) = reader.field()? {
        match field.number {
            1 => event.at = Timestamp::from_unsigned_nanos(reader.fixed64(field)?),
            2 => event.name = bounds.text(reader.bytes(field)?)?,
            3 => values::attribute(field, &mut reader, &mut event.attributes, bounds)?,
            4 => event.dropped_attributes = reader.uint32(field)?,
            _ => reader.skip(field)?,
        }
    }
    Ok(event)
}

fn link(mut reader: Reader<'_>, bounds: &mut Bounds<'_>) -> Result<Option<Link>, Reason> {
    let mut trace_id: &[u8] = &[];
    let mut span_id: &[u8] = &[];
    let mut trace_state = String::new();
    let mut attributes = Vec::new();
    let mut dropped_attributes = 0;
    let mut flags = 0;
    while let Some(field) = reader.field()? {
        match field.number {
            1 => trace_id = reader.bytes(field)?,
            2 => span_id = reader.bytes(field)?,
            3 => trace_state = bounds.text(reader.bytes(field)?)?,
            4 => values::attribute(field, &mut reader, &mut attributes, bounds)?,
            5 => dropped_attributes = reader.uint32(field)?,
            6 => flags = reader.fixed32(field)?,
            _ => reader.skip(field)?,
        }
    }
    let (Ok(trace_id), Ok(span_id)) = (values::trace_id(trace_id), values::span_id(span_id)) else {
        return Ok(None);
    };
    Ok(Some(Link {
        trace_id,
        span_id,
        trace_state,
        attributes,
        dropped_attributes,
        flags,
    }))
}

fn status(
    mut reader: Reader<'_>,
    status: &mut Status,
    bounds: &mut Bounds<'_>,
) -> Result<(), Reason> {
    while let Some(field) = reader.field()? {
        match field.number {
            2 => status.message = bounds.text(reader.bytes(field)?)?,
            3 => status.code = status_code(reader.uint32(field)? as i32),
            _ => reader.skip(field)?,
        }
    }
    Ok(())
}

pub fn kind(number: i32) -> SpanKind {
    match number {
        1 => SpanKind::Internal,
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

pub fn status_code(number: i32) -> StatusCode {
    match number {
        1 => StatusCode::Ok,
        2 => StatusCode::Error,
        _ => StatusCode::Unset,
    }
}
