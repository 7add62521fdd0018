//! Where figures are read: the metrics endpoints as far as they suffice, else the management API.

use serde_json::json;

use super::{PATIENCE, cluster, healthy};
use crate::adapter::Cluster;
use crate::rabbitmq::peer::{Answer, Peer};
use std::sync::Arc;

const METRICS: &str = "metrics endpoints of the nodes";
const MANAGEMENT: &str = "management API";

fn metrics(lines: &[(&str, u64)]) -> Answer {
    let line = |(queue, count): &(&str, u64)| {
        format!("rabbitmq_detailed_queue_messages_ready{{vhost=\"/\",queue=\"{queue}\"}} {count}\n")
    };
    let body: String = lines.iter().map(line).collect();
    Answer::Http(
        200,
        "content-type: text/plain; version=0.0.4\r\n",
        body.into_bytes(),
    )
}

fn nodes(count: usize) -> Answer {
    let nodes: Vec<_> = (0..count)
        .map(|n| json!({"name": format!("shop@mq{n}"), "running": true}))
        .collect();
    Answer::json(json!(nodes).to_string())
}

async fn management(node_count: usize) -> Peer {
    let queues =
        json!([{"name": "a", "vhost": "/", "messages_ready": 7}, {"name": "fresh", "vhost": "/"}]);
    Peer::start(healthy(&[
        ("nodes", nodes(node_count)),
        ("queues", Answer::json(queues.to_string())),
    ]))
    .await
}

fn with(management: &Peer, metrics: &[&Peer]) -> Arc<dyn Cluster> {
    let metrics: Vec<_> = metrics
        .iter()
        .map(|peer| format!("http://127.0.0.1:{}/metrics", peer.port))
        .collect();
    cluster(json!({
        "management": format!("http://127.0.0.1:{}", management.port), "user": "u", "password": "p",
        "prometheus": metrics,
    }))
}

/// After a topology and a first reading with counters: where the next is read, and what it says.
async fn next(cluster: &dyn Cluster) -> (String, Vec<(String, Option<u64>)>) {
    let observe = cluster.observe().unwrap();
    observe.topology(PATIENCE).await.unwrap();
    let first = observe.readings(PATIENCE).await.unwrap();
    assert_eq!(first.source.as_deref(), Some(MANAGEMENT));
    let second = observe.readings(PATIENCE).await.unwrap();
    let depths = second.depths.into_iter().map(|d| (d.destination, d.ready));
    (second.source.unwrap(), depths.collect())
}

#[tokio::test]
async fn all_nodes_tell_together() {
    let management = management(2).await;
    let one = Peer::start(|_: &str| metrics(&[("a", 1)])).await;
    let two = Peer::start(|_: &str| metrics(&[("b", 2)])).await;
    let cluster = with(&management, &[&one, &two]);
    let (source, depths) = next(&*cluster).await;
    assert_eq!(source, METRICS);
    assert_eq!(
        depths,
        [
            ("a".to_owned(), Some(1)),
            ("b".to_owned(), Some(2)),
            // Known, and not counted by its leader yet.
            ("fresh".to_owned(), None)
        ]
    );
    // Beside the counters too: what a queue holds its nodes tell best.
    let asked = "GET /metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count";
    assert_eq!(one.asked(), [asked, asked]);
}

#[tokio::test]
async fn fewer_addresses_than_nodes_do_not_suffice() {
    let management = management(2).await;
    let one = Peer::start(|_: &str| metrics(&[("a", 1)])).await;
    let cluster = with(&management, &[&one]);
    let (source, depths) = next(&*cluster).await;
    assert_eq!(source, MANAGEMENT);
    assert_eq!(depths[0], ("a".to_owned(), Some(7)));
    assert!(one.asked().is_empty());
}

#[tokio::test]
async fn what_two_nodes_tell_differently_is_unknown_wherever_it_is_read() {
    let management = management(2).await;
    let one = Peer::start(|_: &str| metrics(&[("a", 1)])).await;
    let other = Peer::start(|_: &str| metrics(&[("a", 2)])).await;
    let contradicts = with(&management, &[&one, &other]);
    let observe = contradicts.observe().unwrap();
    observe.topology(PATIENCE).await.unwrap();
    // With counters, then without.
    for source in [MANAGEMENT, METRICS] {
        let readings = observe.readings(PATIENCE).await.unwrap();
        assert_eq!(readings.source.as_deref(), Some(source));
        let mut depths = readings.depths.iter();
        let depth = depths.find(|depth| depth.destination == "a").unwrap();
        assert_eq!(depth.ready, None, "{source}");
    }
}

#[tokio::test]
async fn a_failure_is_left_for_the_management_api() {
    let management = management(2).await;
    let one = Peer::start(|_: &str| metrics(&[("a", 1)])).await;
    let old = Peer::start(|_: &str| Answer::Http(404, "", Vec::new())).await;
    let odd = Peer::start(|_: &str| {
        Answer::Http(
            200,
            "",
            b"rabbitmq_detailed_queue_messages_ready{vhost".to_vec(),
        )
    })
    .await;
    for failing in [&old, &odd] {
        let fails = with(&management, &[&one, failing]);
        assert_eq!(next(&*fails).await.0, MANAGEMENT);
        // And then it rests.
        let before = failing.asked().len();
        fails.observe().unwrap().readings(PATIENCE).await.unwrap();
        assert_eq!(failing.asked().len(), before);
    }
}

#[tokio::test]
async fn a_name_with_quotes_keeps_metrics_from_being_believed() {
    let queues = json!([{"name": "a\"} 1", "vhost": "/", "messages_ready": 7}]);
    let management = Peer::start(healthy(&[("queues", Answer::json(queues.to_string()))])).await;
    let one = Peer::start(|_: &str| metrics(&[("orders", 1)])).await;
    let cluster = with(&management, &[&one]);
    assert_eq!(next(&*cluster).await.0, MANAGEMENT);
    assert!(one.asked().is_empty());
}
