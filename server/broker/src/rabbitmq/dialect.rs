//! How RabbitMQ clients write spans.
//!
//! The destination is the exchange; where a message goes through the default exchange it is the
//! routing key, which is the queue's name. The group is the queue.
//!
//! Recorded from running clients: Java agent (amqp-client, Spring AMQP), amqplib, pika, aio-pika.
//! Read in code only: RabbitMQ.Client for .NET, Micrometer.

use waybill_model::messaging::{DestinationKind, DestinationRole, Facts, Operation};
use waybill_model::span::{Span, SpanKind};
use waybill_model::topology::Topology;

use super::resting;
use crate::adapter::{Dialect, Habits, Put, Rest};
use crate::convention::Said;
use crate::roles;

pub(super) const SYSTEM: &str = "rabbitmq";

/// Libraries whose consumer spans are named after the queue: `Q process`, `Q receive`.
const QUEUE_IN_NAME: &[&str] = &["io.opentelemetry.rabbitmq", "instrumentation-amqplib"];

/// Libraries whose consumer spans name no destination but the routing key the message came by.
const KEY_AS_DESTINATION: &[&str] = &["io.opentelemetry.spring-rabbit"];

/// What the default exchange is called.
const DEFAULT_EXCHANGE: &[&str] = &["", "amq.default", "<default>", "(AMQP default)"];

/// Queues that the broker names for one connection.
const GENERATED: &str = "amq.gen";

pub(super) struct RabbitDialect;

impl Dialect for RabbitDialect {
    fn speaks(&self, system: &str) -> bool {
        system.eq_ignore_ascii_case(SYSTEM)
    }

    fn claims(&self, span: &Span) -> bool {
        span.attributes
            .iter()
            .any(|a| a.key.starts_with("messaging.rabbitmq."))
    }

    fn facts(&self, span: &Span, said: &Said<'_>) -> Option<Facts> {
        let mut facts = said.facts(SYSTEM, span);
        // The .NET client's word for having asked an empty queue.
        if said.operation_name == Some("fetch (empty)") {
            facts.operation = Operation::Other;
        }
        if let Some(operation) = channel_method(span) {
            facts.operation = operation;
            facts.failed |= matches!(span.name.as_str(), "basic.nack" | "basic.reject");
        }
        let consumes = matches!(facts.operation, Operation::Receive | Operation::Process);
        let address = Address::read(said, consumes);
        let queue = address
            .queue
            .map(str::to_owned)
            .or_else(|| consumes.then(|| queue_in_name(span)).flatten());
        if facts.group.is_none() && consumes {
            facts.group = queue;
        }
        facts.destination = address
            .destination
            .map(str::to_owned)
            .or_else(|| facts.group.clone());
        facts.names_route = consumes
            && KEY_AS_DESTINATION
                .iter()
                .any(|s| span.scope.name.contains(s));
        // A position is Kafka's idea; a delivery tag counts within one channel only.
        facts.partition = None;
        facts.offset = None;
        facts.destination_role = self.role_of(&facts);
        Some(facts)
    }

    fn destination_role(&self, name: &str) -> DestinationRole {
        match name {
            "amq.rabbitmq.trace" | "amq.rabbitmq.log" | "amq.rabbitmq.event" => {
                DestinationRole::Internal
            }
            _ => roles::by_name(name),
        }
    }

    /// Of an exchange, or of a queue that is reached through the default one: spans write both alike.
    /// Only exchanges of the broker's own making have a reserved name.
    fn destination_kind(&self, name: &str) -> Option<DestinationKind> {
        let own = name.starts_with("amq.") && !name.starts_with(GENERATED);
        own.then_some(DestinationKind::Exchange)
    }

    fn is_lasting_group(&self, name: &str) -> bool {
        !name.starts_with(GENERATED)
    }

    fn rests(&self, topology: &Topology, asked: &[Put<'_>]) -> Vec<Option<Rest>> {
        resting::rests(topology, asked)
    }

    fn habits(&self) -> Habits {
        Habits {
            one_name: false,
            positions: false,
        }
    }
}

impl RabbitDialect {
    /// The queue tells where the exchange does not: dead letters often come through an exchange
    /// that serves other things too.
    fn role_of(&self, facts: &Facts) -> DestinationRole {
        [facts.destination.as_deref(), facts.group.as_deref()]
            .into_iter()
            .flatten()
            .map(|name| self.destination_role(name))
            .find(|role| *role != DestinationRole::Origin)
            .unwrap_or_default()
    }
}

/// CLIENT spans of the Java agent that speak with the channel and are about no single message.
fn channel_method(span: &Span) -> Option<Operation> {
    if span.kind != SpanKind::Client && span.kind != SpanKind::Internal {
        return None;
    }
    let name = span.name.as_str();
    match name {
        "basic.ack" | "basic.nack" | "basic.reject" => Some(Operation::Settle),
        _ if name.starts_with("basic.")
            || name.starts_with("confirm.")
            || name.starts_with("queue.")
            || name.starts_with("exchange.")
            || name.starts_with("channel.")
            || name.starts_with("tx.")
            || name.starts_with("Channel.") =>
        {
            Some(Operation::Other)
        }
        _ => None,
    }
}

struct Address<'a> {
    destination: Option<&'a str>,
    queue: Option<&'a str>,
}

impl<'a> Address<'a> {
    /// The convention composes `exchange:routing_key:queue`, leaving empty parts out; older
    /// clients write the exchange, aio-pika `exchange,routing_key`, pika the routing key for the
    /// default exchange.
    fn read(said: &Said<'a>, consumes: bool) -> Self {
        let routing_key = said.routing_key;
        let Some(whole) = said.destination else {
            return Self {
                destination: routing_key,
                queue: None,
            };
        };
        let ((exchange, queue), routing_key) = match routing_key {
            Some(key) => (split_at_key(whole, key, consumes), Some(key)),
            None => match whole.split_once(',') {
                Some((exchange, key)) => ((exchange, None), Some(key)),
                None => ((whole, None), None),
            },
        };
        let destination = if DEFAULT_EXCHANGE.contains(&exchange) {
            routing_key.or(queue)
        } else {
            Some(exchange)
        };
        Self { destination, queue }
    }
}

fn split_at_key<'a>(whole: &'a str, key: &str, consumes: bool) -> (&'a str, Option<&'a str>) {
    let parts: Vec<&str> = whole.split(':').collect();
    match parts.as_slice() {
        [exchange, k, queue] if *k == key => (exchange, Some(*queue)),
        [exchange, k] if *k == key && !consumes => (exchange, None),
        // exchange:queue or key:queue, told apart by the routing key.
        [k, queue] if *k == key && consumes => ("", Some(*queue)),
        [exchange, queue] if *queue == key && consumes => (exchange, Some(*queue)),
        _ => (whole, None),
    }
}

fn queue_in_name(span: &Span) -> Option<String> {
    let named_so = QUEUE_IN_NAME.iter().any(|s| span.scope.name.contains(s));
    // Micrometer's listener spans say neither the system nor the queue but in their name.
    let micrometer = span.text("messaging.system").is_none() && span.name.ends_with(" receive");
    if !named_so && !micrometer {
        return None;
    }
    let (queue, verb) = span.name.rsplit_once(' ')?;
    let told = matches!(verb, "process" | "receive") && !queue.is_empty();
    // `<generated>`, `<default>`: a placeholder, not a name.
    (told && !queue.starts_with('<')).then(|| queue.to_owned())
}
