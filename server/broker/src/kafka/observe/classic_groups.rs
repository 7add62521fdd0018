//! Groups of the first protocol, where the members themselves divide the work.

use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::{DescribeGroupsRequest, GroupId};
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
        DescribeGroupsRequest::default().with_groups(names.collect())
    });
    Ok(asked.await?.groups.iter().map(read).collect())
}

fn read(group: &DescribedGroup) -> Described {
    let mut assigned = Assigned::new();
    let of_consumers = &*group.protocol_type == "consumer";
    let members = group.members.iter().map(|member| {
        let own = match of_consumers {
            true => assignment::decode_classic(&member.member_assignment),
            false => None,
        };
        if let Some(own) = &own {
            assignment::merge(&mut assigned, own);
        }
        Member {
            id: member.member_id.to_string(),
            client_id: Some(member.client_id.to_string()),
            host: Some(member.client_host.to_string()),
            assigned: own.as_ref().map(assignment::told),
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
