//! Any recording against its truth, whatever the client.
//!
//! A send to an ordinary destination is one journey; sends of the same message to a retry or
//! dead-letter destination are its hops; each `received` in a program's log whose current span was
//! recorded is one attempt of exactly that journey: that span, or one within it (a poll's).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use waybill_broker::{DestinationRole, Dialects, Operation};
use waybill_model::journey::{HopRole, Journey};
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_server::journey::{Context, Rebuilt, rebuild};

use super::read;
use super::truth::{Current, LogLine, Sent, Truth};

/// A scenario that agrees with its truth: the journeys of each message, in order of sending.
pub struct Checked {
    pub scenario: String,
    pub journeys: BTreeMap<String, Vec<Journey>>,
}

pub fn rebuilt(spans: &[Arc<Span>]) -> Rebuilt {
    let context = Context {
        now: Timestamp::from_unix_millis(4_000_000_000_000),
        ..Context::default()
    };
    rebuild(spans, &Dialects::builtin(), &context)
}

pub fn check(client: &str, scenario: &str) -> Checked {
    let truth: Truth = serde_json::from_str(&read::truth(client, scenario)).unwrap();
    let spans = read::spans(client, scenario);
    let story = Story {
        name: format!("{client}/{scenario}"),
        by_id: spans
            .iter()
            .map(|s| (s.span_id.to_string(), Arc::clone(s)))
            .collect(),
        rebuilt: rebuilt(&spans),
        dialects: Dialects::builtin(),
    };
    let mut seen = HashSet::new();
    let mut journeys: BTreeMap<String, Vec<Journey>> = BTreeMap::new();
    for message in &truth.messages {
        let own: Vec<&LogLine> = truth
            .log
            .iter()
            .filter(|l| l.event == "received" && l.id.as_ref() == Some(&message.id))
            .filter(|l| l.current.as_ref().is_some_and(|c| story.is_consumer(c)))
            .collect();
        let (origins, hops): (Vec<&Sent>, Vec<&Sent>) = message
            .sent
            .iter()
            .partition(|s| story.role(s.destination()) == DestinationRole::Origin);
        let found: Vec<&Journey> = origins
            .iter()
            .filter_map(|s| story.journey_of(s, &own))
            .collect();
        let known = origins.iter().filter(|s| story.is_known(s, &own)).count();
        assert_eq!(
            found.len(),
            known,
            "{}: journeys of {}",
            story.name,
            message.id
        );
        for journey in &found {
            assert!(
                seen.insert(journey.id.clone()),
                "{}: {} is two sends in one journey",
                story.name,
                message.id
            );
        }
        story.check_hops(&message.id, &hops, &found);
        story.check_attempts(&message.id, &own, &found);
        journeys.insert(message.id.clone(), found.into_iter().cloned().collect());
    }
    let others: Vec<&str> = story
        .rebuilt
        .journeys
        .iter()
        .map(|j| j.id.as_str())
        .filter(|id| !seen.contains(*id))
        .collect();
    assert!(
        others.is_empty(),
        "{}: journeys of no message: {others:?}",
        story.name
    );
    check_causes(&story.name, &journeys);
    Checked {
        scenario: scenario.to_owned(),
        journeys,
    }
}

struct Story {
    name: String,
    by_id: HashMap<String, Arc<Span>>,
    rebuilt: Rebuilt,
    dialects: Dialects,
}

impl Story {
    fn role(&self, destination: &str) -> DestinationRole {
        let span = self.by_id.values().find_map(|s| self.dialects.facts(s));
        self.dialects
            .destination_role(&span.unwrap().system, destination)
    }

    fn is_consumer(&self, current: &Current) -> bool {
        let facts = self
            .by_id
            .get(&current.span_id)
            .and_then(|s| self.dialects.facts(s));
        facts.is_some_and(|f| matches!(f.operation, Operation::Process | Operation::Receive))
    }

    /// Whether a span's ancestors lead to what was current.
    fn is_within(&self, span_id: &str, current: &Current) -> bool {
        let mut at = self.by_id.get(span_id);
        while let Some(span) = at {
            if span.span_id.to_string() == current.span_id {
                return true;
            }
            at = span.parent_id.and_then(|p| self.by_id.get(&p.to_string()));
        }
        false
    }

    /// The producer's span lies within what was current when it was sent, and names the destination.
    fn sent_by_span(&self, sent: &Sent) -> Option<&Journey> {
        let current = sent.current.as_ref()?;
        self.rebuilt.journeys.iter().find(|j| {
            let producer = j.producer.as_ref();
            producer.is_some_and(|p| self.is_within(&p.span_id.to_string(), current))
                && j.message.destination.as_deref() == Some(sent.destination())
        })
    }

