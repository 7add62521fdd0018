//! What pollers of two large clusters leave in the store, written there at once.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use waybill_model::cluster::PollState;
use waybill_model::judgement::{Cause, GroupJudgement, LagSource, PartitionJudgement, Verdict};
use waybill_model::messaging::DestinationRole;
use waybill_model::reading::PartitionPosition;
use waybill_model::time::Timestamp;
use waybill_model::topology::{
    Destination, DestinationKind, Group, Node, Partition, Setting, Topology,
};
use waybill_store::Store;
use waybill_store::readings::{GroupSample, ReadingBatch, ReadingRollup};
use waybill_store::topology::{DestinationLine, GroupLine, LineChanges};

pub const TOPICS: usize = 5_000;
pub const QUEUES: usize = 5_000;
pub const GROUPS: usize = 2_000;
pub const HISTORY_DAYS: i64 = 7;
const PARTITIONS: usize = 2;
/// Groups whose minutes of the last day are all there.
const WITH_MINUTES: usize = 200;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const AT_ONCE: usize = 20_000;

/// Nobody listens at their addresses.
pub fn configuration() -> Result<String> {
    let closed = || -> Result<u16> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        Ok(listener.local_addr()?.port())
    };
    Ok(format!(
        "[[cluster]]\nname = \"east\"\nbroker = \"kafka\"\n[cluster.settings]\nbootstrap = [\"127.0.0.1:{}\"]\n\
         [[cluster]]\nname = \"west\"\nbroker = \"rabbitmq\"\n[cluster.settings]\nmanagement = \"http://127.0.0.1:{}\"\n\
         user = \"bench\"\npassword = \"bench\"\n",
        closed()?,
        closed()?,
    ))
}

/// As a window of a query.
pub fn week() -> String {
    window(HISTORY_DAYS * 24 * HOUR_MS)
}

pub fn day() -> String {
    window(24 * HOUR_MS)
}

fn window(ms: i64) -> String {
    let now = now();
    format!("from={}&to={now}", now.plus_ms(-ms))
}

pub async fn fill(store: &Store) -> Result<()> {
    for cluster in ["east", "west"] {
        let topology = topology(cluster);
        let changes = lines(cluster, &topology);
        store.save_topology(cluster, &topology).await?;
        store.save_lines(cluster, &changes).await?;
        store.save_poll_state(&state(cluster)).await?;
        history(store, cluster, &changes).await?;
    }
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Timestamp::from_unix_millis(i64::try_from(ms).unwrap_or(0))
}

fn state(cluster: &str) -> PollState {
    PollState {
        cluster: cluster.to_owned(),
        system: system(cluster).to_owned(),
        interval_ms: 5_000,
        topology_every_ms: 60_000,
        topology_at: Some(now()),
        readings_at: Some(now()),
        refused: None,
        missing_rights: Some(Vec::new()),
    }
}

fn system(cluster: &str) -> &'static str {
    match cluster {
        "east" => "kafka",
        _ => "rabbitmq",
    }
}

fn topology(cluster: &str) -> Topology {
    let mut topology = Topology {
        cluster_id: Some("bench".into()),
        nodes: (1..=3).map(node).collect(),
        ..Topology::default()
    };
    if cluster == "east" {
        topology.destinations = (0..TOPICS).map(topic).collect();
        topology.groups = (0..GROUPS).map(group).collect();
    } else {
        topology.destinations = (0..QUEUES).map(queue).collect();
    }
    topology
}

fn node(id: usize) -> Node {
    Node {
        id: id.to_string(),
        running: Some(true),
        ..Node::default()
    }
}

