//! The map as spans and brokers tell it together.

use waybill_broker::sim::{depth, queue};
use waybill_model::access::Sight;
use waybill_model::destination::Window;
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{DestinationKind, Group, Member, Route, RouteKind};
use waybill_server::journey::{Clusters, KnownCluster, Owners, SearchAttributes};
use waybill_server::query::Query;
use waybill_tests::otlp::{self, CONSUMER, PRODUCER, a_span, random_id, text};

use super::*;

const EVERY: Duration = Duration::from_millis(200);

/// `orders` is what spans tell of; `ledger` is read by a group of which no span tells; letters of
/// `orders` die to `orders.DLT`.
fn east() -> Script {
    let topics = [
        ("orders", 1),
        ("ledger", 1),
        ("orders.DLT", 1),
        ("quiet", 1),
    ];
    let mut script = Script::of_topics(&topics, "billing");
    script.topology.destinations[2].role = DestinationRole::DeadLetter;
    script.readings.commits = Default::default();
    script.head("orders", 0, 12);
    script.commit("billing", "orders", 0, Some(5));
    script.topology.groups.push(Group {
        name: "audit".into(),
        kind: "simulated".into(),
        members: Some(vec![Member::default()]),
        ..Group::default()
    });
    script.head("ledger", 0, 40);
    script.commit("audit", "ledger", 0, Some(10));
    script.topology.routes.push(Route {
        kind: RouteKind::DeadLetter,
        namespace: None,
        from: "orders".into(),
        to: "orders.DLT".into(),
        to_kind: DestinationKind::Topic,
        routing_key: None,
        guarantee: None,
    });
    script
}

/// An exchange that spans put to, and the queue that it leads to.
fn west() -> Script {
    let mut script = Script::default();
    let mut exchange = queue("/", "shop");
    exchange.kind = DestinationKind::Exchange;
    script.topology = Script::of_queues("/", &[("bills", 3)]).topology;
    script.topology.destinations.push(exchange);
    script.readings.depths.push(depth("/", "bills", 3));
    script.topology.routes.push(Route {
        kind: RouteKind::Binding,
        namespace: Some("/".into()),
        from: "shop".into(),
        to: "bills".into(),
        to_kind: DestinationKind::Queue,
        routing_key: Some("bill".into()),
        guarantee: None,
    });
    script
}

async fn send(observed: &Observed, count: usize) {
    let about = |place: &str, operation: &str, group: Option<&str>| {
        let mut all = vec![
            text("messaging.system", SYSTEM),
            text("messaging.destination.name", place),
            text("messaging.operation.type", operation),
        ];
        all.extend(group.map(|group| text("messaging.consumer.group.name", group)));
        all
    };
    let door = observed.app.addresses().otlp_http.unwrap();
    let post = async |service: &str, spans| {
        let request = otlp::request(service, spans);
        let status = otlp::post(&format!("http://{door}"), &request).await;
        assert!(status.is_success());
    };
    let (mut put, mut got) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let trace = random_id::<16>();
        let sent = a_span(&trace, &[], "send", PRODUCER, about("orders", "send", None));
        let attributes = about("orders", "process", Some("billing"));
        got.push(a_span(
            &trace,
            &sent.span_id,
            "process",
            CONSUMER,
            attributes,
        ));
        put.push(sent);
        let bill = about("shop", "send", None);
        put.push(a_span(&trace, &[], "send", PRODUCER, bill));
    }
    post("web", put).await;
    post("payment", got).await;
}

fn node<'a>(map: &'a Value, kind: &str, name: &str) -> Option<&'a Value> {
    let mut nodes = map["nodes"].as_array().unwrap().iter();
    nodes.find(|node| node["kind"] == kind && node["name"] == name)
}

