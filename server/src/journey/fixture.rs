//! Spans for the tests of this folder, made by hand: small numbers for ids, milliseconds for times.

use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::{
    Attribute, Dropped, Event, Link, Resource, Scope, Span, SpanKind, Status, StatusCode, Value,
};
use waybill_model::time::Timestamp;

pub fn trace_id(n: u64) -> TraceId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    TraceId::new(bytes).unwrap()
}

pub fn span_id(n: u64) -> SpanId {
    SpanId::new(n.to_be_bytes()).unwrap()
}

pub fn attributes(pairs: &[(&str, &str)]) -> Vec<Attribute> {
    pairs
        .iter()
        .map(|(key, value)| Attribute {
            key: (*key).to_owned(),
            value: Value::String((*value).to_owned()),
        })
        .collect()
}

pub fn link(trace: u64, span: u64) -> Link {
    Link {
        trace_id: trace_id(trace),
        span_id: span_id(span),
        trace_state: String::new(),
        attributes: vec![],
        dropped_attributes: 0,
        flags: 0,
    }
}

/// Times of tests count from here: 0 itself is OTLP's word for a time that was not told.
pub const BEGAN_MS: i64 = 60_000;

/// An INTERNAL span from 0 to 1 ms.
pub fn span(service: &str, trace: u64, id: u64) -> Span {
    Span {
        trace_id: trace_id(trace),
        span_id: span_id(id),
        parent_id: None,
        name: "work".into(),
        kind: SpanKind::Internal,
        started_at: Timestamp::from_unix_millis(BEGAN_MS),
        ended_at: Timestamp::from_unix_millis(BEGAN_MS + 1),
        status: Status::default(),
        attributes: vec![],
        events: vec![],
        links: vec![],
        trace_state: String::new(),
        flags: 0,
        dropped: Dropped::default(),
        resource: Arc::new(Resource {
            attributes: attributes(&[("service.name", service)]),
            ..Resource::default()
        }),
        scope: Arc::new(Scope::default()),
    }
}

/// Chained changes, so that a test reads as one line a span.
pub trait Make: Sized {
    fn at(self, from_ms: i64, to_ms: i64) -> Self;
    fn under(self, parent: u64) -> Self;
    fn linked(self, trace: u64, span: u64) -> Self;
    fn with(self, key: &str, value: &str) -> Self;
    fn failed(self, kind: &str, message: &str) -> Self;
}

impl Make for Span {
    fn at(mut self, from_ms: i64, to_ms: i64) -> Self {
        self.started_at = Timestamp::from_unix_millis(BEGAN_MS + from_ms);
        self.ended_at = Timestamp::from_unix_millis(BEGAN_MS + to_ms);
        self
    }

    fn under(mut self, parent: u64) -> Self {
        self.parent_id = Some(span_id(parent));
        self
    }

    fn linked(mut self, trace: u64, span: u64) -> Self {
        self.links.push(link(trace, span));
        self
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.attributes.extend(attributes(&[(key, value)]));
        self
    }

    fn failed(mut self, kind: &str, message: &str) -> Self {
        self.status.code = StatusCode::Error;
        self.events.push(Event {
            at: self.ended_at,
            name: "exception".into(),
            attributes: attributes(&[("exception.type", kind), ("exception.message", message)]),
            dropped_attributes: 0,
        });
        self
    }
}

/// A PRODUCER span that sends to `destination`.
pub fn send(service: &str, system: &str, destination: &str, trace: u64, id: u64) -> Span {
    let mut span = span(service, trace, id)
        .with("messaging.system", system)
        .with("messaging.operation.type", "send")
        .with("messaging.destination.name", destination);
    span.kind = SpanKind::Producer;
    span.name = format!("send {destination}");
    span
}

/// A CONSUMER span that processes from `destination`.
pub fn process(service: &str, system: &str, destination: &str, trace: u64, id: u64) -> Span {
    let mut span = span(service, trace, id)
        .with("messaging.system", system)
        .with("messaging.operation.type", "process")
        .with("messaging.destination.name", destination);
    span.kind = SpanKind::Consumer;
    span.name = format!("process {destination}");
    span
}
