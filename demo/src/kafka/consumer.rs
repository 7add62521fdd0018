//! One member of a consumer group: at least once, in order within a partition.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceContextExt as _};
use rdkafka::Message as _;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use tokio_util::sync::CancellationToken;

use super::{Quiet, config, from_kafka, place, server};
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::service::Service;
use crate::trace::{about, message, operation};

/// Consumes `topic` as a member of the group named after the service until `end`.
///
/// An offset is stored only after its message was handled, so what fails for want of a broker or the database
/// ends the session and is delivered again to the next one. A message that is refused is left behind: these
/// topics have no dead-letter topic, and its span says why.
pub async fn consume(
    service: &Service,
    topic: &'static str,
    client_id: &str,
    handler: &impl Handler,
    end: &CancellationToken,
) -> Result<()> {
    let group = service.name.as_str();
    let consumer: StreamConsumer<Member> = config(&service.settings.kafka_bootstrap, client_id)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", "500")
        .set("session.timeout.ms", "10000")
        .create_with_context(Member {
            service: service.clone(),
            assigned: AtomicBool::new(false),
        })
        .context("create a Kafka consumer")?;
    consumer.subscribe(&[topic])?;
    let result = read(service, &consumer, topic, client_id, handler, end).await;
    // Closing commits what is stored and leaves the group, which blocks.
    tokio::task::spawn_blocking(move || drop(consumer)).await?;
    result
}

async fn read(
    service: &Service,
    consumer: &StreamConsumer<Member>,
    topic: &'static str,
    client_id: &str,
    handler: &impl Handler,
    end: &CancellationToken,
) -> Result<()> {
    loop {
        let received = tokio::select! {
            () = end.cancelled() => return Ok(()),
            received = consumer.recv() => received.with_context(|| format!("read topic {topic}"))?.detach(),
        };
        let (partition, offset) = (received.partition(), received.offset());
        process(service, topic, client_id, received, handler).await?;
        consumer
            .store_offset(topic, partition, offset)
            .context("store an offset")?;
    }
}

async fn process(
    service: &Service,
    topic: &'static str,
    client_id: &str,
    received: OwnedMessage,
    handler: &impl Handler,
) -> Result<()> {
    let headers = from_kafka(received.headers());
    let creation = headers.trace();
    let body = received.payload().unwrap_or_default().to_vec();
    let key = received
        .key()
        .map(|key| String::from_utf8_lossy(key).into_owned())
        .unwrap_or_default();

    let mut attributes = vec![
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.destination.name", topic),
        KeyValue::new("messaging.consumer.group.name", service.name.as_str()),
        KeyValue::new("messaging.client.id", client_id.to_owned()),
        KeyValue::new("messaging.kafka.message.key", key),
    ];
    attributes.extend(operation("process", "process"));
    attributes.extend(place(received.partition(), received.offset()));
    attributes.extend(message(&headers, body.len()));
    attributes.extend(about(&headers));
    attributes.extend(server(&service.settings.kafka_bootstrap).attributes());
    let link = creation.span().span_context().clone();
    let work = service.tracer.start(
        format!("process {topic}"),
        SpanKind::Consumer,
        &creation,
        vec![link],
        attributes,
    );

    let incoming = Incoming { headers, body };
    match handler.handle(&incoming, &work).await {
        Ok(Handled::Done) => Ok(()),
        Ok(Handled::Again) => {
            work.event("duplicate skipped", Vec::new());
            Ok(())
        }
        Err(failure) => {
            failure.record(&work);
            match failure {
                Failure::Refused { kind, reason } => {
                    tracing::error!(
                        order = incoming.headers.order_id(),
                        kind,
                        reason,
                        "message left behind"
                    );
                    Ok(())
                }
                Failure::Unavailable(error) => Err(error),
            }
        }
    }
}

/// Tells the service when the group has given this member its first assignment.
struct Member {
    service: Service,
    assigned: AtomicBool,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Quiet.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Quiet.error(error, reason);
    }
}

impl ConsumerContext for Member {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Assign(_)) && !self.assigned.swap(true, Ordering::AcqRel)
        {
            self.service.part_ready();
        }
    }
}
