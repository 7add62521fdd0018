//! What Waybill reads of a real RabbitMQ is what RabbitMQ's own tools say, and reading changes
//! nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::StreamExt as _;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use serde::Deserialize;
use serde_json::json;
use waybill_broker::adapter::{Observe, Reason};
use waybill_model::topology::{Readings, Why};
use waybill_tests::wait;

use super::rabbitmq::{PATIENCE, Rabbit, Recorder, queue, text};
use super::rabbitmq_dead_letters::shop;

const METRICS: &str = "metrics endpoints of the nodes";
/// Without control characters, which rabbitmqctl 3.10.8 writes wrongly. Without quotes and line
/// ends, which its metrics do not escape: no test of this run could read them then.
const HOSTILE: &str = "we'ird, {queue=x} <b>& ☃";

/// Ready, unacknowledged, consumers.
type Figures = BTreeMap<String, (Option<u64>, Option<u64>, Option<u64>)>;

#[derive(Deserialize)]
struct Listed {
    name: String,
    messages_ready: Option<u64>,
    messages_unacknowledged: Option<u64>,
    consumers: Option<u64>,
}

async fn by_rabbitmqctl(rabbit: &Rabbit) -> Figures {
    let columns = "name messages_ready messages_unacknowledged consumers";
    let mut arguments = vec!["list_queues", "--formatter", "json", "-p", &rabbit.vhost];
    arguments.extend(columns.split(' '));
    let listed: Vec<Listed> = serde_json::from_str(&rabbit.ctl(&arguments).await).unwrap();
    listed
        .into_iter()
        .map(|q| {
            (
                q.name,
                (q.messages_ready, q.messages_unacknowledged, q.consumers),
            )
        })
        .collect()
}

fn figures(readings: &Readings) -> Figures {
    readings
        .depths
        .iter()
        .map(|d| {
            (
                d.destination.clone(),
                (d.ready, d.unacknowledged, d.consumers),
            )
        })
        .collect()
}

