//! RabbitMQ, over AMQP 0-9-1.

mod dialect;
mod settings;

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
        connect: None,
        addresses: Some(settings::addresses),
    }
}
