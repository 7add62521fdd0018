//! What the JSON of a journey and of a list says beyond what happened.

use opentelemetry_proto::tonic::trace::v1::span::Link;
use serde_json::Value;
use waybill_tests::otlp::{self, one_message, random_id};
use waybill_tests::server::Server;

async fn journey_of(server: &Server, key: &str) -> Value {
    let found = server.api(&format!("/journeys?key={key}")).await;
    let id = found["items"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{key}: {found}"));
    server.api(&format!("/journeys/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_was_not_sampled_is_named_so() {
    let server = Server::start().await;
    // Flags of the link: filled and remote, sampled or not.
    for (key, flags, gap) in [
        ("unsampled", 0x300, "sampled"),
        ("lost", 0x301, "dark_producer"),
    ] {
        let mut span = one_message("kafka", "orders", key, 1).consumer;
        span.trace_id = random_id::<16>();
        span.parent_span_id.clear();
        span.flags = 0x101;
        span.links.push(Link {
            trace_id: random_id::<16>(),
            span_id: random_id::<8>(),
            flags,
            ..Default::default()
        });
        let request = otlp::request("billing", vec![span]);
        assert!(otlp::post(&server.otlp_http, &request).await.is_success());
        let journey = journey_of(&server, key).await;
        let gaps = journey["gaps"].as_array().unwrap();
        let kinds: Vec<&str> = gaps.iter().filter_map(|gap| gap["kind"].as_str()).collect();
        assert_eq!(kinds, [gap], "{journey}");
    }
}