/// Readings until one of this source equals what the tool says.
async fn agrees(rabbit: &Rabbit, observe: &dyn Observe, source: &str) -> Readings {
    let told = by_rabbitmqctl(rabbit).await;
    let began = Instant::now();
    let readings = wait::until(source, || async {
        let readings = observe.readings(PATIENCE).await.unwrap();
        let read = figures(&readings);
        let same = read == told && readings.source.as_deref() == Some(source);
        assert!(
            same || began.elapsed() < PATIENCE,
            "{:?}: {read:?} against {told:?}",
            readings.source
        );
        same.then_some(readings)
    })
    .await;
    // Nothing moved in between.
    assert_eq!(by_rabbitmqctl(rabbit).await, told);
    readings
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_equal_those_of_rabbitmqctl() {
    let rabbit = Rabbit::open("figures").await;
    rabbit.queue("classic", &[]).await;
    rabbit
        .queue("quorum", &[("x-queue-type", text("quorum"))])
        .await;
    rabbit
        .queue("empty", &[("x-queue-type", text("quorum"))])
        .await;
    rabbit.queue(HOSTILE, &[]).await;
    rabbit.publish("classic", 7).await;
    rabbit.publish("quorum", 5).await;
    rabbit.publish(HOSTILE, 2).await;
    let qos = BasicQosOptions::default();
    rabbit.channel.basic_qos(3, qos).await.unwrap();
    let mut consumer = rabbit
        .channel
        .basic_consume(
            "classic".into(),
            "reader".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    for _ in 0..3 {
        consumer.next().await.unwrap().unwrap();
    }
    // The tool itself says 0 of a quorum queue until the leader has counted.
    let told = wait::until("the tool tells the messages", || async {
        let told = by_rabbitmqctl(&rabbit).await;
        (told["quorum"].0 == Some(5)).then_some(told)
    })
    .await;
    assert_eq!(told["classic"], (Some(4), Some(3), Some(1)));

    let management = rabbit.cluster(json!({}));
    let observe = management.observe().unwrap();
    let topology = observe.topology(PATIENCE).await.unwrap();
    let readings = agrees(&rabbit, observe, "management API").await;
    let classic = readings
        .depths
        .iter()
        .find(|d| d.destination == "classic")
        .unwrap();
    let counters = wait::until("counters of the queue", || async {
        let readings = observe.readings(PATIENCE).await.unwrap();
        let mut depths = readings.depths.into_iter();
        let classic = depths.find(|d| d.destination == "classic").unwrap();
        (classic.published_total == Some(7) && classic.delivered_total == Some(3))
            .then_some(classic)
    })
    .await;
    assert_eq!(counters.acknowledged_total, Some(0));
    assert_eq!(classic.head_at, None);
    assert!(
        classic
            .unknown
            .iter()
            .any(|u| u.member == "head_at" && u.why == Why::Missing)
    );

    let metrics = rabbit.cluster(json!({"prometheus": rabbit.metrics()}));
    let by_metrics = metrics.observe().unwrap();
    by_metrics.topology(PATIENCE).await.unwrap();
    agrees(&rabbit, by_metrics, METRICS).await;

    let kinds: Vec<_> = ["classic", "quorum", HOSTILE]
        .map(|name| queue(&topology, name).subtype.clone().unwrap())
        .into();
    assert_eq!(kinds, ["classic", "quorum", "classic"]);
    let group = topology
        .groups
        .iter()
        .find(|g| g.name == "classic")
        .unwrap();
    let member = &group.members.as_ref().unwrap()[0];
    assert_eq!((member.id.as_str(), member.prefetch), ("reader", Some(3)));
    assert!(
        member.host.as_ref().unwrap().starts_with("127.0.0.1:"),
        "{member:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_quorum_queue_is_unknown_and_never_empty() {
    let rabbit = Rabbit::open("fresh").await;
    let cluster = rabbit.cluster(json!({"prometheus": rabbit.metrics()}));
    let observe = cluster.observe().unwrap();
    observe.topology(PATIENCE).await.unwrap();
    observe.readings(PATIENCE).await.unwrap();
    // Some seconds pass before its leader counts: until then the broker has no figures of it.
    rabbit
        .queue("fresh", &[("x-queue-type", text("quorum"))])
        .await;
    let topology = observe.topology(PATIENCE).await.unwrap();
    let told = queue(&topology, "fresh");
    assert_eq!(told.partitions[0].replicas.len(), 1);
    let readings = observe.readings(PATIENCE).await.unwrap();
    let depth = readings
        .depths
        .iter()
        .find(|d| d.destination == "fresh")
        .unwrap();
    if told.state.is_none() {
        assert!(
            told.unknown
                .iter()
                .any(|u| u.member == "state" && u.why == Why::Missing)
        );
    }
    match depth.ready {
        None => assert!(depth.unknown.iter().any(|u| u.member == "ready")),
        Some(ready) => assert_eq!(ready, 0, "it was told, and it is empty"),
    }
    rabbit.publish("fresh", 3).await;
    wait::until("the leader counts", || async {
        let readings = observe.readings(PATIENCE).await.unwrap();
        (figures(&readings)["fresh"].0 == Some(3)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_nothing_but_get() {
    let rabbit = Rabbit::open("get-only").await;
    shop(&rabbit).await;
    let api = Recorder::before(&rabbit.management).await;
    let metrics = Recorder::before(rabbit.metrics()).await;
    let cluster = rabbit.cluster(json!({"management": api.url, "prometheus": metrics.url}));
    let observe = cluster.observe().unwrap();
    observe.topology(PATIENCE).await.unwrap();
    for _ in 0..3 {
        observe.readings(PATIENCE).await.unwrap();
    }
    assert!(observe.missing_rights(PATIENCE).await.unwrap().is_empty());
    let asked = api.requests();
    // Topology 11, the counters of the first reading 1, rights 3; each reading asks the metrics, and
    // the totals in their place where a busy node is late with them.
    // Readers of streams are asked for where anybody's virtual host has one.
    let now_and_then = ["enable_queue_totals", "/api/stream/consumers"];
    let of_plan = asked
        .iter()
        .filter(|line| now_and_then.iter().all(|part| !line.contains(part)));
    assert_eq!(of_plan.count(), 15, "{asked:#?}");
    assert_eq!(metrics.requests().len(), 3);
    for line in asked.into_iter().chain(metrics.requests()) {
        assert!(
            line.starts_with("GET /") && line.ends_with(" HTTP/1.1"),
            "{line}"
        );
        assert!(!line.contains("/get"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_right_is_named_and_its_command_grants_it() {
    let rabbit = Rabbit::open("it's closed").await;
    shop(&rabbit).await;
    let user = format!("user {}", rabbit.vhost);
    rabbit.ctl(&["add_user", &user, "s3cret"]).await;
    let cluster = rabbit.cluster(json!({"user": user, "password": "s3cret"}));
    let observe = cluster.observe().unwrap();

    let error = observe.topology(PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Forbidden, "{error:?}");
    let rights = observe.missing_rights(PATIENCE).await.unwrap();
    assert_eq!(rights.len(), 1);
    assert!(rights[0].right.contains("monitoring"), "{rights:?}");

    // The tag management alone: no nodes, no virtual host.
    rabbit.ctl(&["set_user_tags", &user, "management"]).await;
    let topology = observe.topology(PATIENCE).await.unwrap();
    let forbidden = topology
        .unknown
        .iter()
        .find(|u| u.member == "nodes")
        .unwrap();
    assert_eq!(forbidden.why, Why::Forbidden);
    let rights = observe.missing_rights(PATIENCE).await.unwrap();
    assert_eq!(rights.len(), 2, "{rights:?}");
    assert!(rights[0].right.contains("monitoring") && rights[1].right.contains("virtual host"));
    for (given, right) in rights.iter().enumerate() {
        rabbit.paste(&right.grant).await;
        let left = observe.missing_rights(PATIENCE).await.unwrap();
        assert_eq!(left.len(), 1 - given, "{left:?}");
    }
    let topology = observe.topology(PATIENCE).await.unwrap();
    assert!(topology.destinations.iter().any(|d| d.name == "payment"));
    assert!(!topology.nodes.is_empty());

    rabbit.ctl(&["change_password", &user, "another"]).await;
    let error = observe.readings(PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::WrongCredentials, "{error:?}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_another_protocol_is_named() {
    let rabbit = Rabbit::open("amqp").await;
    let addresses = rabbit.cluster(json!({})).addresses();
    let url = format!("http://{}", addresses[0]);
    let cluster = rabbit.cluster(json!({"management": url}));
    let error = cluster
        .observe()
        .unwrap()
        .topology(PATIENCE)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::NotThisProtocol, "{error:?}");
    let page = rabbit.cluster(json!({"management": format!("{}/wrong/prefix", rabbit.management)}));
    let error = page
        .observe()
        .unwrap()
        .topology(PATIENCE)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::NotThisProtocol, "{error:?}");
}
