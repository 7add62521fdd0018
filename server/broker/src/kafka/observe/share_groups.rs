//! Share groups (KIP-932): members take messages, not partitions, and a partition may be several
//! members' work.

use kafka_protocol::messages::ShareGroupDescribeRequest;
use kafka_protocol::messages::share_group_describe_response::{Assignment, DescribedGroup};

use super::assignment::{self, Assigned};
use super::groups::{Described, DescribedMember, ids};
use crate::kafka::client::Session;
use crate::kafka::wire::dial::Target;
use crate::kafka::wire::failure::Failure;

pub(super) async fn describe(
    session: &Session<'_>,
    target: &Target,
    names: &[&str],
) -> Result<Vec<Described>, Failure> {
    let asked = session.ask(target, |_| {
        ShareGroupDescribeRequest::default().with_group_ids(ids(names))
    });
    Ok(asked.await?.groups.iter().map(read).collect())
}

fn read(group: &DescribedGroup) -> Described {
    let members = group.members.iter().map(|member| DescribedMember {
        id: &member.member_id,
        client_id: &member.client_id,
        host: &member.client_host,
        work: Some(work(&member.assignment)),
    });
    let outcome = Failure::check(group.error_code, group.error_message.as_deref());
    Described::of(&group.group_id, outcome, &group.group_state, members)
}

fn work(assignment: &Assignment) -> Assigned {
    let topics = assignment.topic_partitions.iter();
    assignment::of_topics(
        topics.map(|topic| (topic.topic_name.as_str(), topic.partitions.as_slice())),
    )
}
