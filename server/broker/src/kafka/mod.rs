//! Apache Kafka and what speaks its protocol.

mod dialect;
mod settings;

use std::sync::Arc;

use crate::adapter::{BrokerAdapter, Vocabulary};

pub(crate) fn adapter() -> BrokerAdapter {
    BrokerAdapter {
        name: dialect::SYSTEM,
        label: "Kafka",
        vocabulary: Vocabulary {
            destination: "topic",
            group: "consumer group",
            partition: "partition",
            offset: "offset",
        },
        dialect: Some(Arc::new(dialect::KafkaDialect)),
        connect: None,
        addresses: Some(settings::addresses),
    }
}
