//! Whatever is lost, doubled or late: no edge is ever wrong, and none is missing whose witnesses
//! are there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;
use waybill_broker::{Dialects, Operation};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::Journey;
use waybill_model::span::Span;

use super::compare::rebuilt;
use super::read;

type Id = (TraceId, SpanId);

struct Recording {
    name: String,
    spans: Vec<Arc<Span>>,
    /// Which journey of the whole a span belongs to.
    journey_of: HashMap<Id, String>,
    caused_by: HashMap<String, Option<String>>,
}

fn recordings() -> Vec<Recording> {
    let mut all = Vec::new();
    for client in ["node-kafkajs", "java-kafka-clients", "python-pika"] {
        for scenario in read::scenarios(client) {
            let spans = read::spans(client, &scenario);
            let whole = rebuilt(&spans);
            let mut journey_of = HashMap::new();
            for journey in &whole.journeys {
                for id in members(journey) {
                    journey_of.insert(id, journey.id.clone());
                }
            }
            let caused_by = whole
                .journeys
                .iter()
                .map(|j| (j.id.clone(), j.caused_by.clone()))
                .collect();
            all.push(Recording {
                name: format!("{client}/{scenario}"),
                spans,
                journey_of,
                caused_by,
            });
        }
    }
    all
}

/// Spans that put or got the message.
fn members(journey: &Journey) -> Vec<Id> {
    let producer = journey.producer.iter().map(|p| (p.trace_id, p.span_id));
    let hops = journey
        .hops
        .iter()
        .filter_map(|h| Some((h.trace_id?, h.span_id?)));
    let attempts = journey
        .deliveries
        .iter()
        .flat_map(|d| &d.attempts)
        .map(|a| (a.trace_id, a.span_id));
    producer.chain(hops).chain(attempts).collect()
}

fn outer_publish(recording: &Recording, id: Id) -> bool {
    // The outer of two nested spans of one publish is not named in the whole's journey.
    !recording.journey_of.contains_key(&id)
}

fn is_right(recording: &Recording, left: &[Arc<Span>]) {
    let part = rebuilt(left);
    let mut whole_of: HashMap<&str, &str> = HashMap::new();
    for journey in &part.journeys {
        let of: HashSet<&String> = members(journey)
            .into_iter()
            .filter(|id| !outer_publish(recording, *id))
            .map(|id| &recording.journey_of[&id])
            .collect();
        assert!(
            of.len() <= 1,
            "{}: two messages in one journey: {of:?}",
            recording.name
        );
        if let Some(whole) = of.into_iter().next() {
            whole_of.insert(&journey.id, whole);
        }
    }
    for journey in &part.journeys {
        let ids = (
            whole_of.get(journey.id.as_str()),
            journey.caused_by.as_deref().and_then(|c| whole_of.get(c)),
        );
        if let (Some(own), Some(cause)) = ids {
            assert_eq!(
                recording.caused_by[*own].as_deref(),
                Some(*cause),
                "{}: wrong cause",
                recording.name
            );
        }
    }
    recalls(recording, left, &part.journeys);
}

/// A consumer span whose producer's span it names itself, both at hand, is joined to it.
fn recalls(recording: &Recording, left: &[Arc<Span>], part: &[Journey]) {
    let dialects = Dialects::builtin();
    let at_hand: HashMap<Id, &Arc<Span>> =
        left.iter().map(|s| ((s.trace_id, s.span_id), s)).collect();
    let journey_of: HashMap<Id, &str> = part
        .iter()
        .flat_map(|j| members(j).into_iter().map(|id| (id, j.id.as_str())))
        .collect();
    for span in left {
        let Some(facts) = dialects.facts(span) else {
            continue;
        };
        if !matches!(facts.operation, Operation::Process | Operation::Receive) {
            continue;
        }
        let parent = span.parent_id.map(|p| (span.trace_id, p));
        let named = span
            .links
            .iter()
            .map(|l| (l.trace_id, l.span_id))
            .chain(parent);
        for put in named.filter(|id| recording.journey_of.contains_key(id)) {
            let sends = at_hand
                .get(&put)
                .and_then(|s| dialects.facts(s))
                .is_some_and(|f| f.operation == Operation::Send);
            if sends {
                let own = journey_of.get(&(span.trace_id, span.span_id));
                assert_eq!(
                    own,
                    journey_of.get(&put),
                    "{}: a named producer is not joined",
                    recording.name
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn losing_spans_never_makes_a_wrong_edge(keep in prop::collection::vec(0_u8..100, 64), share in 50_u8..100) {
        for recording in recordings() {
            let left: Vec<Arc<Span>> = recording
                .spans
                .iter()
                .enumerate()
                .filter(|(i, _)| keep[i % keep.len()] < share)
                .map(|(_, s)| Arc::clone(s))
                .collect();
            is_right(&recording, &left);
        }
    }

    #[test]
    fn order_and_repetition_change_nothing(keys in prop::collection::vec(any::<u32>(), 128)) {
        for recording in recordings() {
            let expected = rebuilt(&recording.spans).journeys;
            let mut shuffled: Vec<(u32, Arc<Span>)> = recording
                .spans
                .iter()
                .chain(&recording.spans)
                .enumerate()
                .map(|(i, s)| (keys[i % keys.len()], Arc::clone(s)))
                .collect();
            shuffled.sort_by_key(|(key, _)| *key);
            let spans: Vec<Arc<Span>> = shuffled.into_iter().map(|(_, s)| s).collect();
            prop_assert_eq!(&rebuilt(&spans).journeys, &expected, "{}", recording.name);
        }
    }
}