fn topic(number: usize) -> Destination {
    let partition = |id: usize| Partition {
        id: id.to_string(),
        leader: Some("1".into()),
        replicas: ["1", "2", "3"].map(str::to_owned).into(),
        in_sync: Some(["1", "2", "3"].map(str::to_owned).into()),
        eligible: Some(Vec::new()),
        ..Partition::default()
    };
    let setting = |name: &str| Setting {
        name: name.to_owned(),
        value: Some("604800000".into()),
        source: "default".into(),
    };
    Destination {
        name: format!("topic-{number:04}"),
        kind: DestinationKind::Topic,
        partitions: (0..PARTITIONS).map(partition).collect(),
        settings: ["retention.ms", "cleanup.policy", "min.insync.replicas"]
            .map(setting)
            .into(),
        ..Destination::default()
    }
}

fn queue(number: usize) -> Destination {
    Destination {
        name: format!("queue-{number:04}"),
        namespace: Some("/".into()),
        kind: DestinationKind::Queue,
        subtype: Some("classic".into()),
        partitions: vec![Partition {
            id: format!("queue-{number:04}"),
            leader: Some("1".into()),
            ..Partition::default()
        }],
        ..Destination::default()
    }
}

fn group(number: usize) -> Group {
    Group {
        name: format!("group-{number:04}"),
        kind: "classic".into(),
        state: Some("Stable".into()),
        coordinator: Some("1".into()),
        members: Some(Vec::new()),
        ..Group::default()
    }
}

fn lines(cluster: &str, topology: &Topology) -> LineChanges {
    let destinations = topology.destinations.iter().enumerate();
    let groups = topology.groups.iter().enumerate();
    LineChanges {
        destinations: destinations
            .map(|(number, one)| destination_line(cluster, number, one))
            .collect(),
        groups: groups
            .map(|(number, one)| group_line(cluster, number, one))
            .collect(),
        ..LineChanges::default()
    }
}

fn destination_line(cluster: &str, number: usize, one: &Destination) -> DestinationLine {
    let number = number as u64;
    DestinationLine {
        cluster: cluster.to_owned(),
        system: system(cluster).to_owned(),
        namespace: one.namespace.clone(),
        name: one.name.clone(),
        kind: one.kind,
        role: DestinationRole::Origin,
        partitions: Some(one.partitions.len() as u64),
        depth_messages: Some(number * 7_919 % 100_000),
        lag_messages: (!number.is_multiple_of(10)).then_some(number * 104_729 % 50_000),
        in_per_s: Some((number % 500) as f64),
        out_per_s: Some((number % 400) as f64),
        consumers: Some(number % 8),
        stored_bytes: Some(number * 1_000),
        groups: 1,
        findings: 0,
        dead_letters: Some(Vec::new()),
        figures_at: None,
        missing_since: None,
        received_at: None,
        taken_at: None,
        held_since: None,
        all_taken: None,
        ends: Vec::new(),
    }
}

/// The first reads all topics, the others three.
/// As a poller leaves it of a group that stands on many partitions.
fn judged(number: usize) -> GroupJudgement {
    let now = now();
    let partition = |n: usize| PartitionJudgement {
        destination: format!("topic-{number:04}"),
        partition: n.to_string(),
        verdict: Verdict::Stalled,
        cause: Some(Cause::NoProgress),
        since: Some(now),
        committed: Some(1_000),
        member: Some(format!("consumer-{number:04}-member-{n}")),
        behind_since: Some(now),
        lag_source: Some(LagSource::HeadHistory),
        in_per_s: Some(12.5),
        out_per_s: Some(0.0),
        loss_at: Some(now),
        ..PartitionJudgement::default()
    };
    GroupJudgement {
        verdict: Verdict::Stalled,
        cause: Some(Cause::NoProgress),
        since: Some(now),
        behind_since: Some(now),
        lag_source: Some(LagSource::HeadHistory),
        partitions: (0..GroupJudgement::MOST_PARTITIONS)
            .map(partition)
            .collect(),
        ..GroupJudgement::default()
    }
}

