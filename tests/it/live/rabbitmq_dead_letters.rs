//! Where dead letters go in a real RabbitMQ, derived and judged.

use lapin::ExchangeKind;
use serde_json::json;
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{DestinationKind, FindingKind, RouteKind, Why};
use waybill_tests::wait;

use super::rabbitmq::{PATIENCE, Rabbit, number, queue, text};

/// As the demo declares its work: consumers publish to the waiting queues, which lead back.
pub async fn shop(rabbit: &Rabbit) {
    rabbit.exchange("payments", ExchangeKind::Topic).await;
    let quorum = || ("x-queue-type", text("quorum"));
    rabbit.queue("payment", &[quorum()]).await;
    rabbit
        .bind("payment", "payments", "payment.requested")
        .await;
    rabbit.queue("payment.dlq", &[quorum()]).await;
    for seconds in [1, 2, 4] {
        let arguments = [
            quorum(),
            ("x-message-ttl", number(seconds * 1000)),
            ("x-dead-letter-exchange", text("payments")),
            ("x-dead-letter-routing-key", text("payment.requested")),
            ("x-dead-letter-strategy", text("at-least-once")),
            ("x-overflow", text("reject-publish")),
        ];
        rabbit
            .queue(&format!("payment.retry.{seconds}s"), &arguments)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_retries_are_drawn_without_a_finding() {
    let rabbit = Rabbit::open("shop").await;
    shop(&rabbit).await;
    let cluster = rabbit.cluster(json!({}));
    let observe = cluster.observe().unwrap();
    // A node that just started has not measured itself yet.
    let topology = wait::until("the node tells its memory", || async {
        let topology = observe.topology(PATIENCE).await.unwrap();
        let told = topology.nodes[0].used_memory_bytes.is_some();
        told.then_some(topology)
    })
    .await;
    let retries: Vec<_> = topology
        .routes
        .iter()
        .filter(|r| r.kind == RouteKind::Retry)
        .map(|r| {
            (
                r.from.as_str(),
                r.to.as_str(),
                r.guarantee.as_deref().unwrap(),
            )
        })
        .collect();
    let back = |from| (from, "payment", "at-least-once");
    assert_eq!(
        retries,
        [
            back("payment.retry.1s"),
            back("payment.retry.2s"),
            back("payment.retry.4s")
        ]
    );
    assert!(
        topology
            .routes
            .iter()
            .all(|r| r.kind != RouteKind::DeadLetter)
    );
    assert!(topology.destinations.iter().all(|d| d.findings.is_empty()));
    assert_eq!(
        queue(&topology, "payment.dlq").role,
        DestinationRole::DeadLetter
    );
    let ttl = queue(&topology, "payment.retry.2s").settings.iter();
    let ttl = ttl.clone().find(|s| s.name == "message-ttl").unwrap();
    assert_eq!(
        (ttl.value.as_deref(), ttl.source.as_str()),
        (Some("2000"), "argument x-message-ttl")
    );
    let bound = topology
        .routes
        .iter()
        .find(|r| r.kind == RouteKind::Binding)
        .unwrap();
    assert_eq!(
        (bound.from.as_str(), bound.to_kind),
        ("payments", DestinationKind::Queue)
    );
    assert!(topology.nodes[0].used_memory_bytes > Some(0));
    assert_eq!(topology.nodes[0].version, topology.version);
    assert!(cluster.addresses()[0].ends_with(topology.nodes[0].address.as_ref().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_dead_letters_are_flagged() {
    let rabbit = Rabbit::open("broken").await;
    let dead = |to: &str| ("x-dead-letter-exchange", text(to));
    let key = |key: &str| ("x-dead-letter-routing-key", text(key));
    let ttl = || ("x-message-ttl", number(60_000));
    rabbit.exchange("dlx", ExchangeKind::Direct).await;
    rabbit.exchange("by-header", ExchangeKind::Headers).await;
    rabbit.queue("no-exchange", &[dead("gone")]).await;
    rabbit.queue("no-queue", &[dead(""), key("gone")]).await;
    rabbit
        .queue("unrouted", &[dead("dlx"), key("nobody")])
        .await;
    rabbit.queue("a", &[dead(""), key("b"), ttl()]).await;
    rabbit.queue("b", &[dead(""), key("a"), ttl()]).await;
    rabbit.queue("unknown", &[dead("by-header")]).await;
    rabbit.queue("by-policy", &[]).await;
    rabbit.queue("parked", &[]).await;
    rabbit.bind("parked", "dlx", "park").await;
    let definition =
        r#"{"dead-letter-exchange":"dlx","dead-letter-routing-key":"park","message-ttl":9000}"#;
    rabbit
        .ctl(&[
            "set_policy",
            "-p",
            &rabbit.vhost,
            "parking",
            "^by-policy$",
            definition,
        ])
        .await;
    let cap = r#"{"message-ttl":8000}"#;
    rabbit
        .ctl(&[
            "set_operator_policy",
            "-p",
            &rabbit.vhost,
            "cap",
            "^by-policy$",
            cap,
        ])
        .await;

    let cluster = rabbit.cluster(json!({}));
    let observe = cluster.observe().unwrap();
    // Policies show in a queue's statistics a moment after they were set.
    let topology = wait::until("the policies hold", || async {
        let topology = observe.topology(PATIENCE).await.unwrap();
        let settings = &queue(&topology, "by-policy").settings;
        let capped = settings.iter().any(|s| s.source == "operator policy cap");
        capped.then_some(topology)
    })
    .await;
    let found = |name: &str| queue(&topology, name).findings.first().map(|f| f.kind);
    assert_eq!(found("no-exchange"), Some(FindingKind::MissingTarget));
    assert_eq!(found("no-queue"), Some(FindingKind::MissingTarget));
    assert_eq!(found("unrouted"), Some(FindingKind::Unrouted));
    assert_eq!(
        (found("a"), found("b")),
        (Some(FindingKind::Loop), Some(FindingKind::Loop))
    );
    assert_eq!(
        (found("by-policy"), found("parked"), found("unknown")),
        (None, None, None)
    );
    let unknown = &queue(&topology, "unknown").unknown;
    assert!(
        unknown
            .iter()
            .any(|u| u.member == "routes" && u.why == Why::Unsupported)
    );
    let route = topology
        .routes
        .iter()
        .find(|r| r.from == "by-policy")
        .unwrap();
    assert_eq!(
        (route.to.as_str(), route.kind),
        ("parked", RouteKind::DeadLetter)
    );
    assert_eq!(route.guarantee.as_deref(), Some("at-most-once"));
    let settings = &queue(&topology, "by-policy").settings;
    let told = |name: &str| {
        let setting = settings.iter().find(|s| s.name == name).unwrap();
        (setting.value.clone().unwrap(), setting.source.clone())
    };
    assert_eq!(
        told("message-ttl"),
        ("8000".to_owned(), "operator policy cap".to_owned())
    );
    assert_eq!(
        told("dead-letter-exchange"),
        ("dlx".to_owned(), "policy parking".to_owned())
    );
}
