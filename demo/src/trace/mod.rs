//! Spans, log records and metrics by hand, after the conventions of OpenTelemetry 1.44.

mod export;
mod logs;
mod work;

pub use export::Telemetry;
pub use work::{Failed, Tracer, Work};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use crate::headers::Headers;

/// Seconds; the conventions' own.
const BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

fn process_duration(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram("messaging.process.duration")
        .with_unit("s")
        .with_boundaries(BOUNDARIES.to_vec())
        .build()
}

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

/// What the duration of processing is told by: few different values. `kind`: of its error.
pub fn processing(
    system: &'static str,
    destination: &'static str,
    group: &'static str,
    kind: Option<&'static str>,
) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("messaging.system", system),
        KeyValue::new("messaging.operation.name", "process"),
        KeyValue::new("messaging.destination.name", destination),
        KeyValue::new("messaging.consumer.group.name", group),
    ];
    attributes.extend(kind.map(|kind| KeyValue::new("error.type", kind)));
    attributes
}
