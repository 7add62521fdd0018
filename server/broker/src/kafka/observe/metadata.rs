//! Nodes, topics and partitions, from one request.

use std::collections::BTreeMap;

use kafka_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};

use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;
use crate::kafka::wire::failure::Failure;

/// What a broker says that was not asked for authorized operations, or does not know them.
pub(super) const NOT_TOLD: i32 = i32::MIN;
/// `AclOperation.READ`, as a bit of the authorized operations (KIP-430).
const READ_BIT: i32 = 1 << 3;

/// All topics that this user may see, and remembers where their leaders are.
pub(super) async fn read(session: &Session<'_>) -> Result<MetadataResponse, Failure> {
    let answer = ask(session, false).await?;
    session.client.learn_map(std::sync::Arc::new(map(&answer)));
    Ok(answer)
}

/// `with_rights`: each topic then says what this user may do with it.
pub(super) async fn ask(
    session: &Session<'_>,
    with_rights: bool,
) -> Result<MetadataResponse, Failure> {
    let asked = session.ask_any(|version| {
        MetadataRequest::default()
            .with_topics(None)
            .with_allow_auto_topic_creation(false)
            .with_include_topic_authorized_operations(with_rights && version >= 8)
    });
    let answer = asked.await?;
    Failure::check(answer.error_code, None)?;
    Ok(answer)
}

pub(in crate::kafka) fn map(answer: &MetadataResponse) -> ClusterMap {
    let leaders = |topic: &MetadataResponseTopic| {
        let partitions = topic.partitions.iter();
        partitions.map(|p| (p.partition_index, leader(p))).collect()
    };
    ClusterMap {
        nodes: answer
            .brokers
            .iter()
            .map(|broker| (broker.node_id.0, address(&broker.host, broker.port)))
            .collect(),
        topics: topics(answer)
            .map(|(name, topic)| (name.to_owned(), leaders(topic)))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// Topics that have a name and that the broker really describes.
pub(super) fn topics(
    answer: &MetadataResponse,
) -> impl Iterator<Item = (&str, &MetadataResponseTopic)> {
    answer
        .topics
        .iter()
        .filter(|topic| topic.error_code == 0)
        .filter_map(|topic| Some((topic.name.as_ref()?.as_str(), topic)))
}

/// `None`: it has none now. Brokers say -1.
pub(in crate::kafka) fn leader(partition: &MetadataResponsePartition) -> Option<i32> {
    Some(partition.leader_id.0).filter(|node| *node >= 0)
}

/// `None`: the broker was not asked, or does not know.
pub(in crate::kafka) fn may_read(topic: &MetadataResponseTopic) -> Option<bool> {
    let operations = topic.topic_authorized_operations;
    (operations != NOT_TOLD).then_some(operations & READ_BIT != 0)
}

/// IPv6 addresses are put in brackets, so that the port can be told.
pub(super) fn address(host: &str, port: i32) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}
