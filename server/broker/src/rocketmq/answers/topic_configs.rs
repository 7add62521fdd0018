//! 21 GET_ALL_TOPIC_CONFIG, of a broker: its topics.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct TopicConfigs {
    pub topic_config_table: BTreeMap<String, TopicConfig>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct TopicConfig {
    pub read_queue_nums: Option<u32>,
    pub write_queue_nums: Option<u32>,
    pub perm: Option<i32>,
    pub order: Option<bool>,
    pub topic_filter_type: Option<String>,
    /// Such as `message.type`; from 5.0 on.
    pub attributes: BTreeMap<String, String>,
}

/// Bits of `perm`. Source: `org.apache.rocketmq.common.constant.PermName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct Permission(pub i32);

impl Permission {
    pub(in crate::rocketmq) fn reads(self) -> bool {
        self.0 & 4 != 0
    }

    pub(in crate::rocketmq) fn writes(self) -> bool {
        self.0 & 2 != 0
    }

    /// As the console of the broker writes it.
    pub(in crate::rocketmq) fn words(self) -> String {
        let letter = |is_so, letter| if is_so { letter } else { '-' };
        [letter(self.reads(), 'R'), letter(self.writes(), 'W')]
            .iter()
            .collect()
    }
}

impl TopicConfig {
    /// Queues that may hold messages: one that is no longer written may still be read.
    pub(in crate::rocketmq) fn queues(&self) -> u32 {
        let written = self.write_queue_nums.unwrap_or_default();
        // A count comes from the broker; no broker has more.
        self.read_queue_nums
            .unwrap_or_default()
            .max(written)
            .min(MOST_QUEUES)
    }
}

/// Of one topic at one broker. RocketMQ itself advises dozens.
const MOST_QUEUES: u32 = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: TopicConfigs = read(&recorded::body("broker/0021-GET_ALL_TOPIC_CONFIG")).unwrap();
        assert_eq!(told.topic_config_table.len(), 122);
        let config = &told.topic_config_table["glab-transaction"];
        assert_eq!(config.attributes["message.type"], "TRANSACTION");
        assert_eq!(config.queues(), 2);
        assert_eq!(Permission(config.perm.unwrap()).words(), "RW");
        assert_eq!(told.topic_config_table["SCHEDULE_TOPIC_XXXX"].queues(), 18);
    }

    #[test]
    fn permissions_are_bits() {
        let words = |perm| Permission(perm).words();
        assert_eq!(
            [words(7), words(4), words(2), words(0)],
            ["RW", "R-", "-W", "--"]
        );
    }
}