    fn journey_of(&self, sent: &Sent, received: &[&LogLine]) -> Option<&Journey> {
        self.sent_by_span(sent).or_else(|| {
            let line = received
                .iter()
                .find(|l| l.topic.is_none() || is_place(l, sent))?;
            self.attempt_of(line)
        })
    }

    fn is_known(&self, sent: &Sent, received: &[&LogLine]) -> bool {
        self.sent_by_span(sent).is_some() || !received.is_empty()
    }

    fn attempt_of(&self, line: &LogLine) -> Option<&Journey> {
        let current = line.current.as_ref()?;
        self.rebuilt
            .journeys
            .iter()
            .find(|j| self.attempt_in(j, current).is_some())
    }

    /// The attempt of that very span, else one within it.
    fn attempt_in(&self, journey: &Journey, current: &Current) -> Option<(String, usize)> {
        let exact = attempts(journey).find(|a| a.0 == current.span_id);
        exact.or_else(|| attempts(journey).find(|a| self.is_within(&a.0, current)))
    }

    fn check_hops(&self, id: &str, hops: &[&Sent], journeys: &[&Journey]) {
        for sent in hops {
            let hop = journeys.iter().flat_map(|j| &j.hops).find(|h| {
                let within =
                    |c: &Current| h.span_id.is_some_and(|s| self.is_within(&s.to_string(), c));
                h.destination.as_deref() == Some(sent.destination())
                    && sent.current.as_ref().is_none_or(within)
            });
            let hop = hop.unwrap_or_else(|| {
                panic!("{}: {id} has no hop at {}", self.name, sent.destination())
            });
            assert!(matches!(hop.role, HopRole::Retry | HopRole::DeadLetter));
        }
        let put: usize = journeys
            .iter()
            .flat_map(|j| &j.hops)
            .filter(|h| h.role != HopRole::Origin && h.span_id.is_some())
            .count();
        assert_eq!(put, hops.len(), "{}: hops of {id}", self.name);
    }

    fn check_attempts(&self, id: &str, received: &[&LogLine], journeys: &[&Journey]) {
        for line in received {
            let current = line.current.as_ref().unwrap();
            let holder = journeys
                .iter()
                .find(|j| self.attempt_in(j, current).is_some());
            let journey = holder.unwrap_or_else(|| {
                panic!("{}: {id} lacks the attempt {}", self.name, current.span_id)
            });
            let (_, hop) = attempts(journey)
                .find(|a| self.is_within(&a.0, current))
                .unwrap();
            if let Some(topic) = &line.topic {
                let hop = &journey.hops[hop];
                assert_eq!(hop.destination.as_ref(), Some(topic), "{}: {id}", self.name);
                if hop.offset.is_some() {
                    assert_eq!(hop.offset, line.offset, "{}: {id}", self.name);
                }
            }
        }
        let told: usize = journeys.iter().map(|j| attempts(j).count()).sum();
        assert_eq!(told, received.len(), "{}: attempts of {id}", self.name);
    }
}

fn is_place(line: &LogLine, sent: &Sent) -> bool {
    (&line.topic, line.partition, line.offset) == (&sent.topic, sent.partition, sent.offset)
}

/// Span id and hop of every attempt.
fn attempts(journey: &Journey) -> impl Iterator<Item = (String, usize)> + '_ {
    journey
        .deliveries
        .iter()
        .flat_map(|d| &d.attempts)
        .map(|a| (a.span_id.to_string(), a.hop))
}

/// `o-1/ship` was sent while `o-1` was processed; nothing else caused anything.
fn check_causes(name: &str, journeys: &BTreeMap<String, Vec<Journey>>) {
    for (id, own) in journeys {
        let cause = id
            .split_once('/')
            .and_then(|(cause, _)| journeys.get(cause));
        for journey in own {
            match cause {
                Some(causes) => {
                    let by = journey
                        .caused_by
                        .as_ref()
                        .unwrap_or_else(|| panic!("{name}: {id} has no cause"));
                    let cause = causes
                        .iter()
                        .find(|c| &c.id == by)
                        .unwrap_or_else(|| panic!("{name}: wrong cause of {id}"));
                    assert_eq!(
                        cause.caused,
                        std::slice::from_ref(&journey.id),
                        "{name}: {id}"
                    );
                }
                None => assert_eq!(journey.caused_by, None, "{name}: {id}"),
            }
        }
    }
}
