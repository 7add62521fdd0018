//! 202 GET_TOPIC_STATS_INFO, of a broker: where its queues of one topic begin and end.

use serde::Deserialize;

use super::{MessageQueue, pairs};

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct TopicStats {
    #[serde(deserialize_with = "pairs::read")]
    pub offset_table: Vec<(MessageQueue, TopicOffset)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct TopicOffset {
    pub min_offset: Option<i64>,
    /// Of the next message.
    pub max_offset: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn recorded_answers() {
        let told: TopicStats = read(&recorded::body("broker/0202-GET_TOPIC_STATS_INFO")).unwrap();
        let ends: Vec<_> = told
            .offset_table
            .iter()
            .map(|(queue, told)| (queue.queue_id, told.min_offset, told.max_offset))
            .collect();
        assert_eq!(ends, [(0, Some(0), Some(5)), (1, Some(0), Some(2))]);
        let told: TopicStats =
            read(&recorded::body("broker/0202-GET_TOPIC_STATS_INFO-DLQ")).unwrap();
        assert_eq!(told.offset_table[0].0.topic, "%DLQ%cg-frames-dlq");
        // Before its first queue.
        let told: TopicStats = read(br#"{"offsetTable":{},"topicPutTps":0.0}"#).unwrap();
        assert_eq!(told, TopicStats::default());
    }
}
