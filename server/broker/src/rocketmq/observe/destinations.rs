//! Topics, each with the queues that every broker has of it.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{
    Destination, DestinationKind, Finding, FindingKind, Partition, Setting, Unknown, Why,
};

use super::brokers::Broker;
use super::replicas::Replicas;
use super::told::Told;
use super::{durable, names};
use crate::adapter::Dialect;
use crate::rocketmq::answers::topic_configs::{Permission, TopicConfig};
use crate::rocketmq::dialect::RocketDialect;

/// A broker and its replicas.
pub(super) type Replicated<'a> = (&'a Told, &'a Replicas);

pub(super) fn of(brokers: &[Replicated<'_>]) -> Vec<Destination> {
    let mut by_name: BTreeMap<&str, Vec<(Replicated<'_>, &TopicConfig)>> = BTreeMap::new();
    for broker in brokers {
        for (name, config) in broker.0.topics.told.iter().flat_map(|topics| topics.iter()) {
            by_name.entry(name).or_default().push((*broker, config));
        }
    }
    by_name
        .into_iter()
        .map(|(name, parts)| destination(name, &parts))
        .collect()
}

fn destination(name: &str, parts: &[(Replicated<'_>, &TopicConfig)]) -> Destination {
    let partitions = parts.iter().flat_map(|((told, replicas), config)| {
        (0..config.queues()).map(|queue| partition(told, replicas, queue))
    });
    let mut destination = Destination {
        name: name.to_owned(),
        kind: DestinationKind::Topic,
        role: role(name, parts),
        subtype: subtype(parts),
        partitions: partitions.collect(),
        settings: settings(parts),
        keeps_ms: durable::keeps_ms(parts),
        unknown: vec![
            unsupported("id", "topics have no id"),
            unsupported("consumers", "topics are read by groups"),
            unsupported("stored_bytes", "all topics of a broker share one log"),
        ],
        ..Destination::default()
    };
    let stale = parts.iter().filter_map(|((told, _), _)| {
        let failure = told.topics.failure.as_ref()?;
        Some(failure.unknown("settings", "List on Topic"))
    });
    let stale: BTreeSet<Unknown> = stale.collect();
    destination.unknown.extend(stale);
    destination.settings.extend(durable::settings(parts));
    destination.unknown.extend(durable::unknown(parts));
    destination.findings = findings(&destination.partitions);
    destination
}

/// Made by every broker for itself (`TopicValidator`), besides those that a name tells.
const OF_BROKERS: [&str; 7] = [
    "TBW102",
    "BenchmarkTest",
    "SELF_TEST_TOPIC",
    "OFFSET_MOVED_EVENT",
    "TRANS_CHECK_MAX_TIME_TOPIC",
    "CHECKPOINT_TOPIC",
    "DefaultHeartBeatSyncerTopic",
];

fn role(name: &str, parts: &[(Replicated<'_>, &TopicConfig)]) -> DestinationRole {
    let is_own = |(told, _): &Replicated<'_>| is_of_brokers(name, &told.broker);
    match parts.iter().any(|(replicated, _)| is_own(replicated)) {
        true => DestinationRole::Internal,
        false => RocketDialect.destination_role(name),
    }
}

/// Whether brokers made this topic for themselves. Brokers and clusters have one of their own name.
pub(super) fn is_of_brokers(name: &str, broker: &Broker) -> bool {
    let cluster = broker.cluster.as_deref().unwrap_or_default();
    let replies = name.strip_suffix("_REPLY_TOPIC");
    OF_BROKERS.contains(&name)
        || [broker.name.as_str(), cluster].contains(&name)
        || replies == Some(cluster)
        || RocketDialect.destination_role(name) == DestinationRole::Internal
}

/// Such as `FIFO`; from 5.0 on, where all brokers say the same.
fn subtype(parts: &[(Replicated<'_>, &TopicConfig)]) -> Option<String> {
    let types: BTreeSet<Option<&String>> = parts
        .iter()
        .map(|(_, config)| config.attributes.get("message.type"))
        .collect();
    match types.into_iter().collect::<Vec<_>>()[..] {
        [Some(only)] => Some(only.clone()),
        _ => None,
    }
}

fn partition(told: &Told, replicas: &Replicas, queue: u32) -> Partition {
    let broker = &told.broker.name;
    let name = |address: &String| names::replica(broker, address);
    let mut partition = Partition {
        id: names::partition(broker, queue),
        leader: replicas.leader.as_ref().map(name),
        replicas: replicas.ids(broker),
        offline: Some(replicas.offline(broker)),
        unknown: vec![
            unsupported("eligible", "a controller elects from those in sync"),
            unsupported(
                "last_known_eligible",
                "a controller elects from those in sync",
            ),
            unsupported("stored_bytes", "all queues of a broker share one log"),
        ],
        ..Partition::default()
    };
    match &replicas.in_sync {
        Ok(in_sync) => partition.in_sync = Some(in_sync.iter().map(name).collect()),
        Err(unknown) => partition.unknown.push(unknown.clone()),
    }
    partition
}

/// Where all brokers say the same, once; else with the brokers that say it.
fn settings(parts: &[(Replicated<'_>, &TopicConfig)]) -> Vec<Setting> {
    let mut told: BTreeMap<String, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for ((broker, _), config) in parts {
        for (name, value) in listed(config) {
            let by_value = told.entry(name).or_default();
            by_value
                .entry(value)
                .or_default()
                .push(broker.broker.name.as_str());
        }
    }
    let settings = told.into_iter().flat_map(|(name, by_value)| {
        by_value.into_iter().map(move |(value, brokers)| Setting {
            name: name.clone(),
            source: match brokers.len() == parts.len() {
                true => "topic".to_owned(),
                false => brokers.join(", "),
            },
            value: Some(value),
        })
    });
    settings.collect()
}

fn listed(config: &TopicConfig) -> Vec<(String, String)> {
    let of = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
    let own = [
        of("perm", config.perm.map(|perm| Permission(perm).words())),
        of(
            "readQueueNums",
            config.read_queue_nums.map(|n| n.to_string()),
        ),
        of(
            "writeQueueNums",
            config.write_queue_nums.map(|n| n.to_string()),
        ),
        of("order", config.order.map(|order| order.to_string())),
        of("topicFilterType", config.topic_filter_type.clone()),
    ];
    let attributes = config.attributes.iter();
    let attributes = attributes.map(|(name, value)| (name.clone(), value.clone()));
    own.into_iter().flatten().chain(attributes).collect()
}

fn findings(partitions: &[Partition]) -> Vec<Finding> {
    let leaderless = partitions.iter().filter(|p| p.leader.is_none()).count();
    let behind = partitions.iter().filter(|p| {
        let in_sync = p.in_sync.as_ref();
        in_sync.is_some_and(|in_sync| in_sync.len() < p.replicas.len())
    });
    let behind = behind.count();
    let of = |kind, count: usize, what: &str| {
        (count > 0).then(|| Finding {
            kind,
            detail: format!("{count} of {} queues {what}", partitions.len()),
        })
    };
    [
        of(
            FindingKind::NoLeader,
            leaderless,
            "have no master that answers",
        ),
        of(
            FindingKind::UnderReplicated,
            behind,
            "have replicas that are not in sync",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn unsupported(member: &str, detail: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::Unsupported,
        detail: Some(detail.to_owned()),
    }
}
