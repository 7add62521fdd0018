//! What a real RabbitMQ tells of its consumers, connections, members and readers of streams is what
//! its own API and tools say at the same moment.

use std::collections::BTreeMap;

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use serde_json::{Value, json};
use waybill_model::topology::{Group, Topology, Unknown, Why};
use waybill_tests::wait;

use super::rabbitmq::{PATIENCE, Rabbit, queue, text};

fn group<'a>(topology: &'a Topology, name: &str) -> &'a Group {
    let mut groups = topology.groups.iter();
    groups.find(|group| group.name == name).unwrap()
}

fn why(unknown: &[Unknown], member: &str) -> Option<(Why, String)> {
    let told = unknown.iter().find(|one| one.member == member)?;
    Some((told.why, told.detail.clone().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_flow_members_and_readers_of_streams_are_told_or_said_to_be_unknown() {
    let rabbit = Rabbit::open("consumers").await;
    let of_type = |kind: &str| [("x-queue-type", text(kind))];
    rabbit.queue("taken", &[]).await;
    rabbit.queue("alone", &[]).await;
    rabbit.queue("voted", &of_type("quorum")).await;
    rabbit.queue("log", &of_type("stream")).await;
    // A stream is read within a limit, and by acknowledging.
    let qos = BasicQosOptions::default();
    rabbit.channel.basic_qos(10, qos).await.unwrap();
    let mut consumers = Vec::new();
    for (name, tag) in [("taken", "taker"), ("log", "reader")] {
        let options = BasicConsumeOptions::default();
        let consumer = rabbit
            .channel
            .basic_consume(name.into(), tag.into(), options, FieldTable::default())
            .await;
        consumers.push(consumer.unwrap());
    }
    let cluster = rabbit.cluster(json!({}));
    let observe = cluster.observe().unwrap();
    let topology = wait::until("consumers are told", || async {
        let topology = observe.topology(PATIENCE).await.unwrap();
        let is_whole = group(&topology, "taken").consumer_capacity.is_some()
            && group(&topology, "log")
                .members
                .as_ref()
                .is_some_and(|m| !m.is_empty())
            && queue(&topology, "voted").partitions[0].offline.is_some();
        is_whole.then_some(topology)
    })
    .await;

    // The share that the broker's own API gives, and none without a consumer.
    let path = format!("queues/{}/taken", rabbit.vhost_in_path());
    let told = rabbit.api(&path).await;
    let capacity = group(&topology, "taken").consumer_capacity.unwrap();
    assert!((0.0..=1.0).contains(&capacity), "{capacity}");
    assert_eq!(
        told["consumer_capacity"].as_f64(),
        Some(capacity),
        "{told:#}"
    );
    assert_eq!(group(&topology, "alone").consumer_capacity, None);
    assert_eq!(
        why(&group(&topology, "alone").unknown, "consumer_capacity"),
        Some((Why::Missing, "it has no consumer".to_owned()))
    );

    // Members of a quorum, and that nobody tells here how far each is.
    let partition = &queue(&topology, "voted").partitions[0];
    let path = format!("queues/{}/voted", rabbit.vhost_in_path());
    let told = rabbit.api(&path).await;
    assert_eq!(json!(partition.replicas), told["members"], "{told:#}");
    assert_eq!(partition.offline.as_deref(), Some(&[][..]));
    let (reason, detail) = why(&partition.unknown, "in_sync").unwrap();
    assert_eq!(reason, Why::Unsupported);
    assert!(detail.contains("quorum_status"), "{detail}");

    // Who reads the stream over AMQP tells no offset: said, not zero.
    let log = group(&topology, "log");
    let reader = &log.members.as_ref().unwrap()[0];
    assert_eq!((reader.offset, reader.lag_messages), (None, None));
    let (reason, detail) = why(&log.unknown, "members.offset").unwrap();
    assert_eq!(reason, Why::Unsupported);
    // The plugin answered: it is not what is missing.
    let plugins = rabbit.ctl(&["status"]).await;
    let has_plugin = plugins.contains("rabbitmq_stream_management");
    assert_eq!(detail.contains("over AMQP"), has_plugin, "{detail}");

    // Connections of the whole node by state, at a moment at which nobody comes or goes.
    wait::until("the same connections", || async {
        let topology = observe.topology(PATIENCE).await.unwrap();
        let listed = rabbit.api("connections?columns=state").await;
        let mut states: BTreeMap<String, u64> = BTreeMap::new();
        for one in listed.as_array().unwrap() {
            let state = one.get("state").and_then(Value::as_str);
            *states
                .entry(state.unwrap_or("starting").to_owned())
                .or_default() += 1;
        }
        assert!(
            topology
                .unknown
                .iter()
                .all(|u| u.member != "connection_states")
        );
        (topology.connection_states == Some(states.clone()) && states.contains_key("running"))
            .then_some(())
    })
    .await;
    drop(consumers);
}
