//! Bodies of answers, one type a file. Names are RocketMQ's; what an older or newer server leaves out
//! is `None` or empty. Source: `org.apache.rocketmq.remoting.protocol.body` and what 5.5.0 sent.

pub(super) mod broker_config;
pub(super) mod cluster_info;
pub(super) mod connections;
pub(super) mod consume_stats;
pub(super) mod controller;
mod fastjson;
pub(super) mod group_configs;
pub(super) mod ha_status;
pub(super) mod offsets;
mod pairs;
mod queue;
pub(super) mod route;
pub(super) mod runtime;
pub(super) mod topic_configs;
pub(super) mod topic_stats;

#[cfg(test)]
pub(super) mod recorded;

pub(super) use fastjson::read;
pub(super) use queue::MessageQueue;
