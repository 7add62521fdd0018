//! What senders of logs put on the wire, and what of it ties a record to its trace.

use std::io::Write as _;

use waybill_tests::otlp::{process_of, random_id, text};

use super::*;

/// As Fluent Bit's output `opentelemetry` packs records (plugins/out_opentelemetry/
/// opentelemetry_logs.c): no service on the resource, the ids where its configuration and the
/// record's shape leave them.
fn fluent_bit(trace_id: &[u8], span_id: &[u8], at: u64) -> Vec<LogRecord> {
    let (trace, span) = (hex::encode(trace_id), hex::encode(span_id));
    let record = |body, attributes| LogRecord {
        time_unix_nano: at,
        body,
        attributes,
        ..Default::default()
    };
    vec![
        // From an OTLP input: bytes in the record's own fields.
        LogRecord {
            trace_id: trace_id.to_vec(),
            span_id: span_id.to_vec(),
            severity_number: 9,
            ..record(string("from its fields"), vec![])
        },
        // `logs_trace_id_metadata_key` on a binary value that holds text: copied as it is.
        LogRecord {
            trace_id: trace.clone().into_bytes(),
            span_id: span.clone().into_bytes(),
            ..record(string("from text in its fields"), vec![])
        },
        // No key was configured: the whole record is the body.
        record(
            map(vec![
                text("level", "ERROR"),
                text("message", "from its body"),
                text("trace_id", &trace),
                text("span_id", &span),
            ]),
            vec![],
        ),
        // `logs_body_key` with `logs_body_key_attributes`: the rest are attributes.
        record(
            string("from its attributes"),
            vec![text("traceId", &trace), text("spanId", &span)],
        ),
        // A line that nobody parsed.
        record(
            map(vec![text(
                "log",
                &format!(
                    r#"{{"level":"warn","msg":"from JSON","trace_id":"{trace}","span_id":"{span}"}}"#
                ),
            )]),
            vec![],
        ),
        // Kubernetes' metadata, a parsed line beneath.
        record(
            map(vec![
                text("stream", "stdout"),
                KeyValue {
                    value: map(vec![text("msg", "from within"), text("traceId", &trace)]),
                    ..text("log_processed", "")
                },
            ]),
            vec![],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn fluent_bit_works_unmodified() {
    let server = Server::start().await;
    let message = message("fluent", 60, 2.0);
    send_message(&server, &message, "i-1").await;
    let got = &message.consumer;
    let at = got.start_time_unix_nano + 1_000_000;
    let mut records = fluent_bit(&got.trace_id, &got.span_id, at);
    // And one that ties to nothing.
    records.push(LogRecord {
        time_unix_nano: at,
        body: string("a line of nobody"),
        ..Default::default()
    });
    let body = logs(Resource::default(), records);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&body).unwrap();
    let headers = [
        ("user-agent", "Fluent-Bit"),
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "gzip"),
    ];
    let address = format!("{}/v1/logs", server.otlp_http);
    let (status, _) = otlp::post_to(&address, gzip.finish().unwrap(), &headers).await;
    assert_eq!(status, 200);

    let told = journey(&server, "fluent", "").await;
    let texts = bodies(&told);
    for text in [
        "from its fields",
        "from text in its fields",
        "from its body",
        "from its attributes",
        "from JSON",
        "from within",
    ] {
        assert!(
            texts.iter().any(|body| body.contains(text)),
            "{text}: {told}"
        );
    }
    assert_eq!(texts.len(), 6, "{told}");
    for line in lines(&told) {
        assert_eq!(line["attempt"]["n"], 1, "{line}");
    }
    let by = |text: &str| {
        let mut lines = lines(&told).into_iter();
        lines.find(|line| line["body"].as_str().unwrap().contains(text))
    };
    assert_eq!(by("from its body").unwrap()["severity"], "error");
    // Its span tells whose it is.
    assert_eq!(by("from its body").unwrap()["service"], "inventory");
    let status = server.api("/status").await;
    let rejected = &status["ingest"]["rejected_records"];
    assert_eq!(rejected["policy_log_without_trace"], 1, "{status}");
    assert_eq!(status["ingest"]["accepted_logs"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collectors_exporter_works_with_any_compression() {
    let server = Server::start().await;
    let message = message("collected", 60, 2.0);
    send_message(&server, &message, "i-1").await;
    let address = format!("{}/v1/logs", server.otlp_http);
    for encoding in ["gzip", "zstd", "identity"] {
        let record = record(&message.consumer, 1, 9, encoding);
        let body = logs(process_of("inventory", "i-1"), vec![record]);
        let body = match encoding {
            "gzip" => {
                let level = flate2::Compression::fast();
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
                gzip.write_all(&body).unwrap();
                gzip.finish().unwrap()
            }
            "zstd" => zstd::encode_all(body.as_slice(), 3).unwrap(),
            _ => body,
        };
        let headers = [
            (
                "user-agent",
                "OpenTelemetry Collector Contrib/0.130.0 (linux/amd64)",
            ),
            ("content-type", "application/x-protobuf"),
            ("content-encoding", encoding),
        ];
        let (status, _) = otlp::post_to(&address, body, &headers).await;
        assert_eq!(status, 200, "{encoding}");
    }
    let told = journey(&server, "collected", "").await;
    assert_eq!(bodies(&told), ["gzip", "identity", "zstd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_is_counted_in_sight() {
    use opentelemetry_proto::tonic::metrics::v1::{Gauge, NumberDataPoint, metric::Data};
    let server = Server::start().await;
    let gauge = |name: &str| Metric {
        name: name.into(),
        data: Some(Data::Gauge(Gauge {
            data_points: vec![NumberDataPoint::default(); 3],
        })),
        ..Default::default()
    };
    let metrics = vec![
        gauge("http.server.active_requests"),
        gauge("jvm.thread.count"),
    ];
    send_metrics(&server, process_of("shop", "1"), metrics).await;
    let untied = LogRecord {
        body: string("nobody's"),
        trace_id: vec![0; 16],
        ..Default::default()
    };
    send_logs(&server, process_of("shop", "1"), vec![untied]).await;
    let wrong = LogRecord {
        trace_id: random_id::<15>(),
        ..Default::default()
    };
    send_logs(&server, process_of("shop", "1"), vec![wrong]).await;
    let status = server.api("/status").await;
    let rejected = &status["ingest"]["rejected_records"];
    assert_eq!(rejected["policy_metric_not_kept"], 3, "{status}");
    assert_eq!(rejected["policy_log_without_trace"], 1, "{status}");
    assert_eq!(rejected["trace_id_length"], 1, "{status}");
    assert_eq!(status["ingest"]["accepted_metric_points"], 3, "{status}");
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let (_, page) = server.page("/health", &cookie).await;
    for reason in ["policy_metric_not_kept", "policy_log_without_trace"] {
        assert!(page.contains(reason), "{page}");
    }
}
