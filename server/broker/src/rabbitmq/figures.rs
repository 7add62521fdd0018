//! A reading of all queues, from the cheapest place that tells the truth.
//!
//! Measured on 3.10.8 with 1,000 queues, in milliseconds of the broker's CPU: the metrics endpoint
//! 4, `/api/queues` with few columns 57, `/api/queues` in full 174. The metrics endpoint has no
//! counters, so every now and then the management API is asked although it is dearer.
//!
//! The management API's totals without statistics (41 ms) are asked only where a broker keeps no
//! statistics: they answer 0 for a quorum queue whose leader has not counted yet, full or not
//! (seen on 3.10.8 for 8 s after a leader's node was killed).

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::time::Timestamp;
use waybill_model::topology::{Depth, Unknown, Why};

use super::answers::Counts;
use super::prometheus::{Exposition, Gauges, QueueKey};
use super::settings::VhostFilter;

/// Where figures were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Metrics,
    Management,
    /// The management API of a broker without statistics.
    Totals,
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics endpoints of the nodes",
            Self::Management => "management API",
            Self::Totals => "management API, totals without statistics",
        }
    }
}

const COUNTERS: [&str; 5] = [
    "published_total",
    "delivered_total",
    "acknowledged_total",
    "redelivered_total",
    "head_at",
];

/// What each node tells of the queues that it leads. Nothing of a queue that two nodes tell
/// differently: one of them led it before and does so for up to two minutes, in which the management
/// API adds the two up.
pub(super) fn joined(nodes: Vec<Exposition>) -> BTreeMap<QueueKey, Gauges> {
    let mut queues = BTreeMap::new();
    for node in nodes {
        for (key, gauges) in node.queues {
            let told = queues.entry(key).or_insert(gauges);
            if *told != gauges {
                *told = Gauges::default();
            }
        }
    }
    queues
}

/// What `depths` tell, with what a queue holds in the nodes' own words.
pub(super) fn corrected(depths: &mut [Depth], queues: &BTreeMap<QueueKey, Gauges>) {
    for depth in depths {
        let Some(vhost) = &depth.namespace else {
            continue;
        };
        let Some(gauges) = queues.get(&(vhost.clone(), depth.destination.clone())) else {
            continue;
        };
        for (member, value, told) in [
            ("ready", &mut depth.ready, gauges.ready),
            (
                "unacknowledged",
                &mut depth.unacknowledged,
                gauges.unacknowledged,
            ),
        ] {
            if told.is_none() && value.is_some() {
                depth.unknown.push(Unknown {
                    member: member.to_owned(),
                    why: Why::Missing,
                    detail: Some("two nodes tell it differently: its leader is new".to_owned()),
                });
            } else if told.is_some() {
                depth.unknown.retain(|unknown| unknown.member != member);
            }
            *value = told;
        }
    }
}

/// `known`: queues that the topology told; one of them that no node tells is not told, not empty.
pub(super) fn of_metrics<'a>(
    mut queues: BTreeMap<QueueKey, Gauges>,
    known: impl Iterator<Item = &'a QueueKey>,
    filter: &VhostFilter,
    at: Timestamp,
) -> Vec<Depth> {
    for key in known {
        if !queues.contains_key(key) {
            queues.insert(key.clone(), Gauges::default());
        }
    }
    queues
        .into_iter()
        .filter(|((vhost, _), _)| filter.takes(vhost))
        .map(|((vhost, name), gauges)| {
            let mut unknown = untold(&[
                ("ready", gauges.ready.is_some()),
                ("unacknowledged", gauges.unacknowledged.is_some()),
                ("consumers", gauges.consumers.is_some()),
            ]);
            unknown.extend(COUNTERS.map(not_asked));
            Depth {
                destination: name,
                namespace: Some(vhost),
                ready: gauges.ready,
                unacknowledged: gauges.unacknowledged,
                consumers: gauges.consumers,
                at,
                unknown,
                ..Depth::default()
            }
        })
        .collect()
}

/// `settling`: queues whose leader is new.
pub(super) fn of_management(
    queues: Vec<Counts>,
    place: Place,
    settling: &BTreeSet<QueueKey>,
    filter: &VhostFilter,
    at: Timestamp,
) -> Vec<Depth> {
    let depth = |queue: Counts| {
        let vhost = queue.vhost.clone().filter(|vhost| filter.takes(vhost))?;
        let name = queue.name.clone()?;
        let key = (vhost, name);
        // A queue that does not tell its consumers has not reported since its leader is new.
        let reports = place == Place::Totals || queue.consumers.is_some();
        let mut depth = match place {
            Place::Totals => total(&key, &queue, at),
            Place::Metrics | Place::Management => counted(&key, queue, at),
        };
        if settling.contains(&key) || !reports {
            disbelieve_zero(&mut depth);
        }
        Some(depth)
    };
    queues.into_iter().filter_map(depth).collect()
}

