//! How many questions a reading costs, whatever the numbers of topics and groups; and what is told
//! where some of them are refused.

use std::collections::BTreeMap;
use std::time::Duration;

use waybill_model::topology::{Readings, Why};

use super::heads::QUIET_AT_ONCE;
use super::peer::{Peer, State};
use crate::adapter::Observe;
use crate::conformance;

const PATIENCE: Duration = Duration::from_secs(60);
const TOPICS: usize = 1_000;
const GROUPS: usize = 500;

/// A thousand topics of two queues; each of five hundred groups reads one of them.
fn large() -> State {
    let name = |at: usize| format!("topic-{at:04}");
    let mut state = State {
        topics: (0..TOPICS).map(|at| (name(at), vec![3, 0])).collect(),
        log_end: 300_000,
        ..State::default()
    };
    state.groups = (0..GROUPS)
        .map(|at| ((format!("group-{at:03}"), name(at)), vec![1]))
        .collect();
    state
}

/// Topic, queue and end.
fn head(readings: &Readings, topic: &str, queue: u32) -> i64 {
    let partition = format!("broker-a:{queue}");
    let mut heads = readings.heads.iter();
    let head = heads.find(|head| head.destination == topic && head.partition == partition);
    head.unwrap().head
}

#[tokio::test]
async fn a_reading_costs_a_few_questions_whatever_the_numbers() {
    let peer = Peer::start(large()).await;
    let cluster = peer.cluster();
    let told = conformance::observe(&cluster, PATIENCE).await.unwrap();
    assert_eq!(told.topology.destinations.len(), TOPICS);
    assert_eq!(told.topology.groups.len(), GROUPS);
    assert_eq!(told.readings.heads.len(), 2 * TOPICS);
    assert_eq!(told.readings.commits.iter().count(), 2 * GROUPS);
    assert!(
        told.readings.unknown.is_empty(),
        "{:?}",
        told.readings.unknown
    );
    let disk = told.topology.nodes.iter().flat_map(|node| &node.alarms);
    assert!(
        disk.clone().any(|alarm| alarm.contains("91 % full")),
        "{disk:?}"
    );
    peer.asked();
    let topic = &told.topology.destinations[0];
    assert_eq!(topic.keeps_ms, Some(48 * 3_600_000));
    let value = |name: &str| {
        let mut settings = topic.settings.iter();
        settings.find(|setting| setting.name == name)?.value.clone()
    };
    assert_eq!(value("flushDiskType").as_deref(), Some("ASYNC_FLUSH"));
    assert_eq!(value("brokerRole").as_deref(), Some("SYNC_MASTER"));
    assert_eq!(value("secretKey"), None);

    // Nothing was written: three questions.
    let idle = cluster.readings(PATIENCE).await.unwrap();
    assert_eq!(peer.asked(), BTreeMap::from([(28, 1), (43, 1), (106, 1)]));
    assert_eq!(idle.heads.len(), 2 * TOPICS);

    // Every topic with a group moved: one more, and a few topics that nobody reads.
    for at in 0..GROUPS {
        peer.state().send(&format!("topic-{at:04}"), 0);
    }
    let moved = cluster.readings(PATIENCE).await.unwrap();
    let asked = peer.asked();
    assert_eq!(
        asked,
        BTreeMap::from([(28, 1), (43, 1), (106, 1), (202, QUIET_AT_ONCE), (317, 1)])
    );
    assert_eq!(
        conformance::readings(&told.topology, &moved),
        Vec::<String>::new()
    );
    for at in 0..GROUPS {
        assert_eq!(head(&moved, &format!("topic-{at:04}"), 0), 4);
    }

    // One that nobody reads is found within as many readings as it takes to ask for all of them.
    peer.state().send("topic-0999", 1);
    let most = (TOPICS - GROUPS).div_ceil(QUIET_AT_ONCE) + 1;
    let mut readings = 0;
    while head(&cluster.readings(PATIENCE).await.unwrap(), "topic-0999", 1) == 0 {
        readings += 1;
        assert!(readings <= most, "not within {most} readings");
    }
    // From then on it comes first: the next message is seen at once.
    peer.state().send("topic-0999", 1);
    let next = cluster.readings(PATIENCE).await.unwrap();
    assert_eq!(head(&next, "topic-0999", 1), 2);
}

#[tokio::test]
async fn a_queue_that_is_behind_the_log_is_asked_again() {
    let mut state = large();
    state.topics.retain(|topic, _| topic == "topic-0000");
    state.groups.retain(|(_, topic), _| topic == "topic-0000");
    state.behind_bytes = 100;
    let peer = Peer::start(state).await;
    let cluster = peer.cluster();
    cluster.topology(PATIENCE).await.unwrap();
    cluster.readings(PATIENCE).await.unwrap();
    // The message was in the log before; its queue hears of it now.
    peer.state().topics.get_mut("topic-0000").unwrap()[0] += 1;
    let told = cluster.readings(PATIENCE).await.unwrap();
    assert_eq!(head(&told, "topic-0000", 0), 4);
}

