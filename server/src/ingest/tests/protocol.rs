//! What unmodified clients and collectors expect.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::{logs::v1 as logs, metrics::v1 as metrics};
use prost::Message;

use super::super::rpc_status::{RETRY_INFO, Status};
use super::support::*;

/// A name, and how it packs a body.
type Packing = (&'static str, fn(Vec<u8>) -> Vec<u8>);
/// Path, headers, body, status, and what the answer says.
type Refused<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);

#[tokio::test]
async fn both_transports_take_every_encoding() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let zstd = |bytes: Vec<u8>| zstd::encode_all(&bytes[..], 1).unwrap();
    let mut expected = 0;
    let encodings: [Packing; 3] = [("identity", |b| b), ("gzip", |b| gzip(&b)), ("zstd", zstd)];
    for (index, (name, pack)) in encodings.into_iter().enumerate() {
        let from = index as u32 * 30;
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", name),
        ];
        let answer = post(&ingest, "/v1/traces", &headers, pack(body(from..from + 10))).await;
        assert_eq!((answer.status, &answer.body[..]), (200, &b""[..]), "{name}");
        assert_eq!(answer.header("content-type"), "application/x-protobuf");

        let json = request((from + 10..from + 20).map(span).collect());
        let json = serde_json::to_vec(&json).unwrap();
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("content-encoding", name),
        ];
        let answer = post(&ingest, "/v1/traces", &headers, pack(json)).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"{}"[..]),
            "{name}"
        );
        assert_eq!(answer.header("content-type"), "application/json");

        let message = pack(body(from + 20..from + 30));
        let answer = call(
            &ingest,
            &[("grpc-encoding", name)],
            u8::from(name != "identity"),
            message,
        )
        .await;
        assert_eq!((answer.status, answer.grpc_status()), (200, 0), "{name}");
        assert_eq!(answer.header("grpc-accept-encoding"), "identity,gzip,zstd");
        expected += 30;
    }
    assert_eq!(memory.stored(), expected);
    assert_eq!(ingest.counters().accepted_spans, expected as u64);
}

#[tokio::test]
async fn empty_requests_and_odd_but_valid_heads_are_answered_ok() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    assert_eq!(post_traces(&ingest, Vec::new()).await.status, 200);
    assert_eq!(call(&ingest, &[], 0, Vec::new()).await.grpc_status(), 0);
    let odd = [
        ("content-type", "application/grpc+proto"),
        ("grpc-timeout", "10S"),
    ];
    assert_eq!(call(&ingest, &odd, 0, body(0..1)).await.grpc_status(), 0);
    // A sender may name an encoding and leave a small message uncompressed.
    assert_eq!(
        call(&ingest, &[("grpc-encoding", "gzip")], 0, body(1..2))
            .await
            .grpc_status(),
        0
    );
    assert_eq!(memory.stored(), 2);
}

#[tokio::test]
async fn tonic_clients_work_and_hear_of_partial_success() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let endpoint = format!("http://{}", ingest.otlp_grpc().unwrap());
    let channel = tonic::transport::Endpoint::new(endpoint)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    for _ in 0..3 {
        client.ready().await.unwrap();
        let mut bad = span(2);
        bad.trace_id = vec![7; 3];
        let path = http::uri::PathAndQuery::from_static(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        );
        let message = request(vec![span(1), bad, span(3)]);
        let codec = tonic_prost::ProstCodec::<_, ExportTraceServiceResponse>::default();
        let answer = client
            .unary(tonic::Request::new(message), path, codec)
            .await
            .unwrap();
        let partial = answer.into_inner().partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 1);
        assert!(
            partial.error_message.contains("trace_id_length"),
            "{}",
            partial.error_message
        );
    }
    assert_eq!(memory.stored(), 2);
    let counters = ingest.counters();
    assert_eq!((counters.accepted_spans, counters.duplicate_spans), (2, 4));
    assert_eq!(counters.rejected_records["trace_id_length"], 3);
}

#[tokio::test]
async fn partial_success_over_http_is_told_in_the_senders_encoding() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let mut bad = span(2);
    bad.span_id = vec![0; 8];
    let message = request(vec![span(1), bad]);
    let answer = post_traces(&ingest, message.encode_to_vec()).await;
    let partial = ExportTraceServiceResponse::decode(answer.body)
        .unwrap()
        .partial_success
        .unwrap();
    assert_eq!(partial.rejected_spans, 1);
    let json = serde_json::to_vec(&message).unwrap();
    let answer = post(
        &ingest,
        "/v1/traces",
        &[("content-type", "application/json")],
        json,
    )
    .await;
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["partialSuccess"]["rejectedSpans"], "1");
}

