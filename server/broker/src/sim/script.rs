//! What a simulated cluster tells, and short ways to write it.

use std::time::{Duration, Instant};

use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_model::topology::{
    Commit, Depth, Destination, DestinationKind, Group, Head, Member, Node, Partition, Readings,
    Topology, Unknown, Why,
};

use super::shelf::SimShelf;
use crate::adapter::{MissingRight, Refused};
use crate::browse::Shelf;

#[derive(Clone, Debug, Default)]
pub struct Script {
    pub topology: Topology,
    pub readings: Readings,
    /// What moves on by itself, reading by reading.
    pub flows: Vec<Flow>,
    pub missing_rights: Vec<MissingRight>,
    /// What is stored. A destination of the topology that has no shelf is not there to read.
    pub shelves: Vec<SimShelf>,
    /// What its clients wrote of their messages, oldest first; `None`: they write nothing.
    pub native_traces: Option<Vec<Span>>,
    /// Nobody knows where they are now.
    pub native_traces_away: bool,
    /// Before each message that is read.
    pub delay_per_message: Duration,
    /// Before each answer; longer than the asker's patience it is refused as too slow.
    pub delay: Duration,
    /// In place of any answer.
    pub refusal: Option<Refused>,
    /// Never answers, whatever the asker's patience: an adapter with a defect.
    pub hangs: bool,
}

/// One partition that messages come into at a steady rate, and one group that takes them.
#[derive(Clone, Debug)]
pub struct Flow {
    pub group: String,
    pub topic: String,
    pub partition: usize,
    /// Where end, position and oldest message were at the start.
    pub head: i64,
    pub committed: i64,
    pub low: i64,
    pub in_per_s: f64,
    pub out_per_s: f64,
    /// At which the oldest messages are dropped.
    pub dropped_per_s: f64,
    /// The group commits no more often.
    pub commits_every: Duration,
    pub start: Instant,
}

impl Flow {
    /// From now on, with nothing before and a commit at each reading.
    pub fn new(group: &str, topic: &str, in_per_s: f64, out_per_s: f64) -> Self {
        Self {
            group: group.to_owned(),
            topic: topic.to_owned(),
            partition: 0,
            head: 0,
            committed: 0,
            low: 0,
            in_per_s,
            out_per_s,
            dropped_per_s: 0.0,
            commits_every: Duration::ZERO,
            start: Instant::now(),
        }
    }

    /// End, position and oldest message at this time. Nothing beyond the end is taken.
    pub fn at(&self, now: Instant) -> (i64, i64, i64) {
        let passed = now.saturating_duration_since(self.start);
        let whole = |passed: Duration, per_s: f64| (passed.as_secs_f64() * per_s) as i64;
        let until = match self.commits_every.as_nanos() {
            0 => passed,
            every => {
                let times = passed.as_nanos() / every;
                let times = u32::try_from(times).unwrap_or(u32::MAX);
                self.commits_every.saturating_mul(times)
            }
        };
        let head = self.head + whole(passed, self.in_per_s);
        let then = self.head + whole(until, self.in_per_s);
        let committed = self.committed + whole(until, self.out_per_s);
        let low = self.low + whole(passed, self.dropped_per_s);
        (head, committed.min(then), low)
    }
}

/// How often each question was put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub topology: u64,
    pub readings: u64,
    pub missing_rights: u64,
    pub looks: u64,
    pub price: u64,
    pub read: u64,
    pub native_traces: u64,
}

fn unknown(member: &str, why: Why) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why,
        detail: None,
    }
}

impl Script {
    /// One node, and what was asked for: destinations with offsets, one group that reads them all.
    pub fn of_topics(topics: &[(&str, usize)], group: &str) -> Self {
        let mut script = Self::default();
        script.topology.version = Some("1.0".into());
        script.topology.nodes.push(node("n1"));
        for (name, partitions) in topics {
            script.topology.destinations.push(topic(name, *partitions));
            for at in 0..*partitions {
                script.readings.heads.push(head(name, at, 0));
                script.commit(group, name, at, Some(0));
            }
        }
        script.topology.groups.push(Group {
            name: group.to_owned(),
            kind: "simulated".into(),
            state: Some("stable".into()),
            coordinator: Some("n1".into()),
            members: Some(vec![Member {
                id: "m1".into(),
                ..Member::default()
            }]),
            ..Group::default()
        });
        script
    }