/// Whether the broker keeps no statistics, or only queues that have none yet.
pub(super) fn without_statistics(queues: &[Counts]) -> bool {
    !queues.is_empty() && queues.iter().all(|queue| queue.messages_ready.is_none())
}

/// A queue that the management API leaves out because its node is down.
pub(super) fn of_stopped_node(key: &QueueKey, at: Timestamp) -> Depth {
    let members = ["ready", "unacknowledged", "consumers"];
    let unknown = members.into_iter().chain(COUNTERS).map(|member| Unknown {
        member: member.to_owned(),
        why: Why::Missing,
        detail: Some("the node that holds the queue is down".to_owned()),
    });
    Depth {
        destination: key.1.clone(),
        namespace: Some(key.0.clone()),
        at,
        unknown: unknown.collect(),
        ..Depth::default()
    }
}

fn disbelieve_zero(depth: &mut Depth) {
    for (member, value) in [
        ("ready", &mut depth.ready),
        ("unacknowledged", &mut depth.unacknowledged),
    ] {
        if *value == Some(0) {
            *value = None;
            depth.unknown.push(Unknown {
                member: member.to_owned(),
                why: Why::Missing,
                detail: Some("a new leader has not counted yet".to_owned()),
            });
        }
    }
}

fn counted(key: &QueueKey, queue: Counts, at: Timestamp) -> Depth {
    let stats = queue.message_stats.unwrap_or_default();
    let head_at = queue
        .head_message_timestamp
        .and_then(|seconds| i64::try_from(seconds).ok())
        .map(|seconds| Timestamp::from_unix_millis(seconds.saturating_mul(1000)));
    // What went for good, acknowledged or taken without.
    let taken = [stats.deliver_no_ack, stats.get_no_ack];
    let taken: u64 = taken.into_iter().flatten().sum();
    let gone = match stats.ack {
        Some(acknowledged) => Some(acknowledged.saturating_add(taken)),
        None => Some(taken).filter(|taken| *taken > 0),
    };
    let unknown = untold(&[
        ("ready", queue.messages_ready.is_some()),
        ("unacknowledged", queue.messages_unacknowledged.is_some()),
        ("consumers", queue.consumers.is_some()),
        ("published_total", stats.publish.is_some()),
        ("delivered_total", stats.deliver_get.is_some()),
        ("acknowledged_total", gone.is_some()),
        ("redelivered_total", stats.redeliver.is_some()),
        ("head_at", head_at.is_some()),
    ]);
    Depth {
        destination: key.1.clone(),
        namespace: Some(key.0.clone()),
        ready: queue.messages_ready,
        unacknowledged: queue.messages_unacknowledged,
        consumers: queue.consumers,
        published_total: stats.publish,
        delivered_total: stats.deliver_get,
        acknowledged_total: gone,
        redelivered_total: stats.redeliver,
        head_at,
        at,
        unknown,
    }
}

fn total(key: &QueueKey, queue: &Counts, at: Timestamp) -> Depth {
    let empty = queue.messages_ready == Some(0) && queue.messages_unacknowledged == Some(0);
    // Either empty or not counted yet: the broker writes both alike.
    let told = !(empty && queue.kind.as_deref() == Some("quorum"));
    let ready = queue.messages_ready.filter(|_| told);
    let unacknowledged = queue.messages_unacknowledged.filter(|_| told);
    let mut unknown = untold(&[
        ("ready", ready.is_some()),
        ("unacknowledged", unacknowledged.is_some()),
    ]);
    unknown.push(not_asked("consumers"));
    unknown.extend(COUNTERS.map(not_asked));
    Depth {
        destination: key.1.clone(),
        namespace: Some(key.0.clone()),
        ready,
        unacknowledged,
        at,
        unknown,
        ..Depth::default()
    }
}

fn untold(members: &[(&str, bool)]) -> Vec<Unknown> {
    let untold = members.iter().filter(|(_, told)| !told);
    untold
        .map(|(member, _)| Unknown {
            member: (*member).to_owned(),
            why: Why::Missing,
            detail: None,
        })
        .collect()
}

