//! Apache RocketMQ.

mod answers;
mod browse;
mod client;
mod cluster;
#[cfg(test)]
mod damage;
mod dialect;
mod observe;
mod posture;
mod queue;
mod settings;
mod stored;
mod traces;
mod wire;

use std::sync::Arc;

use crate::adapter::{BrokerAdapter, Vocabulary};

pub(crate) fn adapter() -> BrokerAdapter {
    BrokerAdapter {
        name: dialect::SYSTEM,
        label: "RocketMQ",
        vocabulary: Vocabulary {
            destination: "topic",
            group: "consumer group",
            partition: "queue",
            offset: "offset",
        },
        dialect: Some(Arc::new(dialect::RocketDialect)),
        connect: Some(Arc::new(cluster::RocketConnect)),
        addresses: None,
        posture: Some(posture::of),
    }
}
