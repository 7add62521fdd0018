//! Queues and streams.

use std::collections::BTreeSet;

use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{
    Destination, DestinationKind, Finding, FindingKind, Partition, Setting, Topology, Unknown,
};

use super::super::answers::Queue;
use super::super::dead_letters::Derived;
use super::super::policy::Policies;
use super::super::settings::VhostFilter;
use super::{Known, missing, unsupported};

/// What a queue of which the node is down is said to be: it is not deleted, although the broker
/// answers as if it were.
pub(in super::super) const NODE_DOWN: &str = "node down";

pub(super) fn destinations(
    queues: &[Queue],
    policies: &Policies,
    derived: &mut Derived,
    (known, stopped): (&Known, &BTreeSet<&str>),
    topology: &mut Topology,
) {
    for queue in queues {
        let (Some(vhost), Some(name)) = (queue.vhost.clone(), queue.name.clone()) else {
            continue;
        };
        let key = (vhost, name);
        let is_down = queue.state.as_deref() == Some("down")
            && queue
                .node
                .as_deref()
                .is_some_and(|node| stopped.contains(node));
        // The list still names it, without most of what was known: see `of_stopped_nodes`.
        if is_down && known.contains_key(&key) {
            continue;
        }
        let mut findings = derived.findings.remove(&key).unwrap_or_default();
        let partition = partition(queue);
        findings.extend(replicas(queue, &partition));
        let mut unknown = unknown(queue);
        unknown.extend(derived.unknown.remove(&key).unwrap_or_default());
        topology.destinations.push(Destination {
            role: role(&key, derived),
            namespace: Some(key.0),
            name: key.1,
            kind: match queue.kind.as_deref() {
                Some("stream") => DestinationKind::Stream,
                _ => DestinationKind::Queue,
            },
            id: None,
            subtype: queue.kind.clone(),
            state: if is_down {
                Some(NODE_DOWN.to_owned())
            } else {
                queue.state.clone()
            },
            partitions: vec![partition],
            settings: settings(queue, policies),
            keeps_ms: None,
            keeps_bytes: None,
            consumers: queue.consumers,
            stored_bytes: queue.message_bytes,
            findings,
            unknown,
        });
    }
}

/// Queues of the last topology that are gone while all nodes that held them are down.
pub(super) fn of_stopped_nodes(
    known: &Known,
    stopped: &BTreeSet<&str>,
    filter: &VhostFilter,
    topology: &mut Topology,
) {
    let told: BTreeSet<(Option<&str>, &str)> = topology
        .destinations
        .iter()
        .map(|d| (d.namespace.as_deref(), d.name.as_str()))
        .collect();
    let hidden: Vec<Destination> = known
        .iter()
        .filter(|((vhost, name), queue)| {
            filter.takes(vhost)
                && !told.contains(&(Some(vhost.as_str()), name.as_str()))
                && queue
                    .partitions
                    .iter()
                    .all(|partition| is_down(partition, stopped))
        })
        .map(|(_, queue)| {
            let mut queue = queue.clone();
            queue.state = Some(NODE_DOWN.to_owned());
            queue.consumers = None;
            queue.stored_bytes = None;
            queue
                .unknown
                .retain(|u| !["state", "consumers", "stored_bytes"].contains(&u.member.as_str()));
            for member in ["consumers", "stored_bytes"] {
                queue.unknown.push(Unknown {
                    detail: Some("the node that holds the queue is down".to_owned()),
                    ..missing(member)
                });
            }
            queue
        })
        .collect();
    topology.destinations.extend(hidden);
}

fn is_down(partition: &Partition, stopped: &BTreeSet<&str>) -> bool {
    let mut holders = partition
        .leader
        .iter()
        .chain(&partition.replicas)
        .peekable();
    holders.peek().is_some() && holders.all(|node| stopped.contains(node.as_str()))
}

fn role(key: &(String, String), derived: &Derived) -> DestinationRole {
    match derived.roles.get(key) {
        Some(role) => *role,
        None => crate::roles::by_name(&key.1),
    }
}

