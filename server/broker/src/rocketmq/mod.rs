//! Apache RocketMQ.

mod dialect;
mod posture;
mod settings;

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
        connect: None,
        addresses: Some(settings::addresses),
        posture: Some(posture::of),
    }
}