#[tokio::test]
async fn what_is_refused_is_named_and_the_rest_is_told() {
    let mut state = large();
    state
        .topics
        .retain(|topic, _| topic.as_str() < "topic-0010");
    state
        .groups
        .retain(|(_, topic), _| topic.as_str() < "topic-0010");
    state.forbidden = vec![28, 317];
    let peer = Peer::start(state).await;
    let cluster = peer.cluster();
    let told = conformance::observe(&cluster, PATIENCE).await.unwrap();
    assert_eq!(told.readings.heads.len(), 20, "asked topic by topic");
    let rights = cluster.missing_rights(PATIENCE).await.unwrap();
    assert_eq!(rights.len(), 2, "{rights:?}");
    for right in &rights {
        assert_eq!(right.right, "Get on Cluster");
        assert!(right.blank.contains("replaces"), "{}", right.blank);
        assert!(
            right.grant.contains("-r 'Cluster:lab' -a Get"),
            "{}",
            right.grant
        );
        assert!(right.grant.contains("-s 'User:reader'"), "{}", right.grant);
    }

    peer.state().forbidden = vec![26];
    let topology = cluster.topology(PATIENCE).await.unwrap();
    let topic = &topology.destinations[0];
    assert_eq!(topic.keeps_ms, None);
    for name in ["flushDiskType", "brokerRole", "fileReservedTime"] {
        let member = format!("settings.{name}");
        let unknown = topic.unknown.iter().find(|one| one.member == member);
        assert_eq!(unknown.unwrap().why, Why::Forbidden, "{member}");
    }

    peer.state().forbidden = vec![43, 202];
    let readings = cluster.readings(PATIENCE).await.unwrap();
    assert!(readings.commits.is_empty());
    let unknown = readings
        .unknown
        .iter()
        .find(|u| u.member == "commits")
        .unwrap();
    assert_eq!(unknown.why, Why::Forbidden);
    let rights = cluster.missing_rights(PATIENCE).await.unwrap();
    let all = rights
        .iter()
        .find(|right| right.right == "Get on Topic")
        .unwrap();
    assert!(all.grant.contains("-r 'Topic:*'"), "{}", all.grant);
}

#[tokio::test]
async fn a_broker_that_does_not_answer_leaves_its_own_queues_out() {
    let mut first = large();
    first.topics.retain(|topic, _| topic == "topic-0000");
    first.groups.retain(|(_, topic), _| topic == "topic-0000");
    let gone = Peer::start(State {
        topics: first.topics.clone(),
        groups: first.groups.clone(),
        log_end: 300,
        ..State::default()
    })
    .await;
    first.others = BTreeMap::from([("broker-b".to_owned(), gone.address.clone())]);
    let peer = Peer::start(first).await;
    let cluster = peer.cluster();
    let told = conformance::observe(&cluster, PATIENCE).await.unwrap();
    assert_eq!(told.readings.heads.len(), 4);
    drop(gone);
    for _ in 0..2 {
        let readings = cluster.readings(PATIENCE).await.unwrap();
        let brokers: Vec<&str> = readings
            .heads
            .iter()
            .map(|h| h.partition.as_str())
            .collect();
        assert_eq!(brokers, ["broker-a:0", "broker-a:1"]);
        assert!(
            readings
                .commits
                .iter()
                .all(|c| c.partition.starts_with("broker-a:"))
        );
        for member in ["heads", "commits"] {
            let unknown = readings
                .unknown
                .iter()
                .find(|u| u.member == member)
                .unwrap();
            assert_eq!(unknown.why, Why::Failed);
            assert!(
                unknown.detail.as_ref().unwrap().contains("broker-b"),
                "{unknown:?}"
            );
        }
    }
    // Listed still, or no more: its queues stay in the topology, without a master.
    for listed in [true, false] {
        if !listed {
            peer.state().others.clear();
        }
        let topology = cluster.topology(PATIENCE).await.unwrap();
        assert_eq!(conformance::topology(&topology), Vec::<String>::new());
        let partitions = &topology.destinations[0].partitions;
        let leaders: Vec<bool> = partitions.iter().map(|p| p.leader.is_some()).collect();
        assert_eq!(leaders, [true, true, false, false], "listed: {listed}");
        let node = topology
            .nodes
            .iter()
            .find(|n| n.id.starts_with("broker-b@"))
            .unwrap();
        assert_eq!(node.running, Some(false));
        assert!(!node.alarms.is_empty());
    }
}

#[tokio::test]
async fn nobody_there_is_a_refusal() {
    let peer = Peer::start(large()).await;
    let cluster = peer.cluster();
    drop(peer);
    let refused = conformance::refuses(&cluster, Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(refused.reason, crate::adapter::Reason::Unreachable);
}