fn group_line(cluster: &str, number: usize, one: &Group) -> GroupLine {
    let destinations: Vec<String> = match number {
        0 => (0..TOPICS).map(|n| format!("topic-{n:04}")).collect(),
        _ => (0..3)
            .map(|n| format!("topic-{:04}", (number * 3 + n) % TOPICS))
            .collect(),
    };
    let lag = match number {
        0 => 10_000_000,
        _ => number as u64 * 104_729 % 1_000_000,
    };
    GroupLine {
        cluster: cluster.to_owned(),
        system: system(cluster).to_owned(),
        namespace: None,
        name: one.name.clone(),
        kind: one.kind.clone(),
        state: one.state.clone(),
        coordinator: one.coordinator.clone(),
        members: Some(3),
        partitions: (destinations.len() * PARTITIONS) as u64,
        destinations,
        lag_messages: Some(lag),
        lag_known_messages: lag,
        unknown_partitions: 0,
        out_per_s: Some((number % 300) as f64),
        figures_at: None,
        missing_since: None,
        judged: Some(judged(number)),
    }
}

async fn history(store: &Store, cluster: &str, lines: &LineChanges) -> Result<()> {
    let now = now();
    let objects: Vec<i64> = match cluster {
        "east" => lines.groups.iter().map(GroupLine::key).collect(),
        _ => lines
            .destinations
            .iter()
            .map(DestinationLine::key)
            .collect(),
    };
    let samples = lines.groups.iter().map(|line| GroupSample {
        group: line.key(),
        at: now,
        lag_messages: line.lag_messages,
        partitions: positions(line),
    });
    let minute = now.unix_millis() / MINUTE_MS;
    let read = (0..HISTORY_DAYS * 24 * 60).map(|back| (start(minute - back, MINUTE_MS), 12));
    let batch = ReadingBatch {
        samples: samples.collect(),
        read_minutes: read.collect(),
        ..ReadingBatch::default()
    };
    store.save_readings(cluster, &batch).await?;
    let hour = now.unix_millis() / HOUR_MS;
    let mut hours = Vec::new();
    let mut minutes = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        hours.extend((0..HISTORY_DAYS * 24).map(|back| rollup(*object, hour - back, HOUR_MS)));
        let back = match number < WITH_MINUTES {
            true => 24 * 60,
            false => 60,
        };
        minutes.extend((0..back).map(|back| rollup(*object, minute - back, MINUTE_MS)));
    }
    for hours in hours.chunks(AT_ONCE) {
        let batch = ReadingBatch {
            hours: hours.to_vec(),
            ..ReadingBatch::default()
        };
        store.save_readings(cluster, &batch).await?;
    }
    for minutes in minutes.chunks(AT_ONCE) {
        let batch = ReadingBatch {
            minutes: minutes.to_vec(),
            ..ReadingBatch::default()
        };
        store.save_readings(cluster, &batch).await?;
    }
    Ok(())
}

fn start(number: i64, unit_ms: i64) -> Timestamp {
    Timestamp::from_unix_millis(number * unit_ms)
}

fn rollup(object: i64, number: i64, unit_ms: i64) -> ReadingRollup {
    let value = (object.rem_euclid(1_000) + number) % 5_000;
    ReadingRollup {
        object,
        start: start(number, unit_ms),
        least: Some(value),
        greatest: Some(value + 100),
        last: Some(value + 50),
        received: Some(1_000),
        removed: Some(990),
    }
}

fn positions(line: &GroupLine) -> Vec<PartitionPosition> {
    let each = line.lag_known_messages / line.partitions.max(1);
    let position = |destination: &String, partition: usize| PartitionPosition {
        destination: destination.clone(),
        partition: partition.to_string(),
        committed: Some(1_000_000),
        head: Some(1_000_000 + each as i64),
        lag_messages: Some(each),
        gap: None,
    };
    let all = line.destinations.iter();
    all.flat_map(|name| (0..PARTITIONS).map(move |partition| position(name, partition)))
        .collect()
}
