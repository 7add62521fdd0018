//! Exchanges and queues. Every service declares all of them, so the order of starting does not matter.
//!
//! Queues are quorum queues, so that they live on in a cluster that loses a node. A retry queue has no consumer:
//! its messages expire and are dead-lettered back to the exchange of the work they are a retry of.

use anyhow::{Context as _, Result};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use super::backoff::{WAITS, dead_letter_queue, retry_queue};

/// A kind of work: who publishes it names exchange and routing key, who does it reads the queue.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub exchange: &'static str,
    pub routing_key: &'static str,
    pub queue: &'static str,
}

pub const PAYMENT: Work = Work {
    exchange: "payments",
    routing_key: "payment.requested",
    queue: "payment",
};
pub const NOTIFICATION: Work = Work {
    exchange: "notifications",
    routing_key: "notification.email",
    queue: "notification.email",
};

pub async fn declare(channel: &Channel) -> Result<()> {
    for work in [PAYMENT, NOTIFICATION] {
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(
                work.exchange.into(),
                ExchangeKind::Topic,
                durable,
                FieldTable::default(),
            )
            .await
            .with_context(|| format!("declare exchange {}", work.exchange))?;
        queue(channel, work.queue, quorum()).await?;
        channel
            .queue_bind(
                work.queue.into(),
                work.exchange.into(),
                work.routing_key.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .with_context(|| format!("bind queue {}", work.queue))?;
        queue(channel, &dead_letter_queue(work.queue), quorum()).await?;
        for wait in WAITS {
            let mut arguments = quorum();
            let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(wait_ms));
            arguments.insert("x-dead-letter-exchange".into(), text(work.exchange));
            arguments.insert("x-dead-letter-routing-key".into(), text(work.routing_key));
            // An expired message is kept until the queue it goes to has it.
            arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
            arguments.insert("x-overflow".into(), text("reject-publish"));
            queue(channel, &retry_queue(work.queue, wait), arguments).await?;
        }
    }
    Ok(())
}

async fn queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<()> {
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(name.into(), durable, arguments)
        .await
        .with_context(|| format!("declare queue {name}"))?;
    Ok(())
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
