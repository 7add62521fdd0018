//! Consumers: the group of a queue is the queue.

use std::collections::BTreeMap;

use waybill_model::topology::{Group, Member, Topology, Unknown, Why};

use super::super::answers::{Consumer, Queue};
use super::super::failure::Failure;
use super::super::prometheus::QueueKey;
use super::super::settings::VhostFilter;
use super::unsupported;

pub(super) fn groups(
    queues: &Result<Vec<Queue>, Failure>,
    consumers: Result<Vec<Consumer>, Failure>,
    filter: &VhostFilter,
    topology: &mut Topology,
) {
    let mut groups: BTreeMap<QueueKey, Group> = BTreeMap::new();
    match queues {
        Ok(queues) => {
            for queue in queues {
                let (Some(vhost), Some(name)) = (&queue.vhost, &queue.name) else {
                    continue;
                };
                let mut group = group(vhost, name);
                if queue.kind.as_deref() == Some(STREAM) {
                    group.kind = STREAM.to_owned();
                }
                group.state = single_active(queue).then(|| "single active consumer".to_owned());
                group.consumer_capacity = capacity(queue);
                if group.consumer_capacity.is_none() {
                    group.unknown.push(without_capacity(queue));
                }
                if group.state.is_none() {
                    group.unknown.push(unsupported("state"));
                }
                groups.insert((vhost.clone(), name.clone()), group);
            }
        }
        Err(failure) => topology.unknown.push(failure.unknown("groups")),
    }
    match consumers {
        Ok(consumers) => {
            for group in groups.values_mut() {
                group.members = Some(Vec::new());
            }
            for consumer in consumers {
                add(consumer, filter, &mut groups);
            }
        }
        Err(failure) => {
            for group in groups.values_mut() {
                group.unknown.push(failure.unknown("members"));
            }
        }
    }
    topology.groups = groups.into_values().collect();
}

/// Of a queue that keeps what was consumed.
pub(super) const STREAM: &str = "stream";

fn group(vhost: &str, name: &str) -> Group {
    Group {
        name: name.to_owned(),
        namespace: Some(vhost.to_owned()),
        kind: "queue".to_owned(),
        unknown: vec![unsupported("coordinator")],
        ..Group::default()
    }
}

/// A queue without consumers has none, whatever number is written.
fn capacity(queue: &Queue) -> Option<f64> {
    let told = queue.consumer_capacity.or(queue.consumer_utilisation);
    let has_consumers = queue.consumers.is_some_and(|count| count > 0);
    told.filter(|share| has_consumers && (0.0..=1.0).contains(share))
}

fn without_capacity(queue: &Queue) -> Unknown {
    let (why, detail) = match (queue.kind.as_deref(), queue.consumers) {
        (Some(STREAM), _) => (Why::Unsupported, "streams do not measure it"),
        (_, Some(0)) => (Why::Missing, "it has no consumer"),
        _ => (Why::Missing, "not measured yet"),
    };
    Unknown {
        member: "consumer_capacity".to_owned(),
        why,
        detail: Some(detail.to_owned()),
    }
}

/// Of all consumers one is served, the others wait.
fn single_active(queue: &Queue) -> bool {
    let told = queue
        .single_active_consumer_tag
        .as_ref()
        .or(queue.single_active_consumer_ctag.as_ref());
    let asked = queue.arguments.get("x-single-active-consumer");
    told.is_some_and(|tag| !tag.is_empty()) || asked == Some(&serde_json::Value::Bool(true))
}

fn add(consumer: Consumer, filter: &VhostFilter, groups: &mut BTreeMap<QueueKey, Group>) {
    let Some(queue) = consumer.queue.filter(|queue| filter.takes(&queue.vhost)) else {
        return;
    };
    let key = (queue.vhost.clone(), queue.name.clone());
    // A consumer of a queue that was declared between two answers.
    let group = groups.entry(key).or_insert_with(|| Group {
        members: Some(Vec::new()),
        ..group(&queue.vhost, &queue.name)
    });
    let channel = consumer.channel_details.unwrap_or_default();
    let host = match (channel.peer_host, channel.peer_port) {
        (Some(host), Some(port)) => Some(format!("{host}:{port}")),
        (host, _) => host,
    };
    // Told as 0 where there is no limit.
    let prefetch = consumer.prefetch_count.filter(|count| *count > 0);
    if prefetch.is_none() && group.unknown.iter().all(|u| u.member != "members.prefetch") {
        group.unknown.push(Unknown {
            member: "members.prefetch".to_owned(),
            why: match consumer.prefetch_count {
                Some(_) => Why::Unsupported,
                None => Why::Missing,
            },
            detail: consumer
                .prefetch_count
                .map(|_| "a consumer has no limit".to_owned()),
        });
    }
    if let Some(members) = &mut group.members {
        members.push(Member {
            id: consumer.consumer_tag.unwrap_or_default(),
            client_id: channel.connection_name.or(channel.name),
            host,
            assigned: Some(vec![(queue.name.clone(), vec![queue.name])]),
            prefetch,
            ..Member::default()
        });
    }
}
