//! 317 GET_BROKER_CONSUME_STATS, of a broker: where the queues end that its groups read. Groups with
//! members tell only of topics that these subscribe to now.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{MessageQueue, pairs};

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct BrokerConsumeStats {
    /// Each a map of one group: its topics.
    pub consume_stats_list: Vec<BTreeMap<String, Vec<ConsumeStats>>>,
}

/// One group on one topic.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct ConsumeStats {
    #[serde(deserialize_with = "pairs::read")]
    pub offset_table: Vec<(MessageQueue, OffsetWrapper)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct OffsetWrapper {
    /// Of the next message.
    pub broker_offset: Option<i64>,
}

impl BrokerConsumeStats {
    /// A queue that several groups read stands once for each.
    pub(in crate::rocketmq) fn ends(&self) -> impl Iterator<Item = (&MessageQueue, i64)> {
        let topics = self.consume_stats_list.iter().flat_map(BTreeMap::values);
        let queues = topics.flatten().flat_map(|topic| &topic.offset_table);
        queues.filter_map(|(queue, told)| Some((queue, told.broker_offset?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: BrokerConsumeStats =
            read(&recorded::body("broker/0317-GET_BROKER_CONSUME_STATS")).unwrap();
        let of = |topic: &str| {
            let mut ends: Vec<_> = told
                .ends()
                .filter(|(queue, _)| queue.topic == topic)
                .map(|(queue, end)| (queue.queue_id, end))
                .collect();
            ends.sort_unstable();
            ends.dedup();
            ends
        };
        assert_eq!(of("lab-frames"), [(0, 5), (1, 2)]);
        assert_eq!(of("RMQ_SYS_TRANS_HALF_TOPIC"), [(0, 32)]);
    }
}