fn edge<'a>(map: &'a Value, kind: &str, destination: &str) -> Option<&'a Value> {
    let mut edges = map["edges"].as_array().unwrap().iter();
    edges.find(|edge| edge["kind"] == kind && edge["destination"] == destination)
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_and_brokers_draw_it_together_and_each_word_names_its_source() {
    let (east, west) = (Sim::new(east()), Sim::new(west()));
    let observed = start(&[("east", &east, EVERY), ("west", &west, EVERY)]).await;
    send(&observed, 3).await;
    let map = observed
        .until("brokers and spans are told", "/map", |map| {
            let consumes = edge(map, "consumes", "orders")?;
            let is_whole = consumes["lag_messages"] == 7
                && edge(map, "consumes", "ledger").is_some()
                && edge(map, "routes", "shop").is_some();
            is_whole.then(|| map.clone())
        })
        .await;
    assert_eq!(map["with_brokers"], true);

    // Spans and the broker.
    let consumes = edge(&map, "consumes", "orders").unwrap();
    let both = serde_json::json!(["spans", "broker"]);
    assert_eq!(consumes["told_by"], both);
    assert_eq!(consumes["service"], "payment");
    assert_eq!(consumes["cluster"], "east");
    assert_eq!(consumes["per_s_by"], "spans");
    assert_eq!(consumes["unknown"], serde_json::json!([]));
    let orders = node(&map, "destination", "orders").unwrap();
    assert_eq!(
        (&orders["told_by"], &orders["id"]),
        (&both, &consumes["from"])
    );
    assert_eq!(
        (&orders["depth"], &orders["lag_messages"]),
        (&12.into(), &7.into())
    );
    let billing = node(&map, "group", "billing").unwrap();
    assert_eq!(consumes["via"], billing["id"]);
    let page = billing["group_id"].as_str().unwrap();
    assert_eq!(
        observed.api(&format!("/groups/{page}")).await["name"],
        "billing"
    );

    // The broker alone: a group, a dead-letter way with its target, a binding.
    let reads = edge(&map, "consumes", "ledger").unwrap();
    let audit = node(&map, "group", "audit").unwrap();
    assert_eq!(
        (&reads["to"], &reads["lag_messages"]),
        (&audit["id"], &30.into())
    );
    assert_eq!(reads["told_by"], serde_json::json!(["broker"]));
    assert!(reads["service"].is_null() && reads["failed_share"].is_null());
    let unknown = reads["unknown"].as_array().unwrap();
    for member in ["service", "failed_share", "p50_ms", "p99_ms"] {
        assert!(unknown.iter().any(|name| name == member), "{reads:#}");
    }
    let dies = edge(&map, "dead_letters", "orders").unwrap();
    let dead = node(&map, "destination", "orders.DLT").unwrap();
    assert_eq!((&dies["from"], &dies["to"]), (&orders["id"], &dead["id"]));
    assert_eq!(dead["role"], "dead_letter");
    let leads = edge(&map, "routes", "shop").unwrap();
    let bills = node(&map, "destination", "bills").unwrap();
    assert_eq!(
        (&leads["to"], &leads["cluster"]),
        (&bills["id"], &"west".into())
    );
    let id = bills["id"].as_str().unwrap();
    assert_eq!(
        observed.api(&format!("/destinations/{id}")).await["destination"],
        "bills"
    );

    // What neither moves nor lags, and no way leads to, is not drawn.
    assert!(node(&map, "destination", "quiet").is_none());
    // Of the past only spans tell.
    let past = "/map?from=2020-01-01T00:00:00Z&to=2020-01-01T00:10:00Z";
    let past = observed.api(past).await;
    assert_eq!(
        (&past["with_brokers"], &past["nodes"]),
        (&false.into(), &serde_json::json!([]))
    );

    for (language, words) in [
        ("en", ["lag 7", "routes to", "spans, broker", "audit"]),
        ("zh-CN", ["积压 7", "路由到", "span, 代理", "audit"]),
    ] {
        let cookie = format!("{}; lang={language}", observed.cookie);
        let (_, html) = observed.html(&cookie, "/").await;
        for word in words {
            assert!(html.contains(word), "{language}: {word}");
        }
    }
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_spans_are_few_the_rate_is_the_brokers() {
    // It reads nothing else, so its rate is the rate here.
    let sim = Sim::new(Script::of_topics(&[("orders", 1)], "billing"));
    let observed = start(&[("east", &sim, EVERY)]).await;
    send(&observed, 1).await;
    let told = observed.until("the broker's rate", "/map", |map| {
        // Forty messages a reading, of which one span an hour tells.
        sim.change(|script| {
            let committed = script.readings.heads[0].head;
            script.head("orders", 0, committed + 40);
            script.commit("billing", "orders", 0, Some(committed));
        });
        let consumes = edge(map, "consumes", "orders")?;
        (consumes["per_s_by"] == "broker").then(|| consumes.clone())
    });
    let consumes = told.await;
    assert!(consumes["per_s"].as_f64().unwrap() > 1.0, "{consumes:#}");
    assert_eq!(consumes["told_by"], serde_json::json!(["spans", "broker"]));
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_open_what_brokers_tell_by_cluster_and_name() {
    let (east, west) = (Sim::new(east()), Sim::new(west()));
    let observed = start(&[("east", &east, EVERY), ("west", &west, EVERY)]).await;
    send(&observed, 1).await;
    observed
        .until("all is told", "/map", |map| {
            let all = edge(map, "consumes", "ledger").is_some()
                && edge(map, "routes", "shop").is_some()
                && edge(map, "dead_letters", "orders").is_some();
            all.then_some(())
        })
        .await;
    let known = |name: &str| KnownCluster {
        name: name.into(),
        system: SYSTEM.into(),
        is_managed: true,
        ..KnownCluster::default()
    };
    let query = Query::new(
        observed.database.store().clone(),
        waybill_broker::Dialects::builtin(),
        std::sync::Arc::new(SearchAttributes::new(Vec::<String>::new())),
        Clusters(["east", "west"].map(known).into()),
        Owners(Vec::new()),
    );
    let sight = |cluster: &str, resource: &str| Sight {
        cluster: cluster.into(),
        resource: resource.into(),
    };
    for (sights, expected) in [
        (
            vec![sight("east", "*")],
            &["consumes ledger", "dead_letters orders"][..],
        ),
        (vec![sight("*", "orders")], &[]),
        (vec![sight("east", "ledger")], &["consumes ledger"]),
        (vec![sight("west", "*")], &["consumes bills", "routes shop"]),
        (Vec::new(), &[]),
    ] {
        let map = query.map(Window::default(), Some(&sights)).await.unwrap();
        let map = serde_json::to_value(map).unwrap();
        let edges = map["edges"].as_array().unwrap().iter();
        let alone = edges.filter(|edge| edge["told_by"] == serde_json::json!(["broker"]));
        let mut told: Vec<String> = alone
            .map(|edge| {
                let text = |name: &str| edge[name].as_str().unwrap();
                format!("{} {}", text("kind"), text("destination"))
            })
            .collect();
        told.sort();
        assert_eq!(told, expected, "{sights:?}");
    }
    observed.end().await;
}
