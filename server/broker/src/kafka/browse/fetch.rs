//! One Fetch: asks a leader for some of its partitions, as a consumer without a group would.
//!
//! `read_committed`: messages of aborted transactions are told apart, and those of a transaction
//! that is still open are not there yet – what a consumer that honours transactions will never see,
//! or not yet, is no stored message. No session: id 0 with epoch -1 asks once in full and leaves
//! nothing at the broker (KIP-227).

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{AbortedTransaction, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};

use super::topic::{Topic, topic_name};
use super::trouble::Trouble;
use crate::kafka::wire::allowed::{NO_SESSION, NO_SESSION_EPOCH, READ_COMMITTED};

/// From this version on topics go by their ids (KIP-516).
const BY_ID: i16 = 13;

/// What one answer may bring. A broker gives one whole batch at least, however large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) bytes: i32,
    pub(super) bytes_per_partition: i32,
    /// How long the broker may wait for a first byte.
    pub(super) wait: Duration,
}

/// `wanted`: partitions with the offset to begin at, the most urgent first.
pub(super) fn request(
    version: i16,
    topic: &Topic,
    wanted: &[(i32, i64)],
    room: Room,
) -> FetchRequest {
    let partitions = wanted.iter().map(|(partition, from)| {
        FetchPartition::default()
            .with_partition(*partition)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(*from)
            .with_partition_max_bytes(room.bytes_per_partition)
    });
    let asked = FetchTopic::default().with_partitions(partitions.collect());
    let asked = match version >= BY_ID {
        true => asked.with_topic_id(topic.id),
        false => asked.with_topic(topic_name(&topic.name)),
    };
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(i32::try_from(room.wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(1)
        .with_max_bytes(room.bytes)
        .with_isolation_level(READ_COMMITTED)
        .with_session_id(NO_SESSION)
        .with_session_epoch(NO_SESSION_EPOCH)
        .with_topics(vec![asked])
}

/// What a leader told of one partition.
pub(super) struct Fetched {
    pub(super) partition: i32,
    pub(super) trouble: Option<Trouble>,
    /// After the last that is committed.
    pub(super) end: Option<i64>,
    pub(super) aborted: Vec<AbortedTransaction>,
    pub(super) records: Bytes,
}

/// Of the partitions asked, each at most once.
///
/// # Errors
/// The answer as a whole says that something is wrong.
pub(super) fn told(
    answer: FetchResponse,
    topic: &Topic,
    wanted: &[(i32, i64)],
) -> Result<Vec<Fetched>, Trouble> {
    if let Some(trouble) = Trouble::of_code(answer.error_code) {
        return Err(trouble);
    }
    let mut open: Vec<i32> = wanted.iter().map(|(partition, _)| *partition).collect();
    let is_it = |name: &str, id| match name.is_empty() {
        true => id == topic.id,
        false => name == topic.name,
    };
    let mut fetched = Vec::new();
    for one in answer.responses {
        if !is_it(&one.topic, one.topic_id) {
            continue;
        }
        for data in one.partitions {
            if let Some(at) = open.iter().position(|p| *p == data.partition_index) {
                open.swap_remove(at);
                fetched.push(of_partition(data));
            }
        }
    }
    Ok(fetched)
}

fn of_partition(data: PartitionData) -> Fetched {
    let ends = [data.last_stable_offset, data.high_watermark];
    Fetched {
        partition: data.partition_index,
        trouble: Trouble::of_code(data.error_code),
        end: ends.into_iter().find(|end| *end >= 0),
        aborted: data.aborted_transactions.unwrap_or_default(),
        records: data.records.unwrap_or_default(),
    }
}