    /// One node and queues, each with its consumers as a group.
    pub fn of_queues(namespace: &str, queues: &[(&str, u64)]) -> Self {
        let mut script = Self::default();
        script.topology.version = Some("1.0".into());
        script.topology.nodes.push(node("n1"));
        for (name, ready) in queues {
            script.topology.destinations.push(queue(namespace, name));
            script.readings.depths.push(depth(namespace, name, *ready));
            script.topology.groups.push(Group {
                name: (*name).to_owned(),
                namespace: Some(namespace.to_owned()),
                kind: "queue".into(),
                members: Some(Vec::new()),
                unknown: vec![unknown("coordinator", Why::Unsupported)],
                ..Group::default()
            });
        }
        script
    }

    /// Of what is stored.
    pub fn shelf(&self, place: &Shelf) -> Option<&SimShelf> {
        self.shelves.iter().find(|one| one.shelf == *place)
    }

    pub fn shelf_mut(&mut self, place: &Shelf) -> Option<&mut SimShelf> {
        self.shelves.iter_mut().find(|one| one.shelf == *place)
    }

    pub fn commit(&mut self, group: &str, topic: &str, partition: usize, committed: Option<i64>) {
        self.readings.commits.put(Commit {
            group: group.to_owned(),
            destination: topic.to_owned(),
            partition: partition.to_string(),
            committed,
            at: Timestamp::EPOCH,
        });
    }

    /// Everything that flows, as it is at this time.
    pub(super) fn flow(&mut self, now: Instant) {
        for flow in self.flows.clone() {
            let (head, committed, low) = flow.at(now);
            self.commit(&flow.group, &flow.topic, flow.partition, Some(committed));
            self.head(&flow.topic, flow.partition, head);
            let partition = flow.partition.to_string();
            let same = |h: &&mut Head| h.destination == flow.topic && h.partition == partition;
            if let Some(head) = self.readings.heads.iter_mut().find(same) {
                head.low = Some(low);
            }
        }
    }

    pub fn head(&mut self, topic: &str, partition: usize, offset: i64) {
        let partition = partition.to_string();
        let same = |h: &&mut Head| h.destination == topic && h.partition == partition;
        if let Some(head) = self.readings.heads.iter_mut().find(same) {
            head.head = offset;
        }
    }
}

fn node(id: &str) -> Node {
    let untold = [
        "address",
        "version",
        "leads",
        "used_memory_bytes",
        "memory_limit_bytes",
        "free_disk_bytes",
        "stored_bytes",
        "uptime_ms",
    ];
    Node {
        id: id.to_owned(),
        running: Some(true),
        unknown: untold
            .map(|member| unknown(member, Why::Unsupported))
            .into(),
        ..Node::default()
    }
}

fn head(topic: &str, partition: usize, offset: i64) -> Head {
    Head {
        destination: topic.to_owned(),
        partition: partition.to_string(),
        head: offset,
        written: None,
        low: Some(0),
        at: Timestamp::EPOCH,
    }
}

pub fn partition(id: usize) -> Partition {
    Partition {
        id: id.to_string(),
        leader: Some("n1".into()),
        replicas: vec!["n1".into()],
        in_sync: Some(vec!["n1".into()]),
        unknown: ["eligible", "last_known_eligible", "offline", "stored_bytes"]
            .map(|member| unknown(member, Why::Unsupported))
            .into(),
        ..Partition::default()
    }
}

pub fn topic(name: &str, partitions: usize) -> Destination {
    Destination {
        name: name.to_owned(),
        kind: DestinationKind::Topic,
        id: Some(format!("id-of-{name}")),
        partitions: (0..partitions).map(partition).collect(),
        unknown: ["consumers", "stored_bytes"]
            .map(|member| unknown(member, Why::Unsupported))
            .into(),
        ..Destination::default()
    }
}

pub fn queue(namespace: &str, name: &str) -> Destination {
    Destination {
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        kind: DestinationKind::Queue,
        unknown: ["id", "consumers", "stored_bytes"]
            .map(|member| unknown(member, Why::Unsupported))
            .into(),
        ..Destination::default()
    }
}

pub fn depth(namespace: &str, name: &str, ready: u64) -> Depth {
    Depth {
        destination: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        ready: Some(ready),
        unacknowledged: Some(0),
        consumers: Some(1),
        unknown: [
            "published_total",
            "delivered_total",
            "acknowledged_total",
            "redelivered_total",
            "head_at",
        ]
        .map(|member| unknown(member, Why::Missing))
        .into(),
        ..Depth::default()
    }
}
