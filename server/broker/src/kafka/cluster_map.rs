//! What is remembered between two questions: where nodes, leaders and coordinators are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::wire::dial::Target;

/// From the last metadata.
#[derive(Clone, Debug, Default)]
pub(super) struct ClusterMap {
    /// `host:port` by node id.
    pub(super) nodes: BTreeMap<i32, String>,
    /// Leader by partition; `None`: it has none now.
    pub(super) topics: BTreeMap<String, BTreeMap<i32, Option<i32>>>,
}

/// From the last list of groups.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupMap {
    pub(super) groups: BTreeMap<String, KnownGroup>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct KnownGroup {
    pub(super) coordinator: i32,
    pub(super) kind: GroupKind,
    /// As listed, in the broker's words.
    pub(super) state: Option<String>,
    /// What its members are to read now.
    pub(super) assigned: BTreeMap<String, BTreeSet<i32>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupKind {
    #[default]
    Classic,
    /// KIP-848
    Consumer,
    /// KIP-932: no offset a partition.
    Share,
    /// Kafka Streams' own (KIP-1071), and what comes later.
    Other,
}

/// The oldest offset kept, by topic and partition.
pub(super) type Lows = HashMap<String, HashMap<i32, i64>>;

impl ClusterMap {
    pub(super) fn target(&self, node: i32) -> Option<Target> {
        self.nodes.get(&node).map(|address| Target {
            node: Some(node),
            address: address.clone(),
        })
    }

    /// Partitions by the node that leads them, and how many have no leader.
    pub(super) fn by_leader(&self) -> (BTreeMap<i32, BTreeMap<&str, Vec<i32>>>, usize) {
        let mut led: BTreeMap<i32, BTreeMap<&str, Vec<i32>>> = BTreeMap::new();
        let mut leaderless = 0;
        for (topic, partitions) in &self.topics {
            for (partition, leader) in partitions {
                match leader {
                    Some(leader) => {
                        let topics = led.entry(*leader).or_default();
                        topics.entry(topic).or_default().push(*partition);
                    }
                    None => leaderless += 1,
                }
            }
        }
        (led, leaderless)
    }
}

impl GroupMap {
    /// Names of groups with offsets, by the node that coordinates them.
    pub(super) fn by_coordinator(&self) -> BTreeMap<i32, Vec<&str>> {
        let mut by: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
        for (name, group) in &self.groups {
            if group.kind != GroupKind::Share {
                by.entry(group.coordinator).or_default().push(name);
            }
        }
        by
    }
}
