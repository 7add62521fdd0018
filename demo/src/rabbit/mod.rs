//! RabbitMQ, by lapin.

mod backoff;
mod consumer;
mod publisher;
mod topology;

pub use consumer::consume;
pub use publisher::{Outgoing, Publisher};
pub use topology::{NOTIFICATION, PAYMENT};

use std::time::Duration;

use anyhow::{Context as _, Result};
use lapin::options::ConfirmSelectOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

use crate::headers::Headers;
use crate::trace::Server;

/// No answer of the broker takes longer; a broker that hangs counts as away.
const ANSWER: Duration = Duration::from_secs(15);

/// Connects, opens a channel with publisher confirms and declares what this system uses.
async fn open(url: &str, name: &str) -> Result<(Connection, Channel)> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    tokio::time::timeout(ANSWER, async {
        let connection = Connection::connect(url, properties)
            .await
            .context("connect to RabbitMQ")?;
        let channel = connection
            .create_channel()
            .await
            .context("open a channel")?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .context("turn confirms on")?;
        topology::declare(&channel).await?;
        anyhow::Ok((connection, channel))
    })
    .await
    .context("RabbitMQ does not answer")?
}

fn server(url: &str) -> Server {
    match url.parse::<AMQPUri>() {
        Ok(uri) => Server {
            host: uri.authority.host,
            port: uri.authority.port,
        },
        Err(_) => Server {
            host: String::new(),
            port: 0,
        },
    }
}

/// `exchange:routing_key` for who publishes, with `:queue` for who consumes; empty parts are left out.
fn destination(parts: &[&str]) -> String {
    let joined = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(":");
    if joined.is_empty() {
        "amq.default".to_owned()
    } else {
        joined
    }
}

fn to_amqp(headers: &Headers) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers.iter() {
        table.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    table
}

/// Text headers; what the broker adds in other types (x-death) is not needed here.
fn from_amqp(table: Option<&FieldTable>) -> Headers {
    let Some(table) = table else {
        return Headers::default();
    };
    table
        .inner()
        .iter()
        .filter_map(|(name, value)| match value {
            AMQPValue::LongString(text) => Some((
                name.as_str(),
                String::from_utf8(text.as_bytes().to_vec()).ok()?,
            )),
            AMQPValue::ShortString(text) => Some((name.as_str(), text.as_str().to_owned())),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_composed_as_the_convention_says() {
        assert_eq!(
            destination(&["payments", "payment.requested"]),
            "payments:payment.requested"
        );
        assert_eq!(
            destination(&["payments", "payment.requested", "payment"]),
            "payments:payment.requested:payment"
        );
        assert_eq!(destination(&["", "payment.dlq"]), "payment.dlq");
        assert_eq!(destination(&["", ""]), "amq.default");
    }

    #[test]
    fn headers_go_there_and_back_and_tables_are_left_out() {
        let headers = Headers::of("m-1", "ORD-1", "CUST-1").with_attempt(2);
        let mut table = to_amqp(&headers);
        table.insert(
            "x-death".into(),
            AMQPValue::FieldTable(FieldTable::default()),
        );
        assert_eq!(from_amqp(Some(&table)), headers);
        assert_eq!(from_amqp(None), Headers::default());
    }

    #[test]
    fn the_server_is_read_from_the_address() {
        let server = server("amqp://guest:guest@127.0.0.1:5673/%2f");
        assert_eq!((server.host.as_str(), server.port), ("127.0.0.1", 5673));
    }
}
