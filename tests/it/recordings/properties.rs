//! Whatever is lost, doubled or late: no edge is ever wrong, and none is missing whose witnesses
//! are there.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use waybill_broker::{Dialects, Operation};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::Journey;
use waybill_model::span::Span;

use super::read;
use super::story::rebuilt;

type Id = (TraceId, SpanId);

struct Recording {
    name: String,
    spans: Vec<Arc<Span>>,
    whole: Vec<Journey>,
    /// Which journeys of the whole a span belongs to: a batch's span to many.
    journeys_of: HashMap<Id, BTreeSet<String>>,
    caused_by: HashMap<String, Option<String>>,
}

static RECORDINGS: LazyLock<Vec<Recording>> = LazyLock::new(|| {
    let all = super::CLIENTS.iter().flat_map(|client| {
        let scenarios = read::scenarios(client);
        scenarios.into_iter().map(|s| Recording::of(client, &s))
    });
    all.collect()
});

impl Recording {
    fn of(client: &str, scenario: &str) -> Self {
        let spans = read::spans(client, scenario);
        let whole = rebuilt(&spans).journeys;
        let mut journeys_of: HashMap<Id, BTreeSet<String>> = HashMap::new();
        for journey in &whole {
            for id in members(journey) {
                let of = journeys_of.entry(id).or_default();
                of.insert(journey.id.clone());
            }
        }
        let causes = whole.iter().map(|j| (j.id.clone(), j.caused_by.clone()));
        Self {
            name: format!("{client}/{scenario}"),
            caused_by: causes.collect(),
            spans,
            whole,
            journeys_of,
        }
    }

    /// The journeys of the whole that all these spans belong to. Spans that no journey names (the
    /// outer of two nested ones, a poll) are of any.
    fn common(&self, spans: &[Id]) -> Option<BTreeSet<&String>> {
        let mut known = spans.iter().filter_map(|id| self.journeys_of.get(id));
        let first = known.next()?.iter().collect();
        Some(known.fold(first, |common: BTreeSet<&String>, next| {
            common.into_iter().filter(|j| next.contains(*j)).collect()
        }))
    }
}

/// Spans that put or got the message.
fn members(journey: &Journey) -> Vec<Id> {
    let producer = journey.producer.iter().map(|p| (p.trace_id, p.span_id));
    let hops = journey
        .hops
        .iter()
        .filter_map(|h| Some((h.trace_id?, h.span_id?)));
    producer.chain(hops).chain(attempts(journey)).collect()
}

fn attempts(journey: &Journey) -> impl Iterator<Item = Id> + '_ {
    let all = journey.deliveries.iter().flat_map(|d| &d.attempts);
    all.map(|a| (a.trace_id, a.span_id))
}

fn is_right(recording: &Recording, left: &[Arc<Span>]) {
    let part = rebuilt(left);
    let mut whole_of: HashMap<&str, &String> = HashMap::new();
    for journey in &part.journeys {
        let Some(common) = recording.common(&members(journey)) else {
            continue;
        };
        let mut common = common.into_iter();
        let first = common.next().unwrap_or_else(|| {
            panic!(
                "{}: two messages in one journey: {}",
                recording.name, journey.id
            )
        });
        if common.next().is_none() {
            whole_of.insert(&journey.id, first);
        }
    }
    for journey in &part.journeys {
        let ids = (
            whole_of.get(journey.id.as_str()),
            journey.caused_by.as_deref().and_then(|c| whole_of.get(c)),
        );
        if let (Some(own), Some(cause)) = ids {
            assert_eq!(
                recording.caused_by[*own].as_ref(),
                Some(*cause),
                "{}: wrong cause",
                recording.name
            );
        }
    }
    recalls(recording, left, &part.journeys);
}

/// A consumer span whose producer's span it names itself, both at hand, is joined to it: as an
/// attempt, or as the poll or the outer span of one.
fn recalls(recording: &Recording, left: &[Arc<Span>], part: &[Journey]) {
    let dialects = Dialects::builtin();
    let at_hand: HashMap<Id, &Arc<Span>> =
        left.iter().map(|s| ((s.trace_id, s.span_id), s)).collect();
    let puts: HashMap<Id, &Journey> = part
        .iter()
        .flat_map(|j| members(j).into_iter().map(move |id| (id, j)))
        .filter(|(id, _)| {
            let facts = at_hand.get(id).and_then(|s| dialects.facts(s));
            facts.is_some_and(|f| f.operation == Operation::Send)
        })
        .collect();
    let is_within = |inner: Id, outer: Id| {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = at_hand
                .get(&id)
                .and_then(|s| Some((s.trace_id, s.parent_id?)));
        }
        false
    };
    for span in left {
        let Some(facts) = dialects.facts(span).filter(|f| !f.postponed) else {
            continue;
        };
        if !matches!(facts.operation, Operation::Process | Operation::Receive) {
            continue;
        }
        let own = (span.trace_id, span.span_id);
        let parent = span.parent_id.map(|p| (span.trace_id, p));
        let named = span
            .links
            .iter()
            .map(|l| (l.trace_id, l.span_id))
            .chain(parent);
        for put in named.filter(|id| recording.journeys_of.contains_key(id)) {
            let Some(journey) = puts.get(&put) else {
                continue;
            };
            let joined = attempts(journey).any(|attempt| {
                let polled = facts.operation == Operation::Receive
                    && at_hand[&attempt].service() == span.service()
                    && at_hand[&attempt].started_at >= span.started_at;
                is_within(attempt, own) || polled
            });
            assert!(
                joined,
                "{}: {own:?} names a producer and is not joined to it",
                recording.name
            );
        }
    }
}

/// All traffic at once: one topic's offsets, one application's ids and keys return everywhere.
#[test]
fn recordings_do_not_mix() {
    let mut spans = Vec::new();
    let mut apart = Vec::new();
    for recording in RECORDINGS.iter() {
        spans.extend(recording.spans.iter().cloned());
        apart.extend(recording.whole.iter().map(|j| (&j.id, j, &recording.name)));
    }
    let all = rebuilt(&spans).journeys;
    let together: HashMap<&String, &Journey> = all.iter().map(|j| (&j.id, j)).collect();
    for (id, journey, name) in &apart {
        assert_eq!(together.get(id), Some(journey), "{name}");
    }
    assert_eq!(together.len(), apart.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn losing_spans_never_makes_a_wrong_edge(keep in prop::collection::vec(0_u8..100, 64), share in 50_u8..100) {
        for recording in RECORDINGS.iter() {
            let left: Vec<Arc<Span>> = recording
                .spans
                .iter()
                .enumerate()
                .filter(|(i, _)| keep[i % keep.len()] < share)
                .map(|(_, s)| Arc::clone(s))
                .collect();
            is_right(recording, &left);
        }
    }

    #[test]
    fn order_and_repetition_change_nothing(keys in prop::collection::vec(any::<u32>(), 128)) {
        for recording in RECORDINGS.iter() {
            let mut shuffled: Vec<(u32, Arc<Span>)> = recording
                .spans
                .iter()
                .chain(&recording.spans)
                .enumerate()
                .map(|(i, s)| (keys[i % keys.len()], Arc::clone(s)))
                .collect();
            shuffled.sort_by_key(|(key, _)| *key);
            let spans: Vec<Arc<Span>> = shuffled.into_iter().map(|(_, s)| s).collect();
            prop_assert_eq!(&rebuilt(&spans).journeys, &recording.whole, "{}", recording.name);
        }
    }
}
