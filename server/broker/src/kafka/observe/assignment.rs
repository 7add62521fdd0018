//! What members of groups are to read.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ConsumerProtocolAssignment;
use kafka_protocol::protocol::Decodable;

use crate::kafka::wire;

/// Partitions by topic.
pub(super) type Assigned = BTreeMap<String, BTreeSet<i32>>;

/// The bytes that the leader of a classic group made for a member. `None`: they are not what
/// consumers write; groups of other kinds (Connect's workers) put there what they like.
pub(super) fn decode_classic(bytes: &Bytes) -> Option<Assigned> {
    let mut rest = bytes.clone();
    if rest.is_empty() {
        return Some(Assigned::new());
    }
    let version = (rest.remaining() >= 2).then(|| rest.get_i16())?;
    // Later versions only add to the end.
    wire::assignment().check_front(&rest).ok()?;
    let decoded = ConsumerProtocolAssignment::decode(&mut rest, version.clamp(0, 3)).ok()?;
    let topics = decoded.assigned_partitions.iter();
    Some(of_topics(topics.map(|topic| {
        (topic.topic.as_str(), topic.partitions.as_slice())
    })))
}

/// A topic may stand more than once.
pub(super) fn of_topics<'a>(topics: impl Iterator<Item = (&'a str, &'a [i32])>) -> Assigned {
    let mut assigned = Assigned::new();
    for (topic, partitions) in topics {
        assigned
            .entry(topic.to_owned())
            .or_default()
            .extend(partitions);
    }
    assigned
}

/// As the model tells it.
pub(super) fn told(assigned: &Assigned) -> Vec<(String, Vec<String>)> {
    assigned
        .iter()
        .map(|(topic, partitions)| {
            (
                topic.clone(),
                partitions.iter().map(i32::to_string).collect(),
            )
        })
        .collect()
}

pub(super) fn merge(into: &mut Assigned, more: &Assigned) {
    for (topic, partitions) in more {
        into.entry(topic.clone()).or_default().extend(partitions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_of_a_consumer() {
        let mut bytes = vec![0, 1, 0, 0, 0, 1, 0, 6];
        bytes.extend(b"orders");
        bytes.extend([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 255, 255, 255, 255]);
        let assigned = decode_classic(&Bytes::from(bytes.clone())).unwrap();
        assert_eq!(
            told(&assigned),
            [("orders".to_owned(), vec!["0".to_owned(), "7".to_owned()])]
        );
        assert_eq!(decode_classic(&Bytes::new()), Some(Assigned::new()));
        for cut in 1..bytes.len() {
            assert_eq!(
                decode_classic(&Bytes::copy_from_slice(&bytes[..cut])),
                None,
                "{cut}"
            );
        }
    }

    #[test]
    fn what_others_write_is_none() {
        assert_eq!(
            decode_classic(&Bytes::from_static(b"\0\x01{\"worker\": 1}")),
            None
        );
        assert_eq!(
            decode_classic(&Bytes::from_static(&[0, 0, 127, 255, 255, 255])),
            None
        );
    }
}
