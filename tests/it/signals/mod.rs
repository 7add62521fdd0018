//! Logs and metrics beside the journeys that they belong to.

mod causes;
mod late;
mod logs;
mod senders;
mod without_trace;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use serde_json::Value;
use waybill_tests::otlp::{self, OneMessage, one_message};
use waybill_tests::server::{ADMIN, Server};

const SECOND: u64 = 1_000_000_000;

/// A message of which the one attempt ran from `ago_s` seconds ago on, for so long.
fn message(key: &str, ago_s: u64, took_s: f64) -> OneMessage {
    let mut message = one_message("kafka", "orders", key, 1);
    let start = otlp::now_nanos() - ago_s * SECOND;
    let producer = &mut message.producer;
    (producer.start_time_unix_nano, producer.end_time_unix_nano) = (start - 5_000_000, start);
    let consumer = &mut message.consumer;
    consumer.start_time_unix_nano = start;
    consumer.end_time_unix_nano = start + (took_s * SECOND as f64) as u64;
    message
}

async fn send_spans(server: &Server, of: Resource, spans: Vec<Span>) {
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(of),
            scope_spans: vec![ScopeSpans {
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    let status = otlp::post(&server.otlp_http, &request).await;
    assert!(status.is_success(), "{status}");
}

/// By `shop` and by this process of `inventory`.
async fn send_message(server: &Server, message: &OneMessage, instance: &str) {
    let shop = otlp::process_of("shop", "shop-1");
    send_spans(server, shop, vec![message.producer.clone()]).await;
    let inventory = otlp::process_of("inventory", instance);
    send_spans(server, inventory, vec![message.consumer.clone()]).await;
}

fn logs(of: Resource, records: Vec<LogRecord>) -> Vec<u8> {
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(of),
            scope_logs: vec![ScopeLogs {
                log_records: records,
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    request.encode_to_vec()
}

async fn send_logs(server: &Server, of: Resource, records: Vec<LogRecord>) {
    let address = format!("{}/v1/logs", server.otlp_http);
    let (status, answer) = otlp::post_to(&address, logs(of, records), &[]).await;
    assert!(status.is_success(), "{status}: {answer:?}");
}

async fn send_metrics(server: &Server, of: Resource, metrics: Vec<Metric>) {
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(of),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    let address = format!("{}/v1/metrics", server.otlp_http);
    let (status, answer) = otlp::post_to(&address, request.encode_to_vec(), &[]).await;
    assert!(status.is_success(), "{status}: {answer:?}");
}

/// Within a span; `after_ms` its start.
fn record(span: &Span, after_ms: u64, severity: i32, body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: span.start_time_unix_nano + after_ms * 1_000_000,
        severity_number: severity,
        body: string(body),
        trace_id: span.trace_id.clone(),
        span_id: span.span_id.clone(),
        ..Default::default()
    }
}

fn string(text: &str) -> Option<AnyValue> {
    Some(AnyValue {
        value: Some(any_value::Value::StringValue(text.into())),
    })
}

fn map(entries: Vec<KeyValue>) -> Option<AnyValue> {
    let list = opentelemetry_proto::tonic::common::v1::KeyValueList { values: entries };
    Some(AnyValue {
        value: Some(any_value::Value::KvlistValue(list)),
    })
}

async fn id_of(server: &Server, key: &str) -> String {
    let found = server.api(&format!("/journeys?key={key}")).await;
    let id = found["items"][0]["id"].as_str();
    id.unwrap_or_else(|| panic!("{key}: {found}")).to_owned()
}

/// The journey of this key, asked with this query.
async fn journey(server: &Server, key: &str, query: &str) -> Value {
    let id = id_of(server, key).await;
    server.api(&format!("/journeys/{id}{query}")).await
}

fn lines(journey: &Value) -> Vec<&Value> {
    journey["logs"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .collect()
}

fn bodies(journey: &Value) -> Vec<&str> {
    let lines = lines(journey).into_iter();
    lines.map(|line| line["body"].as_str().unwrap()).collect()
}

/// The page of a journey in a language, with the query of its address.
async fn page(server: &Server, key: &str, query: &str, language: &str) -> String {
    let id = id_of(server, key).await;
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let cookie = format!("{cookie}; lang={language}");
    let (status, page) = server
        .page(&format!("/journeys/{id}{query}"), &cookie)
        .await;
    assert!(status.is_success(), "{status}");
    page
}
