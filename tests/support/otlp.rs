//! Telemetry as clients send it: real protobuf over real sockets, from small descriptions.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message;
use reqwest::StatusCode;

pub const PRODUCER: i32 = span::SpanKind::Producer as i32;
pub const CONSUMER: i32 = span::SpanKind::Consumer as i32;

pub fn random_id<const N: usize>() -> Vec<u8> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes[0] |= 1;
    bytes.to_vec()
}

pub fn now_nanos() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

pub fn text(key: &str, value: &str) -> KeyValue {
    let value = any_value::Value::StringValue(value.to_owned());
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}

pub fn int(key: &str, value: i64) -> KeyValue {
    let value = any_value::Value::IntValue(value);
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}

/// A span that began now and took a millisecond.
pub fn a_span(
    trace_id: &[u8],
    parent: &[u8],
    name: &str,
    kind: i32,
    attributes: Vec<KeyValue>,
) -> Span {
    let start = now_nanos();
    Span {
        trace_id: trace_id.to_vec(),
        span_id: random_id::<8>(),
        parent_span_id: parent.to_vec(),
        name: name.into(),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000_000,
        attributes,
        ..Default::default()
    }
}

pub fn failed(mut span: Span, kind: &str, message: &str) -> Span {
    span.status = Some(Status {
        message: message.into(),
        code: 2,
    });
    span.attributes.push(text("error.type", kind));
    span
}

/// Who sends: a process of a service.
pub fn process_of(service: &str, instance: &str) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", service),
            text("service.instance.id", instance),
        ],
        ..Default::default()
    }
}

pub fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", service)],
                ..Default::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "tests".into(),
                    ..Default::default()
                }),
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

/// One order over one topic: a producer span and its consumer's, as Java's agent would send them.
pub struct OneMessage {
    pub trace_id: Vec<u8>,
    pub producer: Span,
    pub consumer: Span,
}

pub fn one_message(system: &str, destination: &str, order: &str, offset: i64) -> OneMessage {
    let trace_id = random_id::<16>();
    let place = |operation: &str| {
        vec![
            text("messaging.system", system),
            text("messaging.operation", operation),
            text("messaging.destination.name", destination),
            text("messaging.destination.partition.id", "0"),
            int("messaging.kafka.message.offset", offset),
            text("messaging.kafka.message.key", order),
            text("order.id", order),
        ]
    };
    let producer = a_span(
        &trace_id,
        &[],
        &format!("{destination} publish"),
        PRODUCER,
        place("publish"),
    );
    let mut attributes = place("process");
    attributes.push(text("messaging.kafka.consumer.group", "billing"));
    let mut consumer = a_span(
        &trace_id,
        &producer.span_id,
        &format!("{destination} process"),
        CONSUMER,
        attributes,
    );
    consumer.start_time_unix_nano = producer.end_time_unix_nano + 2_000_000;
    consumer.end_time_unix_nano = consumer.start_time_unix_nano + 3_000_000;
    OneMessage {
        trace_id,
        producer,
        consumer,
    }
}

/// POSTs protobuf to `/v1/traces` and answers the status.
pub async fn post(otlp_http: &str, request: &ExportTraceServiceRequest) -> StatusCode {
    post_bytes(otlp_http, request.encode_to_vec(), &[]).await.0
}

pub async fn post_bytes(
    otlp_http: &str,
    body: Vec<u8>,
    headers: &[(&str, &str)],
) -> (StatusCode, Vec<u8>) {
    post_to(&format!("{otlp_http}/v1/traces"), body, headers).await
}

pub async fn post_to(
    address: &str,
    body: Vec<u8>,
    headers: &[(&str, &str)],
) -> (StatusCode, Vec<u8>) {
    let mut post = reqwest::Client::new().post(address).body(body);
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        post = post.header("content-type", "application/x-protobuf");
    }
    for (name, value) in headers {
        post = post.header(*name, *value);
    }
    let answer = post.send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().to_vec())
}
