//! Times that cannot be, clocks that differ, and spans that come in the wrong order or not at all.

use opentelemetry_proto::tonic::trace::v1::{Span, span};
use reqwest::StatusCode;
use waybill_tests::history::span_ids;
use waybill_tests::otlp::{self, OneMessage, one_message, random_id};
use waybill_tests::server::Server;

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3_600 * SECOND;

fn during(mut span: Span, start: u64, end: u64) -> Span {
    span.start_time_unix_nano = start;
    span.end_time_unix_nano = end;
    span
}

async fn send(server: &Server, service: &str, spans: Vec<Span>) {
    let status = otlp::post(&server.otlp_http, &otlp::request(service, spans)).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_times_are_kept_and_make_no_partitions() {
    let server = Server::start().await;
    send(
        &server,
        "shop",
        vec![one_message("kafka", "now", "k", 1).producer],
    )
    .await;
    let before = server.partitions().await;
    let now = otlp::now_nanos();
    let times = [
        ("an hour late", now - HOUR, now - HOUR + SECOND),
        ("a week late", now - 168 * HOUR, now - 168 * HOUR + SECOND),
        ("an hour ahead", now + HOUR, now + HOUR + SECOND),
        (
            "ten years ahead",
            now + 87_660 * HOUR,
            now + 87_660 * HOUR + SECOND,
        ),
        ("at zero", 0, 0),
        ("ends before it starts", now, now - HOUR),
        ("at 2^63", 1 << 63, 1 << 63),
        ("at the end of time", u64::MAX, u64::MAX),
        ("from zero to the end of time", 0, u64::MAX),
    ];
    let mut traces = Vec::new();
    for (offset, (what, start, end)) in (0..).zip(times) {
        let message = one_message("kafka", "absurd", what, offset);
        let spans = [message.producer, message.consumer];
        send(
            &server,
            "shop",
            spans.map(|span| during(span, start, end)).into(),
        )
        .await;
        traces.push((what, hex::encode(&message.trace_id)));
    }
    for (what, trace_id) in &traces {
        let trace = server.api(&format!("/traces/{trace_id}")).await;
        assert_eq!(span_ids(&trace).len(), 2, "{what}: {trace}");
        let found = server.api(&format!("/journeys?trace_id={trace_id}")).await;
        let items = found["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{what}: {found}");
        if let Some(total) = items[0]["total_ms"].as_f64() {
            assert!(total >= 0.0, "{what}: {total}");
        }
        let id = items[0]["id"].as_str().unwrap();
        let journey = server.api(&format!("/journeys/{id}")).await;
        let phases = journey["budget"].as_array().unwrap().iter();
        for ms in phases.filter_map(|phase| phase["ms"].as_f64()) {
            assert!(ms >= 0.0, "{what}: {journey}");
        }
    }
    // By arrival, so what claims to be of another time stands where it came.
    let list = server.api("/journeys?destination=absurd&limit=100").await;
    assert_eq!(
        list["items"].as_array().unwrap().len(),
        times.len(),
        "{list}"
    );
    assert_eq!(
        server.partitions().await,
        before,
        "days are those of arrival"
    );
    let overview = server.api_status("/map").await;
    assert_eq!(overview.0, StatusCode::OK, "{}", overview.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_behind_is_told_as_such() {
    let server = Server::start().await;
    let OneMessage {
        trace_id,
        producer,
        consumer,
    } = one_message("kafka", "orders", "skew", 3);
    let start = producer.start_time_unix_nano - 300 * SECOND;
    let consumer = during(consumer, start, start + 3_000_000);
    send(&server, "shop", vec![producer]).await;
    send(&server, "billing", vec![consumer]).await;
    let found = server
        .api(&format!("/journeys?trace_id={}", hex::encode(&trace_id)))
        .await;
    assert!(found["items"][0]["total_ms"].is_null(), "{found}");
    assert_eq!(found["items"][0]["state"], "delivered", "{found}");
    let id = found["items"][0]["id"].as_str().unwrap();
    let journey = server.api(&format!("/journeys/{id}")).await;
    let phase = |name: &str| {
        let phases = journey["budget"].as_array().unwrap().iter();
        phases
            .clone()
            .find(|p| p["phase"] == name)
            .map(|p| p["ms"].clone())
    };
    assert!(phase("queue").is_none_or(|ms| ms.is_null()), "{journey}");
    assert!(has_gap(&journey, "skew"), "{journey}");
    let (name, password) = waybill_tests::server::ADMIN;
    let cookie = server.sign_in(name, password).await.unwrap();
    let (status, page) = server.page(&format!("/journeys/{id}"), &cookie).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        !page.contains("width:-") && !page.contains("width=\"-"),
        "no negative bar"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_or_never_shows_and_heals() {
    let server = Server::start().await;
    // The consumer's first.
    let late = one_message("kafka", "orders", "late", 5);
    send(&server, "billing", vec![late.consumer.clone()]).await;
    let partial = only(&server, "late").await;
    assert!(has_gap(&partial, "dark_producer"), "{partial}");
    assert!(partial["producer"].is_null());
    let before = partial["id"].as_str().unwrap().to_owned();
    send(&server, "shop", vec![late.producer.clone()]).await;
    let whole = only(&server, "late").await;
    assert!(!has_gap(&whole, "dark_producer"), "{whole}");
    assert_eq!(whole["producer"]["service"], "shop");
    assert_eq!(whole["deliveries"][0]["attempts"][0]["joined_by"], "parent");
    // A link that was pasted before lives.
    let same = server.api(&format!("/journeys/{before}")).await;
    assert_eq!(same["id"], whole["id"], "{same}");

    // A batch whose link leads to a span that nobody kept.
    let dark = one_message("kafka", "orders", "dark", 6);
    let mut consumer = dark.consumer;
    consumer.trace_id = random_id::<16>();
    consumer.parent_span_id.clear();
    consumer.links = vec![span::Link {
        trace_id: random_id::<16>(),
        span_id: random_id::<8>(),
        ..Default::default()
    }];
    send(&server, "billing", vec![consumer]).await;
    let journey = only(&server, "dark").await;
    assert!(has_gap(&journey, "dark_producer"), "{journey}");
    assert!(journey["producer"].is_null() && journey["caused_by"].is_null());
    assert_eq!(
        journey["deliveries"][0]["attempts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn only(server: &Server, key: &str) -> serde_json::Value {
    let found = server.api(&format!("/journeys?key={key}")).await;
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{found}");
    let id = items[0]["id"].as_str().unwrap();
    server.api(&format!("/journeys/{id}")).await
}

fn has_gap(journey: &serde_json::Value, kind: &str) -> bool {
    let gaps = journey["gaps"].as_array().unwrap();
    gaps.iter().any(|gap| gap["kind"] == kind)
}
