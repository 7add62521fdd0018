//! What to look up next so that some journeys, and the chains they stand in, are whole.
//!
//! Only from the journeys asked for: a poll names many messages and each of those was polled with
//! others, so following every name at hand would wander through all traffic.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_broker::{Dialects, Operation};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::Journey;
use waybill_model::reference::{MessageRef, Term};
use waybill_model::span::Span;

use super::Rebuilt;

/// Journeys that the given ones caused, or that caused them, themselves included.
pub fn chains(journeys: &[Journey], of: &HashSet<String>) -> HashSet<String> {
    let by_id: HashMap<&str, &Journey> = journeys.iter().map(|j| (j.id.as_str(), j)).collect();
    let mut all = of.clone();
    let mut open: Vec<String> = of.iter().cloned().collect();
    while let Some(journey) = open.pop().and_then(|id| by_id.get(id.as_str()).copied()) {
        for other in journey.caused.iter().chain(&journey.caused_by) {
            if all.insert(other.clone()) {
                open.push(other.clone());
            }
        }
    }
    all
}

/// Everything under which more spans of these journeys, of what caused them and of what they
/// caused may stand. Ask each once, rebuild, ask again until nothing is new.
pub fn terms(
    spans: &[Arc<Span>],
    rebuilt: &Rebuilt,
    wanted: &HashSet<String>,
    dialects: &Dialects,
) -> Vec<Term> {
    let at_hand: HashMap<(TraceId, SpanId), &Arc<Span>> =
        spans.iter().map(|s| ((s.trace_id, s.span_id), s)).collect();
    let mut terms = Vec::new();
    let all = rebuilt.journeys.iter().zip(&rebuilt.references);
    for (journey, references) in all.filter(|(j, _)| wanted.contains(&j.id)) {
        terms.extend(journey.trace_ids.iter().copied().map(Term::trace));
        for reference in references.iter().filter(|r| tells_one_message(r)) {
            terms.push(reference.term());
            if let MessageRef::Context { trace_id, .. } = reference {
                terms.push(Term::trace(*trace_id));
            }
        }
        // Producers that link to what processed the message.
        let attempts = journey.deliveries.iter().flat_map(|d| &d.attempts);
        terms.extend(attempts.map(|a| Term::context(a.trace_id, a.span_id)));
        // And what these producers link to themselves.
        let puts = journey
            .hops
            .iter()
            .filter_map(|h| at_hand.get(&(h.trace_id?, h.span_id?)));
        for put in puts.filter(|s| {
            dialects
                .facts(s)
                .is_some_and(|f| f.operation != Operation::Process)
        }) {
            terms.extend(put.links.iter().map(|l| Term::trace(l.trace_id)));
        }
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Counters written as ids are shared by many messages.
fn tells_one_message(reference: &MessageRef) -> bool {
    match reference {
        MessageRef::Id { id, .. } => !id.bytes().all(|b| b.is_ascii_digit()),
        MessageRef::Context { .. } | MessageRef::Place { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use waybill_model::time::Timestamp;

    use super::*;
    use crate::journey::fixture::{Make, process, send, span, trace_id};
    use crate::journey::{Context, SearchAttributes, rebuild};

    /// Looks up as the store would, until nothing is new.
    fn gather(all: &[Arc<Span>], seed: TraceId) -> (HashSet<TraceId>, Rebuilt) {
        let dialects = Dialects::builtin();
        let search = SearchAttributes::default();
        let mut asked = HashSet::from([Term::trace(seed)]);
        loop {
            let carries = |s: &&Arc<Span>| {
                let own = crate::journey::terms(s, dialects.facts(s).as_ref(), &search);
                own.iter().any(|t| asked.contains(t))
            };
            let spans: Vec<Arc<Span>> = all.iter().filter(carries).cloned().collect();
            let rebuilt = rebuild(
                &spans,
                &dialects,
                &Context {
                    now: Timestamp::EPOCH,
                    ..Context::default()
                },
            );
            let seeds = rebuilt
                .journeys
                .iter()
                .filter(|j| j.trace_ids.contains(&seed))
                .map(|j| j.id.clone())
                .collect();
            let wanted = chains(&rebuilt.journeys, &seeds);
            let before = asked.len();
            asked.extend(terms(&spans, &rebuilt, &wanted, &dialects));
            if asked.len() == before {
                return (spans.iter().map(|s| s.trace_id).collect(), rebuilt);
            }
        }
    }

    /// Two groups read one topic in batches whose borders differ, so that all messages hang
    /// together by their polls. One message's page needs two polls and nothing further.
    #[test]
    fn a_poll_does_not_lead_to_its_other_messages() {
        let mut all = Vec::new();
        for n in 1..=60_u64 {
            all.push(send("shop", "kafka", "orders", n, n).at(0, 1));
            for (group, size, base) in [("billing", 7, 1_000), ("stock", 10, 5_000)] {
                let poll = base + n / size;
                all.push(
                    process(group, "kafka", "orders", poll, base + 100 + n)
                        .under(poll)
                        .linked(n, n)
                        .at(5, 6),
                );
            }
        }
        for poll in (1_000..1_010).chain(5_000..5_008) {
            all.push(span("consumer", poll, poll).at(4, 9));
        }
        all.push(
            send("billing", "kafka", "payments", 1_004, 90_000)
                .under(1_130)
                .at(5, 6),
        );
        let all: Vec<Arc<Span>> = all.into_iter().map(Arc::new).collect();
        let (traces, rebuilt) = gather(&all, trace_id(30));
        assert_eq!(
            traces,
            [30, 1_004, 5_003].into_iter().map(trace_id).collect()
        );
        let journey = rebuilt
            .journeys
            .iter()
            .find(|j| j.trace_ids.contains(&trace_id(30)))
            .unwrap();
        assert_eq!((journey.deliveries.len(), journey.caused.len()), (2, 1));
    }

    #[test]
    fn a_chain_is_followed_both_ways_over_links() {
        let all: Vec<Arc<Span>> = [
            send("shop", "kafka", "orders", 1, 1).at(0, 1),
            process("billing", "kafka", "orders", 2, 2)
                .linked(1, 1)
                .at(5, 9),
            send("billing", "rabbitmq", "payments", 3, 3)
                .linked(2, 2)
                .at(6, 7),
            process("notify", "rabbitmq", "payments", 4, 4)
                .linked(3, 3)
                .at(10, 11),
        ]
        .into_iter()
        .map(Arc::new)
        .collect();
        for seed in 1..=4 {
            let (traces, rebuilt) = gather(&all, trace_id(seed));
            assert_eq!(
                (traces.len(), rebuilt.journeys.len()),
                (4, 2),
                "from {seed}"
            );
        }
    }
}
