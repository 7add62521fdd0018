//! How Kafka clients write spans.
//!
//! Recorded from running clients: Java agent (kafka-clients, Spring Kafka), kafkajs,
//! confluent-kafka, kafka-python, aiokafka, kotel (franz-go), otelsarama. Read in code only:
//! otel-kafka-konsumer, Micrometer.

use bytes::Bytes;
use waybill_model::messaging::{DestinationKind, DestinationRole, Facts, LinkFacts, Operation};
use waybill_model::span::{Span, attribute};

use super::laid_aside;
use crate::adapter::{CameFrom, Dialect, Habits};
use crate::convention::Said;
use crate::roles;

pub(super) const SYSTEM: &str = "kafka";

/// Libraries that leave `messaging.system` out.
const SILENT_SCOPES: &[&str] = &[
    "github.com/Trendyol/otel-kafka-konsumer",
    "otel-kafka-konsumer",
    "github.com/segmentio/kafka-go",
];

pub(super) struct KafkaDialect;

impl Dialect for KafkaDialect {
    fn speaks(&self, system: &str) -> bool {
        system.eq_ignore_ascii_case(SYSTEM)
    }

    fn claims(&self, span: &Span) -> bool {
        SILENT_SCOPES
            .iter()
            .any(|known| span.scope.name.contains(known))
            || span
                .attributes
                .iter()
                .any(|a| a.key.starts_with("messaging.kafka."))
    }

    fn facts(&self, span: &Span, said: &Said<'_>) -> Option<Facts> {
        let mut facts = said.facts(SYSTEM, span);
        let silent = said.system.is_none();
        if silent && facts.destination.is_none() {
            facts.destination = destination_in_name(&span.name);
        }
        if let Some(destination) = &facts.destination {
            facts.destination_role = self.destination_role(destination);
        }
        let consumes = matches!(facts.operation, Operation::Receive | Operation::Process);
        if silent && !consumes {
            // konsumer's producer writes 0 as every message's id.
            facts.message_id = None;
        }
        let mut place = Place {
            destination: facts.destination.take(),
            partition: facts.partition.take(),
            offset: facts.offset,
        };
        facts.message_id = place.take_from_id(facts.message_id);
        (facts.destination, facts.partition, facts.offset) =
            (place.destination, place.partition, place.offset);
        for link in &mut facts.links {
            read_link(link);
        }
        if consumes && facts.failed && is_postponed(span) {
            facts.postponed = true;
            facts.failed = false;
        }
        if facts.operation == Operation::Other && facts.destination.is_none() {
            facts.links.clear();
        }
        Some(facts)
    }

    fn destination_role(&self, name: &str) -> DestinationRole {
        if name.starts_with("__") {
            DestinationRole::Internal
        } else {
            roles::by_name(name)
        }
    }

    fn destination_kind(&self, _name: &str) -> Option<DestinationKind> {
        Some(DestinationKind::Topic)
    }

    fn came_from(&self, headers: &[(String, Option<Bytes>)]) -> Option<CameFrom> {
        laid_aside::came_from(headers)
    }

    fn habits(&self) -> Habits {
        Habits {
            one_name: true,
            positions: true,
        }
    }
}

/// Spring Kafka's retryable topics throw this at themselves when a record is not yet due.
fn is_postponed(span: &Span) -> bool {
    let exceptions = span.events.iter().filter(|e| e.name == "exception");
    let thrown = exceptions
        .filter_map(|e| attribute(&e.attributes, "exception.type"))
        .filter_map(|kind| kind.as_str());
    thrown
        .chain(span.text("error.type"))
        .any(|kind| kind.ends_with("KafkaBackoffException"))
}

struct Place {
    destination: Option<String>,
    partition: Option<String>,
    offset: Option<i64>,
}

impl Place {
    /// Kafka has no message ids of its own. Clients that write one put the position there:
    /// `topic.partition.offset` (confluent-kafka, aiokafka), or the offset alone (otelsarama,
    /// konsumer). What remains is an id that the application gave.
    fn take_from_id(&mut self, id: Option<String>) -> Option<String> {
        let id = id?;
        if let Some((partition, offset)) = self.position_in(&id) {
            self.partition.get_or_insert(partition);
            self.offset.get_or_insert(offset);
            return None;
        }
        if !id.bytes().all(|b| b.is_ascii_digit()) {
            return Some(id);
        }
        let number: Option<i64> = id.parse().ok();
        match self.offset {
            Some(offset) if Some(offset) != number => Some(id),
            Some(_) => None,
            None if self.partition.is_some() => {
                self.offset = number;
                None
            }
            // An offset without a partition names nothing, and digits are no id.
            None => None,
        }
    }

    fn position_in(&self, id: &str) -> Option<(String, i64)> {
        let rest = id
            .strip_prefix(self.destination.as_deref()?)?
            .strip_prefix('.')?;
        let (partition, offset) = rest.split_once('.')?;
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (number(partition) && number(offset))
            .then(|| Some((partition.to_owned(), offset.parse().ok()?)))?
    }
}

fn read_link(link: &mut LinkFacts) {
    let mut place = Place {
        destination: link.destination.take(),
        partition: link.partition.take(),
        offset: link.offset,
    };
    link.message_id = place.take_from_id(link.message_id.take());
    (link.destination, link.partition, link.offset) =
        (place.destination, place.partition, place.offset);
}

/// konsumer: `fetched from T`, `read from T`.
fn destination_in_name(name: &str) -> Option<String> {
    let (_, topic) = name.split_once(" from ")?;
    (!topic.is_empty() && !topic.contains(' ')).then(|| topic.to_owned())
}
