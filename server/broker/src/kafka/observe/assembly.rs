//! Puts the answers together: what one of them lacks is unknown, with its reason, and the rest is
//! told all the same.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kafka_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, DescribeClusterResponse, MetadataResponse};
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{
    Destination, DestinationKind, Partition, Setting, Topology, Unknown, Why,
};

use super::configs::{self, MIN_IN_SYNC};
use super::eligible::{self, Eligible};
use super::error_lines::lines;
use super::groups::Groups;
use super::log_dirs::{self, NodeDisk};
use super::metadata::{leader, topics};
use super::partial::Partial;
use super::quorum::{self, Quorum};
use super::{findings, nodes};
use crate::adapter::Dialect;
use crate::kafka::dialect::KafkaDialect;
use crate::kafka::wire::failure::Failure;

pub(super) struct Parts {
    pub(super) metadata: MetadataResponse,
    pub(super) cluster: Result<DescribeClusterResponse, Failure>,
    pub(super) release: Result<Option<String>, Failure>,
    pub(super) quorum: Result<Quorum, Failure>,
    pub(super) eligible: Result<eligible::ByPartition, Failure>,
    pub(super) configs: configs::ByTopic,
    pub(super) disks: Partial<NodeDisk>,
    pub(super) groups: Groups,
}

pub(super) fn assemble(parts: Parts) -> Topology {
    let mut unknown = parts.groups.unknown.clone();
    let controller = controller(&parts, &mut unknown);
    unknown.extend(undescribed(&parts.metadata));
    let version = version(&parts, &mut unknown);
    let no_request = |member: &str| Unknown {
        member: member.into(),
        why: Why::Unsupported,
        detail: Some("no request asks for them".into()),
    };
    unknown.extend(["connections", "connection_states"].map(no_request));
    Topology {
        cluster_id: parts.metadata.cluster_id.as_ref().map(|id| id.to_string()),
        version,
        controller,
        connections: None,
        connection_states: None,
        nodes: nodes::of(&parts),
        destinations: topics(&parts.metadata)
            .map(|(name, topic)| destination(name, topic, &parts))
            .collect(),
        groups: parts.groups.groups,
        routes: Vec::new(),
        unknown,
    }
}

fn version(parts: &Parts, unknown: &mut Vec<Unknown>) -> Option<String> {
    match &parts.release {
        Ok(Some(release)) => return Some(release.clone()),
        Ok(None) => unknown.push(Unknown {
            member: "version".into(),
            why: Why::Unsupported,
            detail: Some("only clusters with KRaft controllers finalize a version".into()),
        }),
        Err(failure) => unknown.push(failure.unknown("version", quorum::RIGHT)),
    }
    None
}

fn controller(parts: &Parts, unknown: &mut Vec<Unknown>) -> Option<String> {
    match &parts.quorum {
        Ok(quorum) => quorum.leader.map(|node| node.to_string()),
        // Where there is no quorum ZooKeeper decides, and the metadata names the real one.
        Err(Failure::Unsupported { .. }) => Some(parts.metadata.controller_id.0)
            .filter(|node| *node >= 0)
            .map(|node| node.to_string()),
        Err(failure) => {
            unknown.push(failure.unknown("controller", quorum::RIGHT));
            None
        }
    }
}

/// Topics that are there and that the broker does not describe now: one line an error.
fn undescribed(metadata: &MetadataResponse) -> Vec<Unknown> {
    let wrong = metadata.topics.iter().filter(|topic| topic.error_code != 0);
    let errors = wrong.map(|topic| {
        (
            topic.error_code,
            topic.name.as_ref().map_or("", |name| name.as_str()),
        )
    });
    lines(errors, "topics", "destinations", super::heads::RIGHT)
}

fn destination(name: &str, topic: &MetadataResponseTopic, parts: &Parts) -> Destination {
    let mut partitions: Vec<&MetadataResponsePartition> = topic.partitions.iter().collect();
    partitions.sort_by_key(|partition| partition.partition_index);
    let mut destination = Destination {
        name: name.to_owned(),
        kind: DestinationKind::Topic,
        role: role(name, topic.is_internal),
        id: (!topic.topic_id.is_nil()).then(|| URL_SAFE_NO_PAD.encode(topic.topic_id.as_bytes())),
        partitions: partitions
            .into_iter()
            .map(|p| partition(name, p, parts))
            .collect(),
        ..Destination::default()
    };
    if destination.id.is_none() {
        destination
            .unknown
            .push(unsupported("id", "topics have ids from Kafka 2.8 on"));
    }
    destination
        .unknown
        .push(unsupported("consumers", "topics are read by groups"));
    let missing = |why, detail: Option<String>| Unknown {
        member: "settings".into(),
        why,
        detail,
    };
    match parts.configs.get(name) {
        Some(Ok(settings)) => {
            destination.settings = settings.clone();
            (destination.keeps_ms, destination.keeps_bytes) = configs::keeps(settings);
        }
        Some(Err(failure)) => destination
            .unknown
            .push(failure.unknown("settings", configs::RIGHT)),
        None => destination.unknown.push(missing(Why::Missing, None)),
    }
    // Of the leaders: what a reader would read from the beginning.
    let sizes = destination
        .partitions
        .iter()
        .map(|partition| partition.stored_bytes);
    destination.stored_bytes = sizes.sum();
    if destination.stored_bytes.is_none() {
        let mut why = destination.partitions.iter().flat_map(|p| &p.unknown);
        let why = why
            .find(|unknown| unknown.member == "stored_bytes")
            .cloned();
        destination.unknown.extend(why);
    }
    destination.findings = findings::of(&destination, min_in_sync(&destination.settings));
    destination
}

