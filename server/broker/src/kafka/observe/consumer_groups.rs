//! Groups of the second protocol (KIP-848), where the broker divides the work.

use kafka_protocol::messages::consumer_group_describe_response::{Assignment, DescribedGroup};
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, GroupId};
use kafka_protocol::protocol::StrBytes;
use waybill_model::topology::Member;

use super::assignment::{self, Assigned};
use super::groups::Described;
use crate::kafka::client::Session;
use crate::kafka::wire::dial::Target;
use crate::kafka::wire::failure::Failure;

pub(super) async fn describe(
    session: &Session<'_>,
    target: &Target,
    names: &[&str],
) -> Result<Vec<Described>, Failure> {
    let asked = session.ask(target, |_| {
        let names = names
            .iter()
            .map(|name| GroupId(StrBytes::from_string((*name).to_owned())));
        ConsumerGroupDescribeRequest::default().with_group_ids(names.collect())
    });
    Ok(asked.await?.groups.iter().map(read).collect())
}

fn read(group: &DescribedGroup) -> Described {
    let mut assigned = Assigned::new();
    let members = group.members.iter().map(|member| {
        let own = partitions(&member.assignment);
        assignment::merge(&mut assigned, &own);
        Member {
            id: member.member_id.to_string(),
            client_id: Some(member.client_id.to_string()),
            host: Some(member.client_host.to_string()),
            assigned: Some(assignment::told(&own)),
            prefetch: None,
        }
    });
    let members = members.collect();
    Described {
        name: group.group_id.to_string(),
        outcome: Failure::check(group.error_code, group.error_message.as_deref()),
        state: group.group_state.to_string(),
        members,
        assigned,
    }
}

fn partitions(assignment: &Assignment) -> Assigned {
    let mut assigned = Assigned::new();
    for topic in &assignment.topic_partitions {
        let known = assigned.entry(topic.topic_name.to_string()).or_default();
        known.extend(&topic.partitions);
    }
    assigned
}
