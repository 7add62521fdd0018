//! Groups of the first protocol, where the members themselves divide the work.

use kafka_protocol::messages::DescribeGroupsRequest;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;

use super::assignment;
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
        DescribeGroupsRequest::default().with_groups(ids(names))
    });
    Ok(asked.await?.groups.iter().map(read).collect())
}

fn read(group: &DescribedGroup) -> Described {
    let of_consumers = &*group.protocol_type == "consumer";
    let members = group.members.iter().map(|member| DescribedMember {
        id: &member.member_id,
        client_id: &member.client_id,
        host: &member.client_host,
        work: match of_consumers {
            true => assignment::decode_classic(&member.member_assignment),
            false => None,
        },
    });
    let outcome = Failure::check(group.error_code, group.error_message.as_deref());
    Described::of(&group.group_id, outcome, &group.group_state, members)
}