fn not_asked(member: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::NotAsked,
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::prometheus;
    use super::*;

    fn key(name: &str) -> QueueKey {
        ("/".to_owned(), name.to_owned())
    }

    fn exposition(lines: &[(&str, u64)]) -> Exposition {
        let line = |(name, count): &(&str, u64)| {
            format!(
                "rabbitmq_detailed_queue_messages_ready{{vhost=\"/\",queue=\"{name}\"}} {count}\n"
            )
        };
        prometheus::read(&lines.iter().map(line).collect::<String>())
    }

    fn why(depth: &Depth, member: &str) -> Option<Why> {
        let told = depth.unknown.iter().find(|u| u.member == member);
        told.map(|u| u.why)
    }

    fn counts(value: serde_json::Value) -> Vec<Counts> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn nodes_add_up_and_a_contradiction_is_no_figure() {
        let all = joined(vec![
            exposition(&[("a", 1)]),
            exposition(&[("b", 2), ("a", 1)]),
        ]);
        assert_eq!((all.len(), all[&key("a")].ready), (2, Some(1)));
        let torn = joined(vec![
            exposition(&[("a", 1), ("b", 5)]),
            exposition(&[("a", 2)]),
        ]);
        assert_eq!(
            (torn[&key("a")].ready, torn[&key("b")].ready),
            (None, Some(5))
        );
        // In which the management API adds up.
        let at = Timestamp::from_unix_millis(5);
        let told = counts(serde_json::json!([
            {"vhost": "/", "name": "a", "messages_ready": 3, "consumers": 0},
            {"vhost": "/", "name": "b", "messages_ready": 10, "consumers": 0},
            {"vhost": "/", "name": "c", "messages_ready": 4, "consumers": 0},
        ]));
        let none = BTreeSet::new();
        let all = VhostFilter::default();
        let mut depths = of_management(told, Place::Management, &none, &all, at);
        corrected(&mut depths, &torn);
        let ready: Vec<_> = depths.iter().map(|depth| depth.ready).collect();
        assert_eq!(ready, [None, Some(5), Some(4)]);
        assert_eq!(why(&depths[0], "ready"), Some(Why::Missing));
    }

    #[test]
    fn a_queue_that_no_node_tells_is_unknown_and_not_empty() {
        let known = [key("fresh"), key("told")];
        let queues = joined(vec![exposition(&[("told", 4)])]);
        let at = Timestamp::from_unix_millis(5);
        let depths = of_metrics(queues, known.iter(), &VhostFilter::default(), at);
        assert_eq!(depths[0].ready, None);
        assert_eq!(why(&depths[0], "ready"), Some(Why::Missing));
        assert_eq!((depths[1].ready, depths[1].at), (Some(4), at));
        assert_eq!(why(&depths[1], "ready"), None);
        assert_eq!(why(&depths[1], "published_total"), Some(Why::NotAsked));
    }

    #[test]
    fn totals_tell_no_empty_quorum_queue() {
        let queues = counts(json!([
            {"name": "quorum", "vhost": "/", "type": "quorum", "messages_ready": 0, "messages_unacknowledged": 0},
            {"name": "full", "vhost": "/", "type": "quorum", "messages_ready": 0, "messages_unacknowledged": 2},
            {"name": "classic", "vhost": "/", "type": "classic", "messages_ready": 0, "messages_unacknowledged": 0},
        ]));
        let depths = of_management(
            queues,
            Place::Totals,
            &BTreeSet::new(),
            &VhostFilter::default(),
            Timestamp::EPOCH,
        );
        let ready: Vec<_> = depths.iter().map(|d| d.ready).collect();
        assert_eq!(ready, [None, Some(0), Some(0)]);
        assert_eq!(why(&depths[0], "ready"), Some(Why::Missing));
    }

    #[test]
    fn zeros_of_a_new_leader_are_not_believed() {
        let queues = counts(json!([
            {"name": "moved", "vhost": "/", "messages_ready": 0, "messages_unacknowledged": 2, "consumers": 0},
            {"name": "stayed", "vhost": "/", "messages_ready": 0, "consumers": 0},
            {"name": "silent", "vhost": "/", "messages_ready": 0, "messages_unacknowledged": 0},
        ]));
        let depths = of_management(
            queues,
            Place::Management,
            &BTreeSet::from([key("moved")]),
            &VhostFilter::default(),
            Timestamp::EPOCH,
        );
        assert_eq!((depths[0].ready, depths[0].unacknowledged), (None, Some(2)));
        assert_eq!(why(&depths[0], "ready"), Some(Why::Missing));
        assert_eq!(depths[1].ready, Some(0));
        assert_eq!((depths[2].ready, depths[2].unacknowledged), (None, None));
    }

    #[test]
    fn whether_statistics_are_kept() {
        let fresh = json!([{"name": "a", "vhost": "/"}]);
        assert!(without_statistics(&counts(fresh)));
        assert!(!without_statistics(&counts(
            json!([{"name": "a", "messages_ready": 0}, {"name": "b"}])
        )));
        assert!(!without_statistics(&[]));
    }
}