/// A queue is one partition, named like it.
fn partition(queue: &Queue) -> Partition {
    let leader = queue.leader.clone().or_else(|| queue.node.clone());
    let mirrors = queue.slave_nodes.clone();
    let replicas = match (&queue.members, &mirrors) {
        (Some(members), _) => members.clone(),
        (None, Some(mirrors)) => leader.iter().chain(mirrors).cloned().collect(),
        (None, None) => leader.iter().cloned().collect(),
    };
    let offline = queue.online.as_ref().map(|online| {
        let off = replicas.iter().filter(|node| !online.contains(node));
        off.cloned().collect()
    });
    // Which members of a quorum hold everything is never told.
    let in_sync = match (&queue.synchronised_slave_nodes, &queue.members, &leader) {
        (Some(synchronised), None, Some(leader)) => Some(
            std::iter::once(leader)
                .chain(synchronised)
                .cloned()
                .collect(),
        ),
        _ => None,
    };
    let mut unknown = vec![unsupported("eligible"), unsupported("last_known_eligible")];
    if in_sync.is_none() {
        unknown.push(Unknown {
            detail: queue.members.as_ref().map(|_| {
                "which members are online is told here, how far each is only by rabbitmq-queues \
                 quorum_status"
                    .to_owned()
            }),
            ..unsupported("in_sync")
        });
    }
    if offline.is_none() {
        unknown.push(if queue.members.is_some() {
            missing("offline")
        } else {
            unsupported("offline")
        });
    }
    if leader.is_none() {
        unknown.push(missing("leader"));
    }
    if queue.message_bytes.is_none() {
        unknown.push(missing("stored_bytes"));
    }
    Partition {
        id: queue.name.clone().unwrap_or_default(),
        leader,
        replicas,
        in_sync,
        eligible: None,
        last_known_eligible: None,
        offline,
        stored_bytes: queue.message_bytes,
        unknown,
    }
}

fn replicas(queue: &Queue, partition: &Partition) -> Option<Finding> {
    let offline = partition.offline.as_ref().filter(|off| !off.is_empty())?;
    let online = partition.replicas.len().saturating_sub(offline.len());
    // A quorum queue and a stream need the majority of their members.
    let leaderless = queue.members.is_some() && online * 2 <= partition.replicas.len();
    let (kind, what) = if leaderless {
        (
            FindingKind::NoLeader,
            "fewer than a majority of members are online",
        )
    } else {
        (FindingKind::UnderReplicated, "members are offline")
    };
    Some(Finding {
        kind,
        detail: format!(
            "{what}: {} of {} are, without {}",
            online,
            partition.replicas.len(),
            offline.join(", ")
        ),
    })
}

fn settings(queue: &Queue, policies: &Policies) -> Vec<Setting> {
    let mut settings = policies.of_queue(queue).settings();
    for (name, told) in [
        ("durable", queue.durable),
        ("auto-delete", queue.auto_delete),
        ("exclusive", queue.exclusive),
    ] {
        if let Some(value) = told {
            settings.push(Setting {
                name: name.to_owned(),
                value: Some(value.to_string()),
                source: "queue".to_owned(),
            });
        }
    }
    settings
}

/// A quorum queue that was just declared, or changed its leader, tells little for some seconds.
fn unknown(queue: &Queue) -> Vec<Unknown> {
    let mut unknown = vec![unsupported("id")];
    for (member, told) in [
        ("subtype", queue.kind.is_some()),
        ("state", queue.state.is_some()),
        ("consumers", queue.consumers.is_some()),
        ("stored_bytes", queue.message_bytes.is_some()),
    ] {
        if !told {
            unknown.push(missing(member));
        }
    }
    if queue.effective_policy_definition.is_none() && queue.policy.is_none() {
        unknown.push(Unknown {
            detail: Some("policies are not told yet".to_owned()),
            ..missing("settings")
        });
    }
    unknown
}
