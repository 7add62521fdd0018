//! Destinations and the map through the API: figures from spans, and what is not known by name.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};
use waybill_store::testing::TestDatabase;
use waybill_tests::otlp::{self, PRODUCER, a_span, one_message, random_id, text};
use waybill_tests::server::{Home, Server};

const ONE_CLUSTER: &str = r#"
[[cluster]]
name = "orders-eu"
broker = "kafka"
managed = false
[cluster.settings]
bootstrap = ["127.0.0.1:9092"]
"#;

async fn start() -> Server {
    Server::start_with(Home::Shared(TestDatabase::new().await), ONE_CLUSTER).await
}

async fn send(server: &Server, service: &str, spans: Vec<Span>) {
    let request = otlp::request(service, spans);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
}

fn put(system: &str, destination: &str) -> Span {
    let attributes = vec![
        text("messaging.system", system),
        text("messaging.operation.type", "send"),
        text("messaging.destination.name", destination),
    ];
    let name = format!("send {destination}");
    a_span(&random_id::<16>(), &[], &name, PRODUCER, attributes)
}

/// Three messages on `orders`, the third of which fails; one on its dead-letter destination, and one
/// on another broker.
async fn some_traffic(server: &Server) {
    for offset in 0..3 {
        let message = one_message("kafka", "orders", &format!("k{offset}"), offset);
        send(server, "shop", vec![message.producer]).await;
        let got = match offset {
            2 => otlp::failed(message.consumer, "Declined", "no"),
            _ => message.consumer,
        };
        send(server, "billing", vec![got]).await;
    }
    send(server, "billing", vec![put("kafka", "orders.DLT")]).await;
    send(server, "shop", vec![put("rabbitmq", "mails")]).await;
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap()
}

