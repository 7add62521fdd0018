//! 201 GET_ALL_SUBSCRIPTIONGROUP_CONFIG, of a broker: its consumer groups.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct GroupConfigs {
    pub subscription_group_table: BTreeMap<String, GroupConfig>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct GroupConfig {
    pub consume_enable: Option<bool>,
    pub consume_broadcast_enable: Option<bool>,
    pub consume_message_orderly: Option<bool>,
    pub retry_max_times: Option<i32>,
    pub retry_queue_nums: Option<i32>,
    pub consume_timeout_minute: Option<i64>,
    pub group_retry_policy: Option<RetryPolicy>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct RetryPolicy {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub customized_retry_policy: Option<CustomizedRetryPolicy>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::rocketmq) struct CustomizedRetryPolicy {
    /// Milliseconds before the first, second … retry.
    pub next: Vec<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: GroupConfigs = read(&recorded::body(
            "broker/0201-GET_ALL_SUBSCRIPTIONGROUP_CONFIG",
        ))
        .unwrap();
        assert_eq!(told.subscription_group_table.len(), 64);
        let config = &told.subscription_group_table["shop-cg-delay"];
        assert_eq!(config.retry_max_times, Some(5));
        assert_eq!(config.consume_enable, Some(true));
        let policy = config.group_retry_policy.as_ref().unwrap();
        let next = &policy.customized_retry_policy.as_ref().unwrap().next;
        assert_eq!(next, &[1_000, 2_000, 2_000]);
    }
}
