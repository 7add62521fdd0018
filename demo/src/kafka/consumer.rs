//! One member of a consumer group: at least once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
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
use crate::trace::{Work, about, message, operation, processing};

/// Before a message is tried again while the service is busy.
const PAUSE: Duration = Duration::from_secs(1);

/// Consumes `topic` as a member of the group named after the service until `end`, with so many messages in hand
/// at once; with one they are handled in order within a partition.
///
/// An offset is stored only after its message was handled, so what fails for want of a broker or the database
/// ends the session and is delivered again to the next one. A message that is refused is left behind: these
/// topics have no dead-letter topic, and its span says why.
pub async fn consume(
    service: &Service,
    topic: &'static str,
    client_id: &str,
    handler: &impl Handler,
    in_hand: usize,
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
    let desk = Desk {
        service,
        topic,
        client_id,
        handler,
    };
    let result = read(&desk, &consumer, in_hand, end).await;
    // Closing commits what is stored and leaves the group, which blocks.
    tokio::task::spawn_blocking(move || drop(consumer)).await?;
    result
}

async fn read(
    desk: &Desk<'_, impl Handler>,
    consumer: &StreamConsumer<Member>,
    in_hand: usize,
    end: &CancellationToken,
) -> Result<()> {
    let topic = desk.topic;
    consumer
        .stream()
        .take_until(end.cancelled())
        .map(|received| async move {
            let received = received
                .with_context(|| format!("read topic {topic}"))?
                .detach();
            let place = (received.partition(), received.offset());
            desk.process(&received, end).await.map(|done| (done, place))
        })
        // Results come in the order of the messages, so no offset passes one that is still in hand.
        .buffered(in_hand)
        .try_for_each(|(done, (partition, offset))| async move {
            match done {
                Done::Yes => consumer
                    .store_offset(topic, partition, offset)
                    .context("store an offset"),
                Done::NotYet => Ok(()),
            }
        })
        .await
}

enum Done {
    Yes,
    /// The consumer ends first: it is delivered again.
    NotYet,
}

struct Desk<'a, H> {
    service: &'a Service,
    topic: &'static str,
    client_id: &'a str,
    handler: &'a H,
}

impl<H: Handler> Desk<'_, H> {
    /// Until it is handled or refused; while the service is busy it is tried again.
    async fn process(&self, received: &OwnedMessage, end: &CancellationToken) -> Result<Done> {
        let incoming = Incoming {
            headers: from_kafka(received.headers()),
            body: received.payload().unwrap_or_default().to_vec(),
        };
        loop {
            let Err(failure) = self.attempt(received, &incoming).await else {
                return Ok(Done::Yes);
            };
            match failure {
                Failure::Refused { kind, reason } => {
                    tracing::error!(
                        order = incoming.headers.order_id(),
                        kind,
                        reason,
                        "message left behind"
                    );
                    return Ok(Done::Yes);
                }
                Failure::Busy { kind, reason } => {
                    tracing::warn!(order = incoming.headers.order_id(), kind, reason, "busy");
                    tokio::select! {
                        () = end.cancelled() => return Ok(Done::NotYet),
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
                Failure::Unavailable(error) => return Err(error),
            }
        }
    }

    async fn attempt(&self, received: &OwnedMessage, incoming: &Incoming) -> Result<(), Failure> {
        let work = self.start(received, incoming);
        let started = Instant::now();
        let handled = self.handler.handle(incoming, &work).await;
        let kind = handled.as_ref().err().map(Failure::kind);
        let about = processing("kafka", self.topic, self.service.name.as_str(), kind);
        self.service.tracer.processed(started.elapsed(), &about);
        match handled {
            Ok(Handled::Done) => Ok(()),
            Ok(Handled::Again) => {
                work.event("duplicate skipped", Vec::new());
                Ok(())
            }
            Err(failure) => {
                failure.record(&incoming.headers, &work);
                Err(failure)
            }
        }
    }

    fn start(&self, received: &OwnedMessage, incoming: &Incoming) -> Work {
        let (service, topic) = (self.service, self.topic);
        let creation = incoming.headers.trace();
        let key = received
            .key()
            .map(|key| String::from_utf8_lossy(key).into_owned())
            .unwrap_or_default();
        let mut attributes = vec![
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.destination.name", topic),
            KeyValue::new("messaging.consumer.group.name", service.name.as_str()),
            KeyValue::new("messaging.client.id", self.client_id.to_owned()),
            KeyValue::new("messaging.kafka.message.key", key),
        ];
        attributes.extend(operation("process", "process"));
        attributes.extend(place(received.partition(), received.offset()));
        attributes.extend(message(&incoming.headers, incoming.body.len()));
        attributes.extend(about(&incoming.headers));
        attributes.extend(server(&service.settings.kafka_bootstrap).attributes());
        let link = creation.span().span_context().clone();
        service.tracer.start(
            format!("process {topic}"),
            SpanKind::Consumer,
            &creation,
            vec![link],
            attributes,
        )
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
