//! Recorded requests as spans, read with the protocol's published types: not with the decoder of
//! the product, so that the two do not share a mistake.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message as _;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::{
    Attribute, Dropped, Event, Link, Resource, Scope, Span, SpanKind, Status, StatusCode, Value,
};
use waybill_model::time::Timestamp;

fn folder(client: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/otlp")
        .join(client)
}

fn names(folder: &PathBuf) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn scenarios(client: &str) -> Vec<String> {
    names(&folder(client))
}

pub fn truth(client: &str, scenario: &str) -> String {
    fs::read_to_string(folder(client).join(scenario).join("truth.json")).unwrap()
}

/// The requests of a scenario as they were sent, in order of arrival.
pub fn bodies(client: &str, scenario: &str) -> Vec<Vec<u8>> {
    let folder = folder(client).join(scenario);
    let names = names(&folder).into_iter().filter(|n| n.ends_with(".pb"));
    names
        .map(|name| fs::read(folder.join(name)).unwrap())
        .collect()
}

/// All spans of a scenario, in order of arrival.
pub fn spans(client: &str, scenario: &str) -> Vec<Arc<Span>> {
    let bodies = bodies(client, scenario).into_iter();
    bodies
        .flat_map(|body| request(ExportTraceServiceRequest::decode(body.as_slice()).unwrap()))
        .collect()
}

pub fn request(request: ExportTraceServiceRequest) -> Vec<Arc<Span>> {
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let resource = Arc::new(Resource {
            attributes: attributes(group.resource.unwrap_or_default().attributes),
            ..Resource::default()
        });
        for group in group.scope_spans {
            let own = group.scope.unwrap_or_default();
            let scope = Arc::new(Scope {
                name: own.name,
                version: own.version,
                schema_url: group.schema_url,
                ..Scope::default()
            });
            spans.extend(
                group
                    .spans
                    .into_iter()
                    .map(|s| Arc::new(span(s, &resource, &scope))),
            );
        }
    }
    spans
}

fn span(span: otlp::Span, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Span {
    let status = span.status.unwrap_or_default();
    Span {
        trace_id: TraceId::from_slice(&span.trace_id).unwrap(),
        span_id: SpanId::from_slice(&span.span_id).unwrap(),
        parent_id: SpanId::from_slice(&span.parent_span_id).ok(),
        name: span.name,
        kind: match span.kind {
            1 => SpanKind::Internal,
            2 => SpanKind::Server,
            3 => SpanKind::Client,
            4 => SpanKind::Producer,
            5 => SpanKind::Consumer,
            _ => SpanKind::Unspecified,
        },
        started_at: Timestamp::from_unsigned_nanos(span.start_time_unix_nano),
        ended_at: Timestamp::from_unsigned_nanos(span.end_time_unix_nano),
        status: Status {
            code: match status.code {
                1 => StatusCode::Ok,
                2 => StatusCode::Error,
                _ => StatusCode::Unset,
            },
            message: status.message,
        },
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect(),
        trace_state: span.trace_state,
        flags: span.flags,
        dropped: Dropped::default(),
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
    }
}

fn event(event: otlp::span::Event) -> Event {
    Event {
        at: Timestamp::from_unsigned_nanos(event.time_unix_nano),
        name: event.name,
        attributes: attributes(event.attributes),
        dropped_attributes: 0,
    }
}

fn link(link: otlp::span::Link) -> Link {
    Link {
        trace_id: TraceId::from_slice(&link.trace_id).unwrap(),
        span_id: SpanId::from_slice(&link.span_id).unwrap(),
        trace_state: link.trace_state,
        attributes: attributes(link.attributes),
        dropped_attributes: 0,
        flags: link.flags,
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Vec<Attribute> {
    pairs
        .into_iter()
        .map(|pair| Attribute {
            key: pair.key,
            value: pair.value.and_then(|v| v.value).map_or(Value::Empty, value),
        })
        .collect()
}

fn value(value: any_value::Value) -> Value {
    match value {
        any_value::Value::StringValue(text) => Value::String(text),
        any_value::Value::BoolValue(b) => Value::Bool(b),
        any_value::Value::IntValue(n) => Value::Int(n),
        any_value::Value::DoubleValue(n) => Value::Double(n),
        any_value::Value::BytesValue(bytes) => Value::Bytes(bytes),
        any_value::Value::ArrayValue(list) => Value::Array(
            list.values
                .into_iter()
                .map(|v| v.value.map_or(Value::Empty, self::value))
                .collect(),
        ),
        any_value::Value::KvlistValue(list) => Value::Map(attributes(list.values)),
        _ => Value::Empty,
    }
}
