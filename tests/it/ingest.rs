//! Telemetry in, over real sockets.

use opentelemetry::trace::{SpanKind, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::StatusCode;
use waybill_tests::otlp::{self, one_message};
use waybill_tests::server::Server;
use waybill_tests::wait;

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_span_is_readable_at_once() {
    let server = Server::start().await;
    let message = one_message("kafka", "orders", "77", 5);
    let status = otlp::post(
        &server.otlp_http,
        &otlp::request("shop", vec![message.producer]),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let trace = server
        .api(&format!("/traces/{}", hex(&message.trace_id)))
        .await;
    assert!(trace.to_string().contains("orders publish"), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_opentelemetry_sdk_needs_nothing_but_the_address() {
    let server = Server::start().await;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&server.otlp_grpc)
        .build()
        .unwrap();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .build();
    let tracer = provider.tracer("orders");
    let span = tracer
        .span_builder("send orders")
        .with_kind(SpanKind::Producer)
        .with_attributes([
            opentelemetry::KeyValue::new("messaging.system", "kafka"),
            opentelemetry::KeyValue::new("messaging.operation.type", "send"),
            opentelemetry::KeyValue::new("messaging.operation.name", "send"),
            opentelemetry::KeyValue::new("messaging.destination.name", "orders"),
            opentelemetry::KeyValue::new("order.id", "sdk-1"),
        ])
        .start(&tracer);
    let context = opentelemetry::Context::new().with_span(span);
    let trace_id = context.span().span_context().trace_id().to_string();
    context.span().end();
    drop(context);
    tokio::task::spawn_blocking(move || provider.shutdown())
        .await
        .unwrap()
        .unwrap();
    let found = server.api("/journeys?attribute=order.id:sdk-1").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["items"][0]["state"], "unknown");
    let trace = server.api(&format!("/traces/{trace_id}")).await;
    assert!(trace.to_string().contains("send orders"), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_sent_again_counts_once() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..50)
        .map(|n| one_message("kafka", "orders", &format!("r{n}"), n))
        .collect();
    for message in &messages {
        let spans = vec![message.producer.clone(), message.consumer.clone()];
        assert_eq!(
            otlp::post(&server.otlp_http, &otlp::request("shop", spans)).await,
            StatusCode::OK
        );
    }
    let before = server.api("/status").await["ingest"].clone();
    for message in messages.iter().step_by(10) {
        let spans = vec![message.producer.clone(), message.consumer.clone()];
        assert_eq!(
            otlp::post(&server.otlp_http, &otlp::request("shop", spans)).await,
            StatusCode::OK
        );
    }
    let after = server.api("/status").await["ingest"].clone();
    assert_eq!(before["accepted_spans"], 100);
    assert_eq!(after["accepted_spans"], 100, "{after}");
    assert_eq!(after["duplicate_spans"], 10, "{after}");
    let journey = server.api("/journeys?key=r10").await;
    assert_eq!(journey["items"].as_array().unwrap().len(), 1, "{journey}");
    assert_eq!(journey["items"][0]["attempts"], 1, "{journey}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_span_does_not_cost_its_neighbours() {
    let server = Server::start().await;
    let good = one_message("kafka", "orders", "good", 1);
    let mut bad = good.producer.clone();
    bad.span_id = vec![1, 2, 3];
    let request = otlp::request("shop", vec![bad, good.producer.clone()]);
    let (status, body) = otlp::post_bytes(&server.otlp_http, request.encode_to_vec(), &[]).await;
    assert_eq!(status, StatusCode::OK);
    let answer = ExportTraceServiceResponse::decode(body.as_slice()).unwrap();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(!partial.error_message.is_empty());
    let trace = server
        .api(&format!("/traces/{}", hex(&good.trace_id)))
        .await;
    assert!(trace.to_string().contains("orders publish"), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_for_good() {
    let server = Server::start().await;
    let body =
        otlp::request("shop", vec![one_message("kafka", "t", "k", 0).producer]).encode_to_vec();
    let truncated = body[..body.len() - 3].to_vec();
    let (status, _) = otlp::post_bytes(&server.otlp_http, truncated, &[]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = otlp::post_bytes(
        &server.otlp_http,
        body.clone(),
        &[("content-type", "text/plain")],
    )
    .await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let bomb = {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..256).for_each(|_| gzip.write_all(&zeros).unwrap());
        gzip.finish().unwrap()
    };
    let (status, _) =
        otlp::post_bytes(&server.otlp_http, bomb, &[("content-encoding", "gzip")]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, _) = otlp::post_bytes(&server.otlp_http, body, &[]).await;
    assert_eq!(
        status,
        StatusCode::OK,
        "the server still takes what is right"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_is_refused_retryably_and_comes_back() {
    use waybill_tests::server::Home;
    let mut server = Server::start_with(Home::Private, "").await;
    let postmaster = server.postmaster();
    waybill_tests::child::signal(postmaster, "STOP");
    let message = one_message("kafka", "orders", "late", 3);
    let request = otlp::request("shop", vec![message.producer]);
    let status = otlp::post(&server.otlp_http, &request).await;
    waybill_tests::child::signal(postmaster, "CONT");
    // The postmaster alone was stopped: open sessions may still have stored it.
    assert!(
        status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE,
        "{status}"
    );
    waybill_tests::child::signal(postmaster, "QUIT");
    wait::until("another postmaster runs", || {
        let found = server
            .find_postmaster()
            .filter(|found| *found != postmaster);
        async move { found.map(drop) }
    })
    .await;
    wait::until("stored after the database came back", || async {
        (otlp::post(&server.otlp_http, &request).await == StatusCode::OK).then_some(())
    })
    .await;
    server.ready().await;
    let found = wait::until("the message is read", || async {
        let (status, found) = server.api_status("/journeys?key=late").await;
        (status == StatusCode::OK).then_some(found)
    })
    .await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
}
