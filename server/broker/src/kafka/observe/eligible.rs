//! Replicas that may lead without loss although they are not in sync (KIP-966). A partition whose
//! replicas are all in sync has none by definition, so only topics with others are asked for.

use std::collections::HashMap;

use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::{BrokerId, DescribeTopicPartitionsRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::client::Session;
use crate::kafka::wire::failure::Failure;

/// Kafka's own limit by default.
const PARTITIONS_AT_ONCE: i32 = 2000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Eligible {
    /// `None`: this cluster keeps no such list.
    pub(super) now: Option<Vec<i32>>,
    pub(super) last_known: Option<Vec<i32>>,
}

pub(super) type ByPartition = HashMap<(String, i32), Eligible>;

/// `topics` in the order of their names, as the cursor asks for it.
pub(super) async fn read(session: &Session<'_>, topics: &[&str]) -> Result<ByPartition, Failure> {
    let mut found = ByPartition::new();
    let mut cursor: Option<Cursor> = None;
    if topics.is_empty() {
        return Ok(found);
    }
    loop {
        let asked = session.ask_any(|_| {
            let named = topics.iter().map(|topic| {
                TopicRequest::default()
                    .with_name(TopicName(StrBytes::from_string((*topic).to_owned())))
            });
            DescribeTopicPartitionsRequest::default()
                .with_topics(named.collect())
                .with_response_partition_limit(PARTITIONS_AT_ONCE)
                .with_cursor(cursor.clone())
        });
        let answer = asked.await?;
        let before = found.len();
        for topic in &answer.topics {
            let Some(name) = &topic.name else { continue };
            for partition in &topic.partitions {
                let eligible = Eligible {
                    now: ids(partition.eligible_leader_replicas.as_deref()),
                    last_known: ids(partition.last_known_elr.as_deref()),
                };
                found.insert((name.to_string(), partition.partition_index), eligible);
            }
        }
        match answer.next_cursor {
            // A broker that leads in circles is left.
            Some(next) if found.len() > before => {
                cursor = Some(
                    Cursor::default()
                        .with_topic_name(next.topic_name)
                        .with_partition_index(next.partition_index),
                );
            }
            _ => return Ok(found),
        }
    }
}

fn ids(nodes: Option<&[BrokerId]>) -> Option<Vec<i32>> {
    nodes.map(|nodes| nodes.iter().map(|node| node.0).collect())
}
