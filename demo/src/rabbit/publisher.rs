//! Publishing to RabbitMQ: persistent, confirmed, refused if no queue takes it, with a span.

use anyhow::{Context as _, Result, bail};
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use opentelemetry::trace::SpanKind;
use opentelemetry::{Context, KeyValue};

use super::{ANSWER, destination, open, server, to_amqp};
use crate::headers::Headers;
use crate::trace::{Failed, Server, Tracer, about, message, operation};

/// Lives as long as one session.
pub struct Publisher {
    // Dropping the connection closes it.
    _connection: Option<Connection>,
    channel: Channel,
    server: Server,
    tracer: Tracer,
}

pub struct Outgoing<'a> {
    /// Empty: the default exchange, which routes to the queue named by the routing key.
    pub exchange: &'a str,
    pub routing_key: &'a str,
    pub headers: Headers,
    pub body: &'a [u8],
}

impl Publisher {
    pub async fn connect(url: &str, name: &str, tracer: Tracer) -> Result<Publisher> {
        let (connection, channel) = open(url, name).await?;
        Ok(Publisher {
            _connection: Some(connection),
            channel,
            server: server(url),
            tracer,
        })
    }

    /// Publishes on a channel that is open already and has confirms on.
    pub fn on(channel: Channel, url: &str, tracer: Tracer) -> Publisher {
        Publisher {
            _connection: None,
            channel,
            server: server(url),
            tracer,
        }
    }

    /// Ok: the broker has the message, in a queue. Its headers carry the publish span.
    pub async fn publish(&self, parent: &Context, outgoing: Outgoing<'_>) -> Result<()> {
        let destination = destination(&[outgoing.exchange, outgoing.routing_key]);
        let mut attributes = vec![
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.destination.name", destination.clone()),
            KeyValue::new(
                "messaging.rabbitmq.destination.routing_key",
                outgoing.routing_key.to_owned(),
            ),
        ];
        attributes.extend(operation("publish", "send"));
        attributes.extend(message(&outgoing.headers, outgoing.body.len()));
        attributes.extend(about(&outgoing.headers));
        attributes.extend(self.server.attributes());
        let work = self.tracer.start(
            format!("publish {destination}"),
            SpanKind::Producer,
            parent,
            Vec::new(),
            attributes,
        );
        let result = self
            .send(work.context(), &outgoing)
            .await
            .with_context(|| format!("publish to {destination}"));
        if let Err(error) = &result {
            work.fail(Failed {
                kind: "PublishFailed",
                message: &format!("{error:#}"),
            });
        }
        result
    }

    async fn send(&self, span: &Context, outgoing: &Outgoing<'_>) -> Result<()> {
        const PERSISTENT: u8 = 2;
        let headers = outgoing.headers.clone().with_trace(span);
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(headers.message_id().into())
            .with_headers(to_amqp(&headers));
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let confirmation = tokio::time::timeout(ANSWER, async {
            self.channel
                .basic_publish(
                    outgoing.exchange.into(),
                    outgoing.routing_key.into(),
                    mandatory,
                    outgoing.body,
                    properties,
                )
                .await?
                .await
        })
        .await
        .context("no confirm in time")??;
        match confirmation {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => bail!("no queue takes it"),
            Confirmation::Nack(_) => bail!("the broker did not take it"),
            Confirmation::NotRequested => bail!("confirms are off"),
        }
    }
}
