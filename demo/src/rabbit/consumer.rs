//! Consuming a work queue: at least once, with retries by back-off and a dead-letter queue.

use std::time::Instant;

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceContextExt as _};
use tokio_util::sync::CancellationToken;

use super::backoff::{self, Next};
use super::topology::Work as Topology;
use super::{Outgoing, Publisher, destination, from_amqp, open, server};
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::service::Service;
use crate::trace::{Work, about, message, operation, processing};

/// Messages in hand at one time.
const PREFETCH: u16 = 8;

/// Consumes until `end`. A delivery is acknowledged once it was handled, or once its retry or dead letter is
/// confirmed; what fails otherwise ends the session, and the broker delivers again.
pub async fn consume(
    service: &Service,
    topology: Topology,
    handler: &impl Handler,
    end: &CancellationToken,
) -> Result<()> {
    let url = service.settings.rabbitmq_amqp.as_str();
    let (connection, channel) = open(url, service.name.as_str()).await?;
    channel
        .basic_qos(PREFETCH, BasicQosOptions::default())
        .await?;
    let deliveries = channel
        .basic_consume(
            topology.queue.into(),
            service.name.as_str().into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .with_context(|| format!("consume queue {}", topology.queue))?;
    service.part_ready();
    let desk = Desk {
        service,
        topology,
        handler,
        publisher: Publisher::on(channel.clone(), url, service.tracer.clone()),
    };
    let result = deliveries
        .map(|delivery| delivery.context("delivery from RabbitMQ"))
        .take_until(end.cancelled())
        .try_for_each_concurrent(usize::from(PREFETCH), |delivery| desk.process(delivery))
        .await;
    // Gives back what is not acknowledged.
    let closed = connection.close(200, "done".into()).await;
    result?;
    if end.is_cancelled() {
        return Ok(());
    }
    closed.context("connection to RabbitMQ was lost")?;
    anyhow::bail!("RabbitMQ ended the consumer")
}

struct Desk<'a, H> {
    service: &'a Service,
    topology: Topology,
    handler: &'a H,
    publisher: Publisher,
}

impl<H: Handler> Desk<'_, H> {
    async fn process(&self, delivery: Delivery) -> Result<()> {
        let incoming = Incoming {
            headers: from_amqp(delivery.properties.headers().as_ref()),
            body: delivery.data.clone(),
        };
        let work = self.start(&delivery, &incoming);
        let started = Instant::now();
        let handled = self.handler.handle(&incoming, &work).await;
        let kind = handled.as_ref().err().map(Failure::kind);
        let about = processing(
            "rabbitmq",
            self.topology.exchange,
            self.topology.queue,
            kind,
        );
        self.service.tracer.processed(started.elapsed(), &about);
        match handled {
            Ok(Handled::Done) => {}
            Ok(Handled::Again) => work.event("duplicate skipped", Vec::new()),
            Err(failure) => {
                failure.record(&incoming.headers, &work);
                match failure {
                    Failure::Busy { kind, reason } => anyhow::bail!("{kind}: {reason}"),
                    Failure::Refused { kind, reason } => {
                        self.move_on(&incoming, &work, kind, &reason).await?
                    }
                    Failure::Unavailable(error) => return Err(error),
                }
            }
        }
        delivery
            .acker
            .ack(BasicAckOptions::default())
            .await
            .context("acknowledge a delivery")?;
        Ok(())
    }

    fn start(&self, delivery: &Delivery, incoming: &Incoming) -> Work {
        let headers = &incoming.headers;
        let (exchange, key) = (delivery.exchange.as_str(), delivery.routing_key.as_str());
        let destination = destination(&[exchange, key, self.topology.queue]);
        let mut attributes = vec![
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.destination.name", destination.clone()),
            KeyValue::new("messaging.rabbitmq.destination.routing_key", key.to_owned()),
            KeyValue::new(
                "messaging.rabbitmq.message.delivery_tag",
                i64::try_from(delivery.delivery_tag).unwrap_or(i64::MAX),
            ),
            KeyValue::new("retry.attempt", i64::from(headers.attempt())),
        ];
        attributes.extend(operation("process", "process"));
        attributes.extend(message(headers, incoming.body.len()));
        attributes.extend(about(headers));
        attributes.extend(server(&self.service.settings.rabbitmq_amqp).attributes());
        let creation = headers.trace();
        let link = creation.span().span_context().clone();
        self.service.tracer.start(
            format!("process {destination}"),
            SpanKind::Consumer,
            &creation,
            vec![link],
            attributes,
        )
    }

    /// Publishes a refused message to its next retry queue or to the dead-letter queue.
    async fn move_on(
        &self,
        incoming: &Incoming,
        work: &Work,
        kind: &str,
        reason: &str,
    ) -> Result<()> {
        let headers = incoming.headers.clone();
        let (order, attempt) = (headers.order_id().to_owned(), headers.attempt());
        let (queue, headers) = match backoff::after(self.topology.queue, attempt) {
            Next::Retry { queue, attempt } => (queue, headers.with_attempt(attempt)),
            Next::DeadLetter { queue } => {
                let headers = headers
                    .with("x-exception-type", kind)
                    .with("x-exception-message", reason)
                    .with("x-original-exchange", self.topology.exchange)
                    .with("x-original-routingKey", self.topology.routing_key);
                (queue, headers)
            }
        };
        tracing::info!(order, attempt, kind, to = queue, "refused");
        let outgoing = Outgoing {
            exchange: "",
            routing_key: &queue,
            headers,
            body: &incoming.body,
        };
        self.publisher.publish(work.context(), outgoing).await
    }
}
