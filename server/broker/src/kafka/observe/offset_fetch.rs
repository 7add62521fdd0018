//! All commits of many groups, from the node that coordinates them: in one request from Kafka 3.0
//! on (KIP-709), before that one a group.

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{GroupId, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::client::Session;
use crate::kafka::wire::commits_answer::{BATCHED, GroupCommits};
use crate::kafka::wire::dial::Target;
use crate::kafka::wire::failure::Failure;

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
    Ok(asked.await?.groups)
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
    // The answer does not say whose it is.
    let told = asked.await?.groups.into_iter().next().unwrap_or_default();
    Ok(GroupCommits {
        group: group.to_owned(),
        ..told
    })
}

fn id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}