fn role(name: &str, is_internal: bool) -> DestinationRole {
    if is_internal {
        DestinationRole::Internal
    } else {
        KafkaDialect.destination_role(name)
    }
}

fn min_in_sync(settings: &[Setting]) -> Option<usize> {
    let setting = settings
        .iter()
        .find(|setting| setting.name == MIN_IN_SYNC)?;
    setting.value.as_ref()?.parse().ok()
}

fn partition(topic: &str, told: &MetadataResponsePartition, parts: &Parts) -> Partition {
    let index = told.partition_index;
    let mut partition = Partition {
        id: index.to_string(),
        leader: leader(told).map(|node| node.to_string()),
        replicas: names(&told.replica_nodes),
        in_sync: Some(names(&told.isr_nodes)),
        offline: Some(names(&told.offline_replicas)),
        ..Partition::default()
    };
    let all_in_sync = told.isr_nodes.len() >= told.replica_nodes.len();
    match &parts.eligible {
        Err(failure) => {
            partition
                .unknown
                .push(failure.unknown("eligible", super::heads::RIGHT));
            partition
                .unknown
                .push(failure.unknown("last_known_eligible", super::heads::RIGHT));
        }
        Ok(_) if all_in_sync => {
            partition.eligible = Some(Vec::new());
            partition.last_known_eligible = Some(Vec::new());
        }
        Ok(found) => {
            let found = found
                .get(&(topic.to_owned(), index))
                .cloned()
                .unwrap_or_default();
            tell_eligible(&mut partition, found);
        }
    }
    tell_size(&mut partition, topic, told, parts);
    partition
}

fn tell_eligible(partition: &mut Partition, found: Eligible) {
    let told = |ids: Vec<i32>| ids.iter().map(i32::to_string).collect::<Vec<_>>();
    partition.eligible = found.now.map(told);
    partition.last_known_eligible = found.last_known.map(told);
    for (member, is_told) in [
        ("eligible", partition.eligible.is_some()),
        (
            "last_known_eligible",
            partition.last_known_eligible.is_some(),
        ),
    ] {
        if !is_told {
            partition
                .unknown
                .push(unsupported(member, "this cluster keeps no such list"));
        }
    }
}

fn tell_size(
    partition: &mut Partition,
    topic: &str,
    told: &MetadataResponsePartition,
    parts: &Parts,
) {
    let Some(leader) = leader(told) else {
        partition.unknown.push(Unknown {
            member: "stored_bytes".into(),
            why: Why::Missing,
            detail: Some("it has no leader".into()),
        });
        return;
    };
    let disk = parts.disks.answers.iter().find(|(node, _)| *node == leader);
    let size = disk.and_then(|(_, disk)| disk.sizes.get(topic)?.get(&told.partition_index));
    partition.stored_bytes = size.copied();
    if size.is_none() {
        let failure = parts
            .disks
            .failures
            .iter()
            .find(|(node, _)| *node == leader);
        partition.unknown.push(match failure {
            Some((_, failure)) => failure.unknown("stored_bytes", log_dirs::RIGHT),
            None => Unknown {
                member: "stored_bytes".into(),
                why: Why::Missing,
                detail: None,
            },
        });
    }
}

fn unsupported(member: &str, detail: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::Unsupported,
        detail: Some(detail.to_owned()),
    }
}

fn names(nodes: &[BrokerId]) -> Vec<String> {
    nodes.iter().map(|node| node.0.to_string()).collect()
}

/// Partitions that each node leads.
pub(super) fn led(metadata: &MetadataResponse) -> BTreeMap<i32, u64> {
    let mut led = BTreeMap::new();
    for partition in topics(metadata).flat_map(|(_, topic)| &topic.partitions) {
        if let Some(leader) = leader(partition) {
            *led.entry(leader).or_default() += 1;
        }
    }
    led
}
