//! The controllers of a KRaft cluster. Brokers name a random broker as controller to clients; only
//! the quorum says who really decides.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::{DescribeQuorumRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::metadata::address;
use crate::kafka::client::Session;
use crate::kafka::wire::failure::Failure;

pub(super) const RIGHT: &str = "Describe on Cluster";

pub(super) struct Quorum {
    /// `None`: there is no leader now.
    pub(super) leader: Option<i32>,
    pub(super) voters: BTreeSet<i32>,
    /// Addresses of controllers, where the broker tells them (Kafka 3.9 and later).
    pub(super) addresses: BTreeMap<i32, String>,
}

pub(super) async fn read(session: &Session<'_>) -> Result<Quorum, Failure> {
    let asked = session.ask_any(|_| {
        let topic = TopicData::default()
            .with_topic_name(TopicName(StrBytes::from_static_str("__cluster_metadata")))
            .with_partitions(vec![PartitionData::default().with_partition_index(0)]);
        DescribeQuorumRequest::default().with_topics(vec![topic])
    });
    let answer = asked.await?;
    Failure::check(answer.error_code, answer.error_message.as_deref())?;
    let partition = answer
        .topics
        .iter()
        .flat_map(|topic| &topic.partitions)
        .next();
    let partition = partition.ok_or(Failure::Unsupported { api: "quorum" })?;
    Failure::check(partition.error_code, partition.error_message.as_deref())?;
    let addresses = answer.nodes.iter().filter_map(|node| {
        let listener = node.listeners.first()?;
        Some((
            node.node_id.0,
            address(&listener.host, listener.port.into()),
        ))
    });
    Ok(Quorum {
        leader: Some(partition.leader_id.0).filter(|node| *node >= 0),
        voters: partition
            .current_voters
            .iter()
            .map(|voter| voter.replica_id.0)
            .collect(),
        addresses: addresses.collect(),
    })
}
