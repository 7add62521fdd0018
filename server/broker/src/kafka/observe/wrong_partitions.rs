//! Partitions of an answer that have an error of their own.

use std::collections::{BTreeMap, HashSet};

use kafka_protocol::error::ResponseError;
use waybill_model::topology::{Unknown, Why};

use crate::kafka::wire::failure::{code_name, is_forbidden};

#[derive(Default)]
pub(super) struct WrongPartitions {
    by_code: BTreeMap<i16, BTreeMap<String, Vec<i32>>>,
}

impl WrongPartitions {
    pub(super) fn add(&mut self, topic: &str, partition: i32, code: i16) {
        let topics = self.by_code.entry(code).or_default();
        topics.entry(topic.to_owned()).or_default().push(partition);
    }

    /// Whether newer metadata may help.
    pub(super) fn moved(&self) -> bool {
        self.by_code.keys().any(|code| has_moved(*code))
    }

    pub(super) fn moved_partitions(&self) -> HashSet<(&str, i32)> {
        self.by_code
            .iter()
            .filter(|(code, _)| has_moved(**code))
            .flat_map(|(_, topics)| topics)
            .flat_map(|(topic, all)| all.iter().map(|partition| (topic.as_str(), *partition)))
            .collect()
    }

    /// After those that had moved were asked again.
    pub(super) fn without_moved(mut self, again: Self) -> Self {
        self.by_code.retain(|code, _| !has_moved(*code));
        for (code, topics) in again.by_code {
            let known = self.by_code.entry(code).or_default();
            for (topic, partitions) in topics {
                known.entry(topic).or_default().extend(partitions);
            }
        }
        self
    }

    /// One line an error, however many partitions have it.
    pub(super) fn unknown(&self, member: &str, right: &str) -> Vec<Unknown> {
        let line = |(code, topics): (&i16, &BTreeMap<String, Vec<i32>>)| {
            let count: usize = topics.values().map(Vec::len).sum();
            let first = topics
                .iter()
                .find_map(|(topic, all)| Some((topic, all.first()?)))?;
            let forbidden = ResponseError::try_from_code(*code).is_some_and(is_forbidden);
            let name = if forbidden {
                right.to_owned()
            } else {
                code_name(*code)
            };
            let (topic, partition) = first;
            Some(Unknown {
                member: member.to_owned(),
                why: if forbidden {
                    Why::Forbidden
                } else {
                    Why::Failed
                },
                detail: Some(format!(
                    "{name}: {count} partitions, such as {topic}-{partition}"
                )),
            })
        };
        self.by_code.iter().filter_map(line).collect()
    }
}

fn has_moved(code: i16) -> bool {
    use ResponseError as E;
    matches!(
        ResponseError::try_from_code(code),
        Some(
            E::NotLeaderOrFollower
                | E::LeaderNotAvailable
                | E::FencedLeaderEpoch
                | E::UnknownLeaderEpoch
                | E::UnknownTopicOrPartition
                | E::ReplicaNotAvailable
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_however_many_partitions_have_it() {
        let mut wrong = WrongPartitions::default();
        for partition in 0..1000 {
            wrong.add(
                "orders",
                partition,
                ResponseError::NotLeaderOrFollower.code(),
            );
        }
        wrong.add("secret", 3, ResponseError::TopicAuthorizationFailed.code());
        let lines = wrong.unknown("heads", "Describe on Topic");
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0].detail.as_deref(),
            Some("NOT_LEADER_OR_FOLLOWER: 1000 partitions, such as orders-0")
        );
        assert_eq!(lines[1].why, Why::Forbidden);
        assert!(wrong.moved());
        assert_eq!(wrong.moved_partitions().len(), 1000);
        let left = wrong.without_moved(WrongPartitions::default());
        assert_eq!(left.unknown("heads", "").len(), 1);
    }
}
