//! How things without a name of their own in the whole cluster are called.

use crate::rocketmq::queue::Queue;

/// Of a queue: brokers number theirs each for itself.
pub(super) fn partition(broker: &str, queue: u32) -> String {
    Queue::new(broker, i32::try_from(queue).unwrap_or(i32::MAX)).to_string()
}

/// Of a replica. Its id says who is master, and changes with it; its address stays.
pub(super) fn replica(broker: &str, address: &str) -> String {
    format!("{broker}@{address}")
}

pub(super) fn name_server(address: &str) -> String {
    format!("namesrv@{address}")
}

pub(super) fn controller(address: &str) -> String {
    format!("controller@{address}")
}

pub(super) fn proxy(address: &str) -> String {
    format!("proxy@{address}")
}

/// Where clients put what they want to have again, with a name for each group; groups that pop have
/// one for each topic.
pub(super) const RETRY: &str = "%RETRY%";
pub(super) const DEAD_LETTERS: &str = "%DLQ%";

pub(super) fn retry(group: &str) -> String {
    format!("{RETRY}{group}")
}

pub(super) fn dead_letters(group: &str) -> String {
    format!("{DEAD_LETTERS}{group}")
}

/// Of a group that pops: with the separator of 4.x and 5.x, or with that of `enableRetryTopicV2`.
pub(super) fn pop_retries(group: &str, topic: &str) -> [String; 2] {
    [
        format!("{RETRY}{group}_{topic}"),
        format!("{RETRY}{group}+{topic}"),
    ]
}
