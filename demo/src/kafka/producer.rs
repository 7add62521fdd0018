//! Sending to Kafka: idempotent, acknowledged by all in-sync replicas, with a span.

use std::time::Duration;

use anyhow::{Context as _, Result};
use opentelemetry::trace::{SpanKind, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use super::{Quiet, config, place, server, to_kafka};
use crate::headers::Headers;
use crate::trace::{Failed, Server, Tracer, about, message, operation};

/// Longest wait for a place in the send queue.
const QUEUE: Duration = Duration::from_secs(5);

/// Lives as long as one session: an idempotent producer that met a fatal error is replaced with its session.
pub struct Producer {
    inner: FutureProducer<Quiet>,
    client_id: String,
    cluster_id: Option<String>,
    server: Server,
    tracer: Tracer,
}

pub struct Outgoing<'a> {
    pub topic: &'a str,
    pub key: &'a str,
    pub headers: Headers,
    pub body: &'a [u8],
}

impl Producer {
    /// Fails if no broker answers within 5 s.
    pub async fn connect(bootstrap: &str, client_id: &str, tracer: Tracer) -> Result<Producer> {
        let inner: FutureProducer<Quiet> = config(bootstrap, client_id)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("message.timeout.ms", "20000")
            .create_with_context(Quiet)
            .context("create a Kafka producer")?;
        let asked = inner.clone();
        let cluster_id = tokio::task::spawn_blocking(move || {
            asked.client().fetch_cluster_id(Duration::from_secs(5))
        })
        .await?
        .context("no Kafka broker answers")?;
        Ok(Producer {
            inner,
            client_id: client_id.to_owned(),
            cluster_id: Some(cluster_id),
            server: server(bootstrap),
            tracer,
        })
    }

    /// Sends a message that is created by sending it: its headers carry the send span.
    pub async fn send(&self, parent: &Context, outgoing: Outgoing<'_>) -> Result<()> {
        self.deliver(parent, outgoing, None).await
    }

    /// Sends a message that was created before: its headers already carry the creation context, which stays.
    pub async fn relay(&self, outgoing: Outgoing<'_>) -> Result<()> {
        let creation = outgoing.headers.trace();
        self.deliver(&creation.clone(), outgoing, Some(creation))
            .await
    }

    async fn deliver(
        &self,
        parent: &Context,
        outgoing: Outgoing<'_>,
        creation: Option<Context>,
    ) -> Result<()> {
        let Outgoing {
            topic,
            key,
            headers,
            body,
        } = outgoing;
        let kind = if creation.is_some() {
            SpanKind::Client
        } else {
            SpanKind::Producer
        };
        let links = creation
            .iter()
            .map(|context| context.span().span_context().clone())
            .collect();
        let mut attributes = about_sending(topic, key);
        attributes.extend(operation("send", "send"));
        attributes.extend(message(&headers, body.len()));
        attributes.extend(about(&headers));
        attributes.extend(self.server.attributes());
        attributes.push(KeyValue::new("messaging.client.id", self.client_id.clone()));
        attributes.extend(
            self.cluster_id
                .clone()
                .map(|id| KeyValue::new("messaging.kafka.cluster.id", id)),
        );
        let work = self
            .tracer
            .start(format!("send {topic}"), kind, parent, links, attributes);

        let headers = if creation.is_some() {
            headers
        } else {
            headers.with_trace(work.context())
        };
        let record = FutureRecord::to(topic)
            .key(key)
            .payload(body)
            .headers(to_kafka(&headers));
        match self.inner.send(record, QUEUE).await {
            Ok(delivered) => {
                for attribute in place(delivered.partition, delivered.offset) {
                    work.set(attribute);
                }
                Ok(())
            }
            Err((error, _)) => {
                let kind = error
                    .rdkafka_error_code()
                    .map_or_else(|| "KafkaError".to_owned(), |code| format!("{code:?}"));
                work.fail(Failed {
                    kind: &kind,
                    message: &error.to_string(),
                });
                Err(error).with_context(|| format!("send to topic {topic}"))
            }
        }
    }
}

/// What creating and sending spans say alike.
pub fn about_sending(topic: &str, key: &str) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.destination.name", topic.to_owned()),
        KeyValue::new("messaging.kafka.message.key", key.to_owned()),
    ]
}
