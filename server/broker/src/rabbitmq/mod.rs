//! RabbitMQ, over AMQP 0-9-1.

mod answers;
mod browse;
mod cluster;
mod cycles;
mod dead_letters;
mod dialect;
mod failure;
mod figures;
mod http;
mod leaders;
mod management;
mod observe;
mod paged;
#[cfg(test)]
mod peer;
mod policy;
mod posture;
mod prometheus;
mod resting;
mod rights;
mod routing;
mod settings;
mod topic;
mod topology;

#[cfg(test)]
mod observe_tests;

use std::sync::Arc;

use crate::adapter::{BrokerAdapter, Vocabulary};

pub(crate) fn adapter() -> BrokerAdapter {
    BrokerAdapter {
        name: dialect::SYSTEM,
        label: "RabbitMQ",
        vocabulary: Vocabulary {
            destination: "exchange",
            group: "queue",
            partition: "queue",
            offset: "delivery tag",
        },
        dialect: Some(Arc::new(dialect::RabbitDialect)),
        connect: Some(Arc::new(cluster::RabbitConnect)),
        addresses: None,
        posture: Some(posture::of),
    }
}
