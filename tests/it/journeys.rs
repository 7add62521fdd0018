//! What the JSON of a journey and of a list says beyond what happened.

use std::sync::Arc;

use futures::StreamExt as _;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use serde_json::Value;
use waybill_model::reference::Term;
use waybill_store::IndexedSpan;
use waybill_store::testing::TestDatabase;
use waybill_tests::otlp::{self, one_message, random_id};
use waybill_tests::server::{ADMIN, Home, Server};

use crate::recordings;

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
    for (offset, (key, flags, gap)) in (0..).zip([
        ("unsampled", 0x300, "sampled"),
        ("lost", 0x301, "dark_producer"),
    ]) {
        let mut span = one_message("kafka", "orders", key, offset).consumer;
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

/// Two clusters of one system, told apart by the addresses that their settings name.
const TWO_CLUSTERS: &str = r#"
[[cluster]]
name = "east"
broker = "kafka"
[cluster.settings]
bootstrap = ["kafka-1.east.example:9092", "kafka-2.east.example:9092"]
[[cluster]]
name = "west"
broker = "kafka"
[cluster.settings]
bootstrap = ["kafka-1.west.example:9092"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_configuration_names_the_cluster() {
    let home = Home::Shared(TestDatabase::new().await);
    let server = Server::start_with(home, TWO_CLUSTERS).await;
    for (key, address, cluster) in [
        ("at-east", "kafka-2.east.example", Value::from("east")),
        ("at-west", "kafka-1.west.example", Value::from("west")),
        ("elsewhere", "kafka-1.north.example", Value::Null),
    ] {
        let mut span = one_message("kafka", "orders", key, 1).producer;
        let at = [
            otlp::text("server.address", address),
            otlp::int("server.port", 9092),
        ];
        span.attributes.extend(at);
        let request = otlp::request("shop", vec![span]);
        assert!(otlp::post(&server.otlp_http, &request).await.is_success());
        let journey = journey_of(&server, key).await;
        assert_eq!(journey["message"]["cluster"], cluster, "{journey}");
    }
    let found = server.api("/journeys?cluster=west").await;
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{found}");
    assert_eq!(items[0]["message"]["key"], "at-west");
}

const OWNERS: &str = r#"
[[owner]]
match = { destination = "billing.eu.*" }
team = "billing-eu"
runbook = "https://example.com/runbooks/billing"
[[owner]]
match = { destination = "billing.*", service = "shop" }
team = "billing"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_that_fits_is_named() {
    let home = Home::Shared(TestDatabase::new().await);
    let server = Server::start_with(home, OWNERS).await;
    for (offset, (key, destination, service, team)) in (0..).zip([
        (
            "own-1",
            "billing.eu.dunning",
            "shop",
            Value::from("billing-eu"),
        ),
        ("own-2", "billing.us", "shop", Value::from("billing")),
        ("own-3", "billing.us", "another", Value::Null),
        ("own-4", "orders", "shop", Value::Null),
    ]) {
        let span = one_message("kafka", destination, key, offset).producer;
        let request = otlp::request(service, vec![span]);
        assert!(otlp::post(&server.otlp_http, &request).await.is_success());
        let journey = journey_of(&server, key).await;
        assert_eq!(journey["owner"]["team"], team, "{journey}");
    }
    let journey = journey_of(&server, "own-1").await;
    let runbook = "https://example.com/runbooks/billing";
    assert_eq!(journey["owner"]["runbook"], runbook);
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let path = format!("/journeys/{}", journey["id"].as_str().unwrap());
    let (_, page) = server.page(&path, &cookie).await;
    assert!(page.contains("billing-eu"), "{page}");
    assert!(page.contains(&format!("href=\"{runbook}\"")), "{page}");
}

/// One more frame than an exact word is read in, by as many commits.
const COMMITS: i64 = 1_025;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_cut_says_so() {
    let database = TestDatabase::new().await;
    let trace_id = random_id::<16>();
    let key = Term::message_key("busy");
    let store = database.store();
    let commits = futures::stream::iter(0..COMMITS).map(|offset| {
        let mut span = one_message("kafka", "orders", "busy", offset).producer;
        span.trace_id.clone_from(&trace_id);
        let spans = recordings::read::request(otlp::request("shop", vec![span]));
        async move {
            let indexed = spans.into_iter().map(|span| IndexedSpan {
                terms: vec![key, Term::trace(span.trace_id)],
                span: Arc::unwrap_or_clone(span),
                rollup: None,
                troubled: false,
                tried: Vec::new(),
            });
            store.append(&indexed.collect::<Vec<_>>()).await.unwrap();
        }
    });
    commits.buffer_unordered(6).collect::<Vec<_>>().await;
    while store.merge_once().await.unwrap().segments > 0 {}

    let server = Server::start_with(Home::Shared(database), "").await;
    let single = one_message("kafka", "orders", "single", 0).producer;
    let request = otlp::request("shop", vec![single]);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
    let cut = server.api("/journeys?key=busy&limit=5").await;
    assert_eq!(cut["items"].as_array().unwrap().len(), 5, "{cut}");
    assert_eq!(cut["truncated"], true, "{cut}");
    let trace = format!("/traces/{}", hex::encode(&trace_id));
    assert_eq!(server.api(&trace).await["truncated"], true);
    let whole = server.api("/journeys?key=single").await;
    assert_eq!(whole["items"].as_array().unwrap().len(), 1, "{whole}");
    assert!(whole.get("truncated").is_none(), "{whole}");

    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let (_, page) = server.page("/search?find=busy", &cookie).await;
    assert!(page.contains("More fits than one search reads"), "{page}");
    let (_, page) = server.page("/search?find=single", &cookie).await;
    assert!(!page.contains("More fits than one search reads"), "{page}");
}
