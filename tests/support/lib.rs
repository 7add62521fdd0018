//! What the tests of the whole share: a server process, brokers, a browser, telemetry to send.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a failure ends the test"
)]

pub mod brokers;
pub mod browser;
pub mod certificates;
pub mod child;
pub mod devtools;
pub mod history;
pub mod kafka;
pub mod kafka_proxy;
pub mod otlp;
pub mod rabbitmq;
pub mod rocketmq;
pub mod rocketmq_client;
pub mod rocketmq_cluster;
pub mod rocketmq_wire;
pub mod server;
pub mod simulated;
pub mod story;
pub mod tap;
pub mod wait;
