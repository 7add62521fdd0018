//! All commits of many groups, from the node that coordinates them: in one request from Kafka 3.0
//! on (KIP-709), before that one a group.

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{GroupId, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::client::Session;
use crate::kafka::wire::dial::Target;
use crate::kafka::wire::failure::Failure;

const BATCHED: i16 = 8;

pub(super) struct GroupCommits {
    pub(super) group: String,
    /// Of the group as a whole.
    pub(super) error: i16,
    pub(super) topics: Vec<TopicCommits>,
}

pub(super) struct TopicCommits {
    pub(super) topic: String,
    pub(super) partitions: Vec<PartitionCommit>,
}

pub(super) struct PartitionCommit {
    pub(super) partition: i32,
    pub(super) error: i16,
    /// Negative: none.
    pub(super) offset: i64,
}

pub(super) async fn fetch(
    session: &Session<'_>,
    target: &Target,
    groups: &[&str],
) -> Result<Vec<GroupCommits>, Failure> {
    if session.version::<OffsetFetchRequest>(target).await? >= BATCHED {
        return fetch_many(session, target, groups).await;
    }
    let mut fetched = Vec::with_capacity(groups.len());
    for group in groups {
        fetched.push(fetch_one(session, target, group).await?);
    }
    Ok(fetched)
}

async fn fetch_many(
    session: &Session<'_>,
    target: &Target,
    groups: &[&str],
) -> Result<Vec<GroupCommits>, Failure> {
    let asked = session.ask(target, |_| {
        let groups = groups.iter().map(|name| {
            OffsetFetchRequestGroup::default()
                .with_group_id(id(name))
                .with_member_epoch(-1)
                .with_topics(None)
        });
        // The encoder takes the old list only when it is empty, not when it is null.
        OffsetFetchRequest::default()
            .with_topics(Some(Vec::new()))
            .with_groups(groups.collect())
    });
    let answer = asked.await?;
    let groups = answer.groups.into_iter().map(|group| GroupCommits {
        group: group.group_id.to_string(),
        error: group.error_code,
        topics: group
            .topics
            .into_iter()
            .map(|topic| TopicCommits {
                topic: topic.name.to_string(),
                partitions: topic
                    .partitions
                    .iter()
                    .map(|p| commit(p.partition_index, p.error_code, p.committed_offset))
                    .collect(),
            })
            .collect(),
    });
    Ok(groups.collect())
}

async fn fetch_one(
    session: &Session<'_>,
    target: &Target,
    group: &str,
) -> Result<GroupCommits, Failure> {
    let asked = session.ask(target, |_| {
        OffsetFetchRequest::default()
            .with_group_id(id(group))
            .with_topics(None)
    });
    let answer = asked.await?;
    let topics = answer.topics.into_iter().map(|topic| TopicCommits {
        topic: topic.name.to_string(),
        partitions: topic
            .partitions
            .iter()
            .map(|p| commit(p.partition_index, p.error_code, p.committed_offset))
            .collect(),
    });
    Ok(GroupCommits {
        group: group.to_owned(),
        error: answer.error_code,
        topics: topics.collect(),
    })
}

fn commit(partition: i32, error: i16, offset: i64) -> PartitionCommit {
    PartitionCommit {
        partition,
        error,
        offset,
    }
}

fn id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}
