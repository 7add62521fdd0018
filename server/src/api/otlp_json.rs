//! Spans as OTLP/JSON, as they were received but for secrets, which are masked as on the page of a
//! journey.
//! Source: opentelemetry-proto, `trace/v1/trace.proto` and the JSON mapping of the OTLP
//! specification (ids in hex, 64-bit numbers as text, enumerations as numbers).

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use waybill_model::span::{
    Attribute, Event, Link, Resource, Scope, Span, SpanKind, StatusCode, Value,
};

use crate::journey::masking::{masked, without_credentials};

type Scopes<'a> = Vec<(&'a Scope, Vec<Json>)>;

/// `{"resourceSpans": […]}`; spans of one resource and scope stand together.
pub fn resource_spans(spans: &[Arc<Span>]) -> Json {
    let mut groups: Vec<(&Resource, Scopes<'_>)> = Vec::new();
    let mut seen: HashMap<(*const Resource, *const Scope), (usize, usize)> = HashMap::new();
    for span in spans {
        let pointers = (Arc::as_ptr(&span.resource), Arc::as_ptr(&span.scope));
        let (resource, scope) = *seen.entry(pointers).or_insert_with(|| {
            let resource = position(&mut groups, &span.resource);
            let scope = position(&mut groups[resource].1, &span.scope);
            (resource, scope)
        });
        groups[resource].1[scope].1.push(span_json(span));
    }
    let resources: Vec<Json> = groups
        .into_iter()
        .map(|(resource, scopes)| {
            let scopes: Vec<Json> = scopes
                .into_iter()
                .map(|(scope, spans)| {
                    json!({"scope": scope_json(scope), "spans": spans, "schemaUrl": scope.schema_url})
                })
                .collect();
            json!({
                "resource": {
                    "attributes": attributes(&resource.attributes),
                    "droppedAttributesCount": resource.dropped_attributes,
                },
                "scopeSpans": scopes,
                "schemaUrl": resource.schema_url,
            })
        })
        .collect();
    json!({ "resourceSpans": resources })
}

fn position<'a, K: PartialEq, V: Default>(groups: &mut Vec<(&'a K, V)>, key: &'a K) -> usize {
    groups
        .iter()
        .position(|(other, _)| *other == key)
        .unwrap_or_else(|| {
            groups.push((key, V::default()));
            groups.len() - 1
        })
}

fn span_json(span: &Span) -> Json {
    json!({
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        "traceState": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": kind(span.kind),
        "startTimeUnixNano": span.started_at.unix_nanos().to_string(),
        "endTimeUnixNano": span.ended_at.unix_nanos().to_string(),
        "attributes": attributes(&span.attributes),
        "droppedAttributesCount": span.dropped.attributes,
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
        "droppedEventsCount": span.dropped.events,
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
        "droppedLinksCount": span.dropped.links,
        "status": {
            "code": status(span.status.code),
            "message": without_credentials(&span.status.message),
        },
    })
}

fn scope_json(scope: &Scope) -> Json {
    json!({
        "name": scope.name,
        "version": scope.version,
        "attributes": attributes(&scope.attributes),
        "droppedAttributesCount": scope.dropped_attributes,
    })
}

fn event(event: &Event) -> Json {
    json!({
        "timeUnixNano": event.at.unix_nanos().to_string(),
        "name": event.name,
        "attributes": attributes(&event.attributes),
        "droppedAttributesCount": event.dropped_attributes,
    })
}

fn link(link: &Link) -> Json {
    json!({
        "traceId": link.trace_id,
        "spanId": link.span_id,
        "traceState": link.trace_state,
        "attributes": attributes(&link.attributes),
        "droppedAttributesCount": link.dropped_attributes,
        "flags": link.flags,
    })
}

fn attributes(attributes: &[Attribute]) -> Vec<Json> {
    attributes
        .iter()
        .map(|attribute| json!({"key": attribute.key, "value": value(&masked(attribute))}))
        .collect()
}

/// Of a value that is masked already.
fn value(any: &Value) -> Json {
    let (name, inner) = match any {
        Value::Empty => return Json::Object(Map::new()),
        Value::String(text) => ("stringValue", json!(text)),
        Value::Bool(yes) => ("boolValue", json!(yes)),
        Value::Int(number) => ("intValue", json!(number.to_string())),
        Value::Double(number) => ("doubleValue", double(*number)),
        Value::Bytes(bytes) => ("bytesValue", json!(STANDARD.encode(bytes))),
        Value::Array(items) => (
            "arrayValue",
            json!({"values": items.iter().map(value).collect::<Vec<_>>()}),
        ),
        Value::Map(entries) => (
            "kvlistValue",
            json!({"values": entries.iter().map(entry).collect::<Vec<_>>()}),
        ),
    };
    json!({ name: inner })
}

fn entry(entry: &Attribute) -> Json {
    json!({"key": entry.key, "value": value(&entry.value)})
}

/// JSON has no word for these; Protobuf's mapping writes them as text.
fn double(number: f64) -> Json {
    if number.is_nan() {
        json!("NaN")
    } else if number.is_infinite() {
        json!(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
    } else {
        json!(number)
    }
}

fn kind(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Unspecified => 0,
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn status(code: StatusCode) -> u8 {
    match code {
        StatusCode::Unset => 0,
        StatusCode::Ok => 1,
        StatusCode::Error => 2,
    }
}