#[tokio::test]
async fn wrong_words_get_their_own_status() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let protobuf = ("content-type", "application/x-protobuf");
    let cases: [Refused<'_>; 5] = [
        (
            "/v1/traces",
            &[("content-type", "text/plain")],
            b"x",
            415,
            "unsupported_encoding",
        ),
        ("/v1/traces", &[], b"x", 415, "unsupported_encoding"),
        (
            "/v1/traces",
            &[protobuf, ("content-encoding", "br")],
            b"x",
            415,
            "unsupported_encoding",
        ),
        ("/v1/nothing", &[protobuf], b"x", 404, "not_found"),
        ("/v1/traces", &[protobuf], b"\xff\xff", 400, "decode_failed"),
    ];
    for (path, headers, body, status, code) in cases {
        let answer = post(&ingest, path, headers, body.to_vec()).await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        let message = match answer.header("content-type") {
            "application/json" => {
                let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                told["message"].as_str().unwrap().to_owned()
            }
            _ => Status::decode(answer.body).unwrap().message,
        };
        assert!(message.starts_with(code), "{message}");
        assert_eq!(answer.headers.get("retry-after"), None);
    }
    let get = http::Request::get("/v1/traces").header("host", "waybill");
    let get = get.body(http_body_util::Full::default()).unwrap();
    let answer = send(ingest.otlp_http().unwrap(), false, get).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));

    assert_eq!(
        call(&ingest, &[("grpc-encoding", "snappy")], 1, vec![1])
            .await
            .grpc_status(),
        12
    );
    assert_eq!(
        call(&ingest, &[("content-type", "text/html")], 0, vec![])
            .await
            .grpc_status(),
        12
    );
    assert_eq!(call(&ingest, &[], 1, vec![1]).await.grpc_status(), 3);
    assert_eq!(
        call_raw(&ingest, &[], vec![0, 0, 0, 0, 9, 1])
            .await
            .grpc_status(),
        3
    );
    assert_eq!(call(&ingest, &[], 0, vec![0xff]).await.grpc_status(), 3);
}

#[tokio::test]
async fn a_token_is_wanted_where_it_is_required() {
    let memory = Arc::new(Memory::default());
    let mut wants = settings();
    wants.require_token = true;
    let ingest = start(wants, &memory).await;
    let good = ("authorization", "Bearer wb_good");
    let protobuf = ("content-type", "application/x-protobuf");
    for headers in [
        &[protobuf][..],
        &[protobuf, ("authorization", "Bearer wb_bad")],
    ] {
        assert_eq!(
            post(&ingest, "/v1/traces", headers, body(0..1))
                .await
                .status,
            401
        );
    }
    assert_eq!(
        post(&ingest, "/v1/traces", &[protobuf, good], body(0..1))
            .await
            .status,
        200
    );
    assert_eq!(call(&ingest, &[], 0, body(1..2)).await.grpc_status(), 16);
    assert_eq!(call(&ingest, &[good], 0, body(1..2)).await.grpc_status(), 0);
    assert_eq!(memory.stored(), 2);
}

#[tokio::test]
async fn logs_and_metrics_are_kept_or_rejected_by_policy_in_sight() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let protobuf = ("content-type", "application/x-protobuf");
    let with_trace = logs::LogRecord {
        trace_id: vec![1; 16],
        ..Default::default()
    };
    let sent = ExportLogsServiceRequest {
        resource_logs: vec![logs::ResourceLogs {
            scope_logs: vec![logs::ScopeLogs {
                log_records: vec![with_trace, logs::LogRecord::default()],
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    assert_eq!(
        post(&ingest, "/v1/logs", &[protobuf], sent.encode_to_vec())
            .await
            .status,
        200
    );
    let metric = |name: &str| metrics::Metric {
        name: name.to_owned(),
        data: Some(metrics::metric::Data::Gauge(metrics::Gauge {
            data_points: vec![metrics::NumberDataPoint::default(); 2],
        })),
        ..Default::default()
    };
    let sent = ExportMetricsServiceRequest {
        resource_metrics: vec![metrics::ResourceMetrics {
            scope_metrics: vec![metrics::ScopeMetrics {
                metrics: vec![
                    metric("messaging.process.duration"),
                    metric("http.server.duration"),
                    metric("kafka.consumer.records_lag_max"),
                ],
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    let json = serde_json::to_vec(&sent).unwrap();
    assert_eq!(
        post(&ingest, "/v1/metrics", &[protobuf], sent.encode_to_vec())
            .await
            .status,
        200
    );
    let answer = post(
        &ingest,
        "/v1/metrics",
        &[("content-type", "application/json")],
        json,
    )
    .await;
    assert!(String::from_utf8_lossy(&answer.body).contains("\"rejectedDataPoints\":\"2\""));
    let counters = ingest.counters();
    assert_eq!(
        (counters.accepted_logs, counters.accepted_metric_points),
        (1, 8)
    );
    assert_eq!(counters.rejected_records["policy_log_without_trace"], 1);
    assert_eq!(counters.rejected_records["policy_metric_not_kept"], 4);
}

#[tokio::test]
async fn refusals_that_pass_say_when_to_come_again() {
    use base64::Engine;
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    memory.be(Mood::Refuse);
    let answer = post_traces(&ingest, body(0..1)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    let answer = call(&ingest, &[], 0, body(0..1)).await;
    assert_eq!(answer.grpc_status(), 14);
    let details = answer.header("grpc-status-details-bin");
    let details = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(details)
        .unwrap();
    let status = Status::decode(&details[..]).unwrap();
    assert_eq!(
        (status.code, &status.details[0].type_url[..]),
        (14, RETRY_INFO)
    );
    assert_eq!(memory.stored(), 0);
    memory.be(Mood::Store);
    assert_eq!(post_traces(&ingest, body(0..1)).await.status, 200);
    assert_eq!(memory.stored(), 1);
    assert_eq!(ingest.counters().duplicate_spans, 0);
}
