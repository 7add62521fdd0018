//! Which of the rebuilt journeys were asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::Journey;
use waybill_model::query::JourneyQuery;
use waybill_model::reference::MessageRef;
use waybill_model::span::Span;

use crate::journey::{Rebuilt, began_at, summary};

pub(super) type Key = (TraceId, SpanId);

/// The spans that a journey is made of: those that put the message, and those that tried it.
pub(super) fn spans_of(journey: &Journey) -> impl Iterator<Item = Key> + '_ {
    let producer = journey.producer.iter().map(|p| (p.trace_id, p.span_id));
    let hops = journey
        .hops
        .iter()
        .filter_map(|hop| Some((hop.trace_id?, hop.span_id?)));
    let attempts = journey.deliveries.iter().flat_map(|d| &d.attempts);
    producer
        .chain(hops)
        .chain(attempts.map(|a| (a.trace_id, a.span_id)))
}

/// What was asked for.
pub(super) enum Pick {
    /// The message of this reference.
    Named(MessageRef),
    /// Messages that these spans are about, or stand above or below of.
    Touched(HashSet<Key>),
}

impl Pick {
    pub(super) fn of(&self, rebuilt: &Rebuilt, spans: &[Arc<Span>]) -> HashSet<String> {
        match self {
            Self::Touched(seeds) => touched(&rebuilt.journeys, spans, seeds),
            Self::Named(reference) => {
                if let Some(at) = rebuilt.position(reference) {
                    return HashSet::from([rebuilt.journeys[at].id.clone()]);
                }
                // An id given out while spans were missing may name what turned out to be a span in
                // between: the journeys that stand around it are meant.
                let MessageRef::Context { trace_id, span_id } = reference else {
                    return HashSet::new();
                };
                let named = (*trace_id, *span_id);
                let around = spans.iter().filter(|span| {
                    (span.trace_id, span.span_id) == named
                        || span.parent_id.map(|parent| (span.trace_id, parent)) == Some(named)
                        || span
                            .links
                            .iter()
                            .any(|link| (link.trace_id, link.span_id) == named)
                });
                let seeds = around.map(|span| (span.trace_id, span.span_id)).collect();
                touched(&rebuilt.journeys, spans, &seeds)
            }
        }
    }
}

/// Journeys that a seed stands in, above or below within its trace.
fn touched(journeys: &[Journey], spans: &[Arc<Span>], seeds: &HashSet<Key>) -> HashSet<String> {
    let parents: HashMap<Key, Key> = spans
        .iter()
        .filter_map(|s| Some(((s.trace_id, s.span_id), (s.trace_id, s.parent_id?))))
        .collect();
    let parents = &parents;
    let ancestors = |key: Key| {
        let mut next = Some(key);
        let mut left = 64;
        std::iter::from_fn(move || {
            left -= 1;
            let here = next.filter(|_| left > 0)?;
            next = parents.get(&here).copied();
            Some(here)
        })
    };
    // What stands above the seeds: an attempt whose inner span was the one that matched.
    let above: HashSet<Key> = seeds.iter().flat_map(|seed| ancestors(*seed)).collect();
    journeys
        .iter()
        .filter(|journey| {
            let put = journey.producer.iter().map(|p| (p.trace_id, p.span_id));
            spans_of(journey).any(|key| above.contains(&key))
                || put
                    .into_iter()
                    .any(|key| ancestors(key).any(|a| seeds.contains(&a)))
        })
        .map(|journey| journey.id.clone())
        .collect()
}

/// Journeys with a span in one of the traces.
pub(super) fn in_traces(rebuilt: &Rebuilt, traces: &HashSet<TraceId>) -> HashSet<String> {
    let journeys = rebuilt.journeys.iter();
    journeys
        .filter(|journey| spans_of(journey).any(|(trace_id, _)| traces.contains(&trace_id)))
        .map(|journey| journey.id.clone())
        .collect()
}

/// What narrows a list further, whatever it was found by.
pub(super) fn fits(journey: &Journey, query: &JourneyQuery) -> bool {
    let message = &journey.message;
    let hops = || journey.hops.iter();
    let equal = |asked: &Option<String>, told: Option<&String>| {
        asked.as_ref().is_none_or(|asked| told == Some(asked))
    };
    let has_id = equal(&query.message_id, message.message_id.as_ref())
        || hops().any(|hop| equal(&query.message_id, hop.message_id.as_ref()));
    // Found by its key, it may carry it on a later hop only.
    let has_key = equal(&query.key, message.key.as_ref()) || message.key.is_none();
    has_id && has_key && narrows(journey, query)
}

/// All but the words by which it was found.
pub(super) fn narrows(journey: &Journey, query: &JourneyQuery) -> bool {
    let message = &journey.message;
    let hops = || journey.hops.iter();
    let equal = |asked: &Option<String>, told: Option<&String>| {
        asked.as_ref().is_none_or(|asked| told == Some(asked))
    };
    let started_at = began_at(journey);
    equal(&query.cluster, message.cluster.as_ref())
        && query.destination.as_ref().is_none_or(|asked| {
            message.destination.as_ref() == Some(asked)
                || hops().any(|hop| hop.destination.as_ref() == Some(asked))
        })
        && query.group.as_ref().is_none_or(|asked| {
            journey
                .deliveries
                .iter()
                .any(|d| d.group.as_ref() == Some(asked))
        })
        && query.state.is_none_or(|asked| journey.state == asked)
        && query
            .text
            .as_ref()
            .is_none_or(|asked| has_error_text(journey, asked))
        && query
            .min_ms
            .is_none_or(|least| summary(journey).total_ms.is_some_and(|ms| ms >= least))
        && query.from.is_none_or(|from| from <= started_at)
        && query.to.is_none_or(|to| started_at < to)
}

fn has_error_text(journey: &Journey, asked: &str) -> bool {
    let asked = asked.to_lowercase();
    let attempts = journey.deliveries.iter().flat_map(|d| &d.attempts);
    attempts.filter_map(|a| a.error.as_ref()).any(|error| {
        [&error.kind, &error.message]
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&asked))
    })
}
