//! What was recorded and rebuilt of one scenario, and the questions its truth is compared by.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use waybill_broker::{DestinationRole, Dialects, Operation};
use waybill_model::journey::Journey;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_server::journey::{Context, Rebuilt, rebuild};

use super::truth::{Current, LogLine, Place, Sent, Truth};

pub fn rebuilt(spans: &[Arc<Span>]) -> Rebuilt {
    let context = Context {
        now: Timestamp::from_unix_millis(4_000_000_000_000),
        ..Context::default()
    };
    rebuild(spans, &Dialects::builtin(), &context)
}

pub struct Story {
    pub name: String,
    pub rebuilt: Rebuilt,
    by_id: HashMap<String, Arc<Span>>,
    /// The span that a record's trace header names.
    put_by: HashMap<Place, String>,
    dialects: Dialects,
}

impl Story {
    pub fn new(name: String, spans: &[Arc<Span>], truth: &Truth) -> Self {
        let records = truth
            .broker
            .topics
            .iter()
            .flat_map(|(topic, records)| records.iter().map(move |r| (topic, r)));
        Self {
            name,
            rebuilt: rebuilt(spans),
            by_id: spans
                .iter()
                .map(|s| (s.span_id.to_string(), Arc::clone(s)))
                .collect(),
            put_by: records
                .filter_map(|(topic, r)| {
                    let put = r.put_by()?.to_owned();
                    Some(((topic.clone(), r.partition, r.offset), put))
                })
                .collect(),
            dialects: Dialects::builtin(),
        }
    }

    pub fn role(&self, destination: &str) -> DestinationRole {
        let span = self.by_id.values().find_map(|s| self.dialects.facts(s));
        self.dialects
            .destination_role(&span.unwrap().system, destination)
    }

    fn is_consumer_span(&self, span_id: &str) -> bool {
        let facts = self.by_id.get(span_id).and_then(|s| self.dialects.facts(s));
        facts.is_some_and(|f| matches!(f.operation, Operation::Process | Operation::Receive))
    }

    pub fn is_consumer(&self, current: &Current) -> bool {
        self.is_consumer_span(&current.span_id)
    }

    /// The consumer span in which something was current.
    pub fn consumer_of(&self, current: &Current) -> Option<String> {
        self.upwards(&current.span_id)
            .find(|s| self.is_consumer_span(s))
    }

    /// A span and its ancestors, as far as they were recorded.
    fn upwards(&self, span_id: &str) -> impl Iterator<Item = String> {
        std::iter::successors(Some(span_id.to_owned()), |at| {
            let span = self.by_id.get(at)?;
            span.parent_id.map(|p| p.to_string())
        })
    }

    /// Whether a span's ancestors lead to what was current.
    pub fn is_within(&self, span_id: &str, current: &Current) -> bool {
        self.upwards(span_id).any(|s| s == current.span_id)
    }

    /// The producer's span is the one that the record names, or lies within what was current when it
    /// was sent and names the destination.
    pub fn sent_by_span(&self, sent: &Sent) -> Option<&Journey> {
        let put = sent
            .place()
            .and_then(|place| self.put_by.get(&place))
            .filter(|put| self.by_id.contains_key(*put));
        self.rebuilt.journeys.iter().find(|j| {
            let Some(producer) = &j.producer else {
                return false;
            };
            let span = producer.span_id.to_string();
            let current = sent.current.as_ref();
            let sends = match put {
                Some(put) => put == &span,
                None => current.is_some_and(|c| self.is_within(&span, c)),
            };
            sends
                && j.message.destination.as_deref() == Some(sent.destination())
                && (j.message.offset.is_none() || j.message.offset == sent.offset)
        })
    }

    pub fn journey_of(&self, sent: &Sent, received: &[&LogLine]) -> Option<&Journey> {
        self.sent_by_span(sent).or_else(|| {
            let line = received
                .iter()
                .find(|l| l.topic.is_none() || is_place(l, sent))?;
            let current = line.current.as_ref()?;
            let mut all = self.rebuilt.journeys.iter();
            all.find(|j| self.attempt_in(j, current).is_some())
        })
    }

    /// A message that was put and got while nothing was current: known by its id, or without a
    /// producer's span by its destination and partition alone.
    pub fn named(&self, id: &str, sent: &Sent, seen: &HashSet<&str>) -> Option<&Journey> {
        let partition = sent.partition.map(|p| p.to_string());
        self.rebuilt.journeys.iter().find(|j| {
            let message = &j.message;
            !seen.contains(j.id.as_str())
                && message.destination.as_deref() == Some(sent.destination())
                && (message.partition.is_none() || message.partition == partition)
                && match &message.message_id {
                    Some(own) => own == id,
                    None => j.producer.is_none(),
                }
        })
    }

    /// The attempt of that very span, else one within it.
    pub fn attempt_in(&self, journey: &Journey, current: &Current) -> Option<(String, usize)> {
        let exact = attempts(journey).find(|a| a.0 == current.span_id);
        exact.or_else(|| attempts(journey).find(|a| self.is_within(&a.0, current)))
    }

    /// Places at retry or dead-letter topics where this message lay or was read, other than those
    /// that the program itself sent it to.
    pub fn put_by_library(&self, truth: &Truth, id: &str, sent: &[&Sent]) -> BTreeSet<Place> {
        let kept = truth.broker.topics.iter().flat_map(|(topic, records)| {
            let own = records
                .iter()
                .filter(|r| r.header("message-id") == Some(id));
            own.map(move |r| (topic.clone(), r.partition, r.offset))
        });
        let received = truth.log.iter().filter(|l| l.event == "received");
        let read = received
            .filter(|l| l.id.as_deref() == Some(id))
            .filter_map(|l| Some((l.topic.clone()?, l.partition?, l.offset?)));
        kept.chain(read)
            .filter(|(topic, ..)| self.role(topic) != DestinationRole::Origin)
            .filter(|place| !sent.iter().any(|s| s.place().as_ref() == Some(place)))
            .collect()
    }
}

fn is_place(line: &LogLine, sent: &Sent) -> bool {
    (&line.topic, line.partition, line.offset) == (&sent.topic, sent.partition, sent.offset)
}

/// Span id and hop of every attempt.
pub fn attempts(journey: &Journey) -> impl Iterator<Item = (String, usize)> + '_ {
    journey
        .deliveries
        .iter()
        .flat_map(|d| &d.attempts)
        .map(|a| (a.span_id.to_string(), a.hop))
}
