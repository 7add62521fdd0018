//! Spans by hand, after the messaging conventions of OpenTelemetry 1.44.

mod export;
mod work;

pub use export::Telemetry;
pub use work::{Failed, Tracer, Work};

use opentelemetry::KeyValue;

use crate::headers::Headers;

/// `order.id` and `customer.id`, on every span about an order.
pub fn about(headers: &Headers) -> [KeyValue; 2] {
    [
        KeyValue::new("order.id", headers.order_id().to_owned()),
        KeyValue::new("customer.id", headers.customer_id().to_owned()),
    ]
}

/// What every messaging span says of the message itself. `body_bytes` in bytes.
pub fn message(headers: &Headers, body_bytes: usize) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.message.id", headers.message_id().to_owned()),
        KeyValue::new(
            "messaging.message.body.size",
            i64::try_from(body_bytes).unwrap_or(i64::MAX),
        ),
    ]
}

/// Operation as the convention wants it: the system's own word and the neutral type.
pub fn operation(name: &'static str, kind: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.operation.name", name),
        KeyValue::new("messaging.operation.type", kind),
    ]
}

/// Where a client connects to.
#[derive(Debug, Clone)]
pub struct Server {
    pub host: String,
    pub port: u16,
}

impl Server {
    pub fn attributes(&self) -> [KeyValue; 2] {
        [
            KeyValue::new("server.address", self.host.clone()),
            KeyValue::new("server.port", i64::from(self.port)),
        ]
    }
}
