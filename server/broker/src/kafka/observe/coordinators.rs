//! Which node coordinates which groups, asked again when one says that it no longer does.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::client::Session;
use crate::kafka::wire::allowed::ReadOnly;
use crate::kafka::wire::failure::Failure;

const GROUP: i8 = 0;
/// From here on many groups are asked for in one request (KIP-699).
const BATCHED: i16 = 4;

/// The node by group; groups whose coordinator is not known now are absent. Only for groups that a
/// broker has listed: see [`crate::kafka::wire::allowed`].
pub(super) async fn find(
    session: &Session<'_>,
    groups: &[&str],
) -> Result<HashMap<String, i32>, Failure> {
    let mut found = HashMap::new();
    let mut left = groups;
    // The first request tells whether the others fit into it.
    while let Some((first, rest)) = left.split_first() {
        let asked = session.ask_any(|version| {
            if version >= BATCHED {
                let keys = left.iter().map(|name| text(name)).collect();
                FindCoordinatorRequest::default()
                    .with_key_type(GROUP)
                    .with_coordinator_keys(keys)
            } else {
                FindCoordinatorRequest::default()
                    .with_key_type(GROUP)
                    .with_key(text(first))
            }
        });
        let answer = asked.await?;
        if answer.coordinators.is_empty() {
            if answer.error_code == 0 {
                found.insert((*first).to_owned(), answer.node_id.0);
            }
            left = rest;
        } else {
            found.extend(batch(&answer));
            break;
        }
    }
    Ok(found)
}

fn batch(answer: &FindCoordinatorResponse) -> impl Iterator<Item = (String, i32)> {
    answer
        .coordinators
        .iter()
        .filter(|found| found.error_code == 0)
        .map(|found| (found.key.to_string(), found.node_id.0))
}

/// Groups by the node that was found.
pub(super) fn by_node<'a>(
    groups: &[&'a str],
    found: &HashMap<String, i32>,
) -> BTreeMap<i32, Vec<&'a str>> {
    let mut by: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for group in groups {
        if let Some(node) = found.get(*group) {
            by.entry(*node).or_default().push(group);
        }
    }
    by
}

fn text(name: &str) -> StrBytes {
    StrBytes::from_string(name.to_owned())
}

const _: () = assert!(FindCoordinatorRequest::API.highest >= BATCHED);
