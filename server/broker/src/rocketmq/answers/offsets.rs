//! 43 GET_ALL_CONSUMER_OFFSET, of a broker: what all its groups have committed.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct AllOffsets {
    /// By `topic@group`, then by queue.
    pub offset_table: BTreeMap<String, BTreeMap<i32, i64>>,
}

/// What one group committed of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct Committed<'a> {
    pub group: &'a str,
    pub topic: &'a str,
    pub queues: &'a BTreeMap<i32, i64>,
}

impl AllOffsets {
    /// Topics have no `@`; a proxy keeps places of broadcast groups under `topic@group@…`, which
    /// are no positions of a group.
    pub(in crate::rocketmq) fn iter(&self) -> impl Iterator<Item = Committed<'_>> {
        self.offset_table.iter().filter_map(|(key, queues)| {
            let (topic, group) = key.split_once('@')?;
            let is_one = !topic.is_empty() && !group.is_empty() && !group.contains('@');
            is_one.then_some(Committed {
                group,
                topic,
                queues,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: AllOffsets =
            read(&recorded::body("broker/0043-GET_ALL_CONSUMER_OFFSET")).unwrap();
        let of = |group: &str| -> Vec<(&str, Vec<(i32, i64)>)> {
            let mine = told.iter().filter(|one| one.group == group);
            mine.map(|one| {
                (
                    one.topic,
                    one.queues.iter().map(|(q, o)| (*q, *o)).collect(),
                )
            })
            .collect()
        };
        assert_eq!(of("cg-frames"), [("lab-frames", vec![(0, 5), (1, 2)])]);
        assert_eq!(
            of("gcg-replay"),
            [
                ("%RETRY%gcg-replay_glab-replay", vec![(0, 2)]),
                ("glab-replay", vec![(0, 1)])
            ]
        );
        // Of a proxy: a broadcast group's own place.
        assert!(told.iter().all(|one| !one.group.contains("@broadcast")));
        assert!(of("CID_DefaultHeartBeatSyncerTopic").is_empty());
    }
}
