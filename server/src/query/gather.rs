//! What belongs together: from a few spans to whole journeys, and the chains they stand in.
//!
//! Look up, rebuild, ask what the journeys wanted still miss, and again until nothing is new.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::Journey;
use waybill_model::problem::Problem;
use waybill_model::reference::Term;
use waybill_model::span::Span;
use waybill_model::time::TimeRange;
use waybill_store::BlockId;

use super::Query;
use crate::journey::{Rebuilt, reach};

/// Each round goes about one message further up or down the chain.
const ROUNDS: usize = 16;
/// Beyond this the answer is cut and says so.
const MAX_SPANS: usize = 20_000;
const MAX_FRAMES: usize = 1_024;

pub(super) struct Gathered {
    pub(super) spans: Vec<Arc<Span>>,
    /// Where the spans that were looked up stand.
    pub(super) blocks: HashMap<(TraceId, SpanId), BlockId>,
    pub(super) rebuilt: Rebuilt,
    /// Ids of the journeys asked for, and of their chains where these were.
    pub(super) wanted: HashSet<String>,
    pub(super) truncated: bool,
}

impl Gathered {
    pub(super) fn meant(&mut self) -> impl Iterator<Item = &mut Journey> {
        let wanted = &self.wanted;
        let all = self.rebuilt.journeys.iter_mut();
        all.filter(|journey| wanted.contains(&journey.id))
    }
}

/// Where to begin: spans at hand, and terms that lead to more.
#[derive(Default)]
pub(super) struct Seeds {
    spans: Vec<Arc<Span>>,
    terms: Vec<Term>,
}

impl Seeds {
    /// Spans, their traces, and the traces that they link to.
    pub(super) fn spans(spans: Vec<Arc<Span>>) -> Self {
        let traces = spans
            .iter()
            .flat_map(|s| s.links.iter().map(|l| l.trace_id).chain([s.trace_id]));
        let terms = traces.map(Term::trace).collect();
        Self { spans, terms }
    }

    pub(super) fn traces(traces: impl IntoIterator<Item = TraceId>) -> Self {
        Self {
            spans: Vec::new(),
            terms: traces.into_iter().map(Term::trace).collect(),
        }
    }
}

/// How far to go from the journeys asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Messages,
    /// And all that these caused, and what caused them.
    Chains,
}

impl Query {
    /// `pick` tells from everything at hand which journeys are asked for. `arrival` bounds the
    /// look-ups: nothing that arrived outside it is found.
    pub(super) async fn gather(
        &self,
        seeds: Seeds,
        reach: Reach,
        arrival: Option<TimeRange>,
        pick: impl Fn(&Rebuilt, &[Arc<Span>]) -> HashSet<String>,
    ) -> Result<Gathered, Problem> {
        let mut next = seeds.terms;
        let mut known = Known::default();
        known.add(seeds.spans);
        let mut asked = HashSet::new();
        let mut rounds = 0;
        loop {
            next.retain(|term| asked.insert(*term));
            let found = self.spans_by(&next, arrival, MAX_FRAMES).await?;
            known.truncated |= found.truncated;
            let placed = found.spans.iter().zip(found.blocks);
            known
                .blocks
                .extend(placed.map(|(span, block)| ((span.trace_id, span.span_id), block)));
            let grew = known.add(found.spans);
            let spans: Vec<Arc<Span>> = known.spans.values().cloned().collect();
            let rebuilt = self.rebuild(&spans);
            let mut wanted = pick(&rebuilt, &spans);
            if reach == Reach::Chains {
                wanted = reach::chains(&rebuilt.journeys, &wanted);
            }
            next = reach::terms(&spans, &rebuilt, &wanted, &self.dialects);
            rounds += 1;
            let done = !next.iter().any(|term| !asked.contains(term)) || (!grew && rounds > 2);
            known.truncated |= !done && (rounds == ROUNDS || spans.len() > MAX_SPANS);
            if done || known.truncated {
                let truncated = known.truncated;
                return Ok(Gathered {
                    spans,
                    blocks: known.blocks,
                    rebuilt,
                    wanted,
                    truncated,
                });
            }
        }
    }
}

#[derive(Default)]
struct Known {
    spans: HashMap<(TraceId, SpanId), Arc<Span>>,
    blocks: HashMap<(TraceId, SpanId), BlockId>,
    truncated: bool,
}

impl Known {
    /// Whether one of them was not known before.
    fn add(&mut self, spans: Vec<Arc<Span>>) -> bool {
        let before = self.spans.len();
        self.spans.extend(
            spans
                .into_iter()
                .map(|span| ((span.trace_id, span.span_id), span)),
        );
        self.spans.len() > before
    }
}
