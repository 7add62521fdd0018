//! A queue, as it stands as key in several answers.

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct MessageQueue {
    pub topic: String,
    pub broker_name: String,
    pub queue_id: i32,
}