fn names(page: &Value) -> Vec<&str> {
    let items = items(page).iter();
    items
        .map(|item| item["destination"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_told_from_its_spans_and_the_rest_is_named() {
    let server = start().await;
    some_traffic(&server).await;
    let list = server.api("/destinations").await;
    assert_eq!(names(&list), ["mails", "orders", "orders.DLT"], "{list}");
    let orders = &items(&list)[1];
    assert_eq!(orders["cluster"], "orders-eu");
    assert_eq!(
        (&orders["kind"], &orders["stale"]),
        (&json!("topic"), &json!(false))
    );
    assert_eq!(orders["failed"], 1);
    assert!(
        orders["as_of"].is_string() && orders["p50_ms"].is_number(),
        "{orders}"
    );
    for name in ["depth", "partitions", "dead_letters", "coverage"] {
        assert!(orders[name].is_null(), "{name}: {orders}");
        assert!(orders["unknown"].as_array().unwrap().contains(&json!(name)));
    }
    let mails = &items(&list)[0];
    for name in ["cluster", "kind", "p50_ms"] {
        assert!(mails[name].is_null(), "{name}: {mails}");
        assert!(mails["unknown"].as_array().unwrap().contains(&json!(name)));
    }
    for (asked, expected) in [
        ("cluster=orders-eu", vec!["orders", "orders.DLT"]),
        ("cluster=elsewhere", vec![]),
        ("kind=topic", vec!["orders"]),
        ("kind=dead_letter", vec!["orders.DLT"]),
        ("kind=origin", vec!["mails", "orders"]),
        ("q=mail", vec!["mails"]),
        ("system=rabbitmq", vec!["mails"]),
        ("sort=published&limit=1", vec!["orders"]),
    ] {
        let found = server.api(&format!("/destinations?{asked}")).await;
        assert_eq!(names(&found), expected, "{asked}");
    }

    let id = orders["id"].as_str().unwrap();
    let whole = server.api(&format!("/destinations/{id}")).await;
    for name in ["id", "destination", "cluster", "kind", "failed", "p99_ms"] {
        assert_eq!(whole[name], orders[name], "{name}: {whole}");
    }
    let sum = |name: &str| -> u64 {
        let points = whole["series"].as_array().unwrap().iter();
        points.map(|point| point[name].as_u64().unwrap()).sum()
    };
    assert_eq!(whole["series"].as_array().unwrap().len(), 60);
    assert_eq!(
        (sum("published"), sum("processed"), sum("failed")),
        (3, 3, 1)
    );
    assert_eq!(whole["publishers"][0]["service"], "shop");
    let consumer = &whole["consumers"][0];
    assert_eq!(
        (&consumer["service"], &consumer["group"]),
        (&json!("billing"), &json!("billing"))
    );
    assert_eq!(consumer["failed"], 1);
    assert!((consumer["failed_share"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9);
    let p50 = whole["latency"]["process"]["p50_ms"].as_f64().unwrap();
    assert!(
        (p50 / 3.0 - 1.0).abs() < 0.13,
        "processing takes 3 ms: {whole}"
    );
    let group = &whole["groups"][0];
    assert_eq!(
        (&group["name"], &group["lag_messages"]),
        (&json!("billing"), &Value::Null)
    );
    assert_eq!(
        group["unknown"],
        json!(["id", "state", "members", "lag_messages", "lag_ms"])
    );
    assert!(
        whole["config"].is_null() && whole["partitions"].is_null(),
        "{whole}"
    );

    let past = "from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z";
    let long = "from=2020-01-01T00:00:00Z&to=2020-01-03T00:00:00Z";
    for (path, expected) in [
        (format!("/destinations/{id}?{past}"), StatusCode::NOT_FOUND),
        (
            format!("/destinations/{id}?{long}"),
            StatusCode::BAD_REQUEST,
        ),
        ("/destinations/d-6b61-00".to_owned(), StatusCode::NOT_FOUND),
        ("/destinations/orders".to_owned(), StatusCode::NOT_FOUND),
        (
            "/destinations?sort=colour".to_owned(),
            StatusCode::BAD_REQUEST,
        ),
        ("/destinations?cursor=7".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(server.api_status(&path).await.0, expected, "{path}");
    }
}

/// All pages of a list, while destinations go on to be added.
async fn pages(server: &Server, sort: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let path = format!("/destinations?limit=1000&sort={sort}{cursor}");
        let answer = server.api(&path).await;
        found.extend(names(&answer).into_iter().map(str::to_owned));
        send(
            server,
            "shop",
            vec![put("kafka", &format!("late-{sort}-{page}"))],
        )
        .await;
        match answer["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_destinations_are_paged_without_loss() {
    const MANY: usize = 10_000;
    let server = start().await;
    let every: Vec<String> = (0..MANY).map(|n| format!("topic-{n:05}")).collect();
    for part in every.chunks(1_000) {
        let spans = part.iter().map(|name| put("kafka", name)).collect();
        send(&server, "shop", spans).await;
    }
    // The tenth of them twice, so that they come first by traffic.
    let busy: Vec<&String> = every.iter().step_by(10).collect();
    for part in busy.chunks(1_000) {
        let spans = part.iter().map(|name| put("kafka", name)).collect();
        send(&server, "shop", spans).await;
    }
    for sort in ["name", "published"] {
        let mut found = pages(&server, sort).await;
        found.retain(|name| !name.starts_with("late-"));
        assert_eq!(found.len(), MANY, "{sort}: each once");
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), MANY, "{sort}: each once");
        match sort {
            "name" => assert_eq!(found, every),
            _ => assert!(found.iter().take(busy.len()).eq(busy.iter().copied())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_names_services_destinations_and_groups() {
    let server = start().await;
    some_traffic(&server).await;
    let map = server.api("/map").await;
    let nodes = map["nodes"].as_array().unwrap();
    let node = |kind: &str, name: &str| {
        let found = nodes
            .iter()
            .find(|n| n["kind"] == kind && n["name"] == name);
        found.unwrap_or_else(|| panic!("{kind} {name}: {map}"))["id"].clone()
    };
    let edges = map["edges"].as_array().unwrap();
    let edge = |kind: &str, destination: &str| {
        let fits = |e: &&Value| e["kind"] == kind && e["destination"] == destination;
        edges
            .iter()
            .find(fits)
            .unwrap_or_else(|| panic!("{kind} {destination}: {map}"))
    };
    let publishes = edge("publishes", "orders");
    assert_eq!(publishes["from"], node("service", "shop"));
    assert_eq!(publishes["to"], node("destination", "orders"));
    let consumes = edge("consumes", "orders");
    assert_eq!(consumes["from"], node("destination", "orders"));
    assert_eq!(consumes["via"], node("group", "billing"));
    assert_eq!(consumes["to"], node("service", "billing"));
    assert_eq!(consumes["unknown"], json!(["lag_messages"]));
    assert!((consumes["failed_share"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9);
    for (edge, ms) in [(publishes, 1.0), (consumes, 3.0)] {
        let p50 = edge["p50_ms"].as_f64().unwrap();
        assert!((p50 / ms - 1.0).abs() < 0.13, "{edge}");
        assert!(edge["p99_ms"].as_f64().unwrap() >= p50, "{edge}");
        assert!((edge["per_s"].as_f64().unwrap() - 3.0 / 3_600.0).abs() < 1e-9);
    }
    assert_eq!(edge("dead_letters", "orders.DLT")["service"], "billing");

    let destination = publishes["to"].as_str().unwrap();
    let whole = server.api(&format!("/destinations/{destination}")).await;
    assert_eq!(whole["destination"], "orders", "a node's id leads on");

    let past = "/map?from=2020-01-01T00:00:00Z&to=2020-01-01T00:10:00Z";
    let past = server.api(past).await;
    assert_eq!(past["window_ms"], 600_000);
    assert_eq!((&past["nodes"], &past["edges"]), (&json!([]), &json!([])));
    for wrong in [
        "from=2020-01-01T00:00:00Z",
        "from=yesterday",
        "from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z",
        "window=1h",
    ] {
        let (status, body) = server.api_status(&format!("/map?{wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_say_what_is_not_known_of_them() {
    let server = start().await;
    some_traffic(&server).await;
    let list = server.api("/clusters").await;
    let ids: Vec<&Value> = items(&list).iter().map(|cluster| &cluster["id"]).collect();
    assert_eq!(ids, ["orders-eu", "spans:rabbitmq"], "{list}");
    for cluster in items(&list) {
        assert!(
            cluster["capabilities"]
                .as_array()
                .unwrap()
                .contains(&json!("journeys"))
        );
        assert!(cluster["sites"].is_array(), "{cluster}");
        for name in ["version", "nodes", "missing_rights", "poll_age_ms", "as_of"] {
            assert!(
                cluster.get(name).is_some_and(Value::is_null),
                "{name}: {cluster}"
            );
            assert!(
                cluster["unknown"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(name))
            );
        }
        let id = cluster["id"].as_str().unwrap();
        // Meanwhile it may have been tried, and refused: that is told, and moves on.
        let one = server.api(&format!("/clusters/{id}")).await;
        for name in ["id", "name", "broker", "version", "capabilities"] {
            assert_eq!(one[name], cluster[name], "{name}: {one}");
        }
    }
}
