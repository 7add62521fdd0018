//! Kafka, by librdkafka.

mod consumer;
mod producer;
mod topics;

pub use consumer::consume;
pub use producer::{Outgoing, Producer, about_sending};
pub use topics::{ORDERS, PAYMENTS_CAPTURED, ensure_topics};

use opentelemetry::KeyValue;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers as _, OwnedHeaders};

use crate::headers::Headers;
use crate::trace::Server;

/// librdkafka speaks of every broken connection; the services say what it means for them.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
    }
}

fn config(bootstrap: &str, client_id: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("client.id", client_id)
        .set("broker.address.family", "v4")
        .set("reconnect.backoff.max.ms", "2000")
        .set_log_level(RDKafkaLogLevel::Warning);
    config
}

/// The first of a bootstrap list.
fn server(bootstrap: &str) -> Server {
    let first = bootstrap.split(',').next().unwrap_or_default().trim();
    match first.rsplit_once(':') {
        Some((host, port)) => Server {
            host: host.to_owned(),
            port: port.parse().unwrap_or(9092),
        },
        None => Server {
            host: first.to_owned(),
            port: 9092,
        },
    }
}

/// What sending and processing spans say alike of a place in Kafka.
fn place(partition: i32, offset: i64) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.destination.partition.id", partition.to_string()),
        KeyValue::new("messaging.kafka.offset", offset),
    ]
}

fn to_kafka(headers: &Headers) -> OwnedHeaders {
    headers
        .iter()
        .fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header {
                key,
                value: Some(value),
            })
        })
}

/// Values that are not UTF-8 are left out; of several values of one name the last counts.
fn from_kafka(headers: Option<&OwnedHeaders>) -> Headers {
    let Some(headers) = headers else {
        return Headers::default();
    };
    headers
        .iter()
        .filter_map(|header| Some((header.key, std::str::from_utf8(header.value?).ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_there_and_back() {
        let headers = Headers::of("m-1", "ORD-1", "CUST-1").with("traceparent", "00-aa-bb-01");
        assert_eq!(from_kafka(Some(&to_kafka(&headers))), headers);
    }

    #[test]
    fn the_last_of_two_values_counts_and_bytes_are_left_out() {
        let all = OwnedHeaders::new()
            .insert(Header {
                key: "traceparent",
                value: Some("old"),
            })
            .insert(Header {
                key: "traceparent",
                value: Some("new"),
            })
            .insert(Header {
                key: "bytes",
                value: Some(&[0xff_u8, 0xfe][..]),
            });
        assert_eq!(
            from_kafka(Some(&all)),
            Headers::default().with("traceparent", "new")
        );
    }

    #[test]
    fn the_server_is_the_first_of_the_list() {
        assert_eq!(
            server("127.0.0.1:19092,127.0.0.1:19093").attributes()[1],
            KeyValue::new("server.port", 19092_i64)
        );
        assert_eq!(server("kafka").port, 9092);
    }
}
