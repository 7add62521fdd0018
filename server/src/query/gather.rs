//! What belongs together: from a few spans to all that are reachable by trace, link, place and id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::messaging::{Facts, Operation};
use waybill_model::problem::Problem;
use waybill_model::reference::Term;
use waybill_model::span::{Span, SpanKind};
use waybill_model::time::TimeRange;

use super::Query;

/// Each round goes one message further up or down the chain.
const ROUNDS: usize = 12;
/// Beyond this the answer is cut and says so.
const MAX_SPANS: usize = 20_000;
const MAX_FRAMES: usize = 1_024;
/// A span that links more messages is a batch: its other messages are not this one's.
const FEW_LINKS: usize = 8;
const SEED_LINKS: usize = 1_024;

pub(super) struct Gathered {
    pub(super) spans: Vec<Arc<Span>>,
    pub(super) truncated: bool,
}

/// How far to go from the seeds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The messages that the seeds are about.
    Messages,
    /// And all that these caused, and what caused them.
    Chains,
}

impl Query {
    /// `arrival` bounds the look-ups: nothing that arrived outside it is found.
    pub(super) async fn gather(
        &self,
        seeds: Vec<Arc<Span>>,
        reach: Reach,
        arrival: Option<TimeRange>,
    ) -> Result<Gathered, Problem> {
        let mut known = Known::default();
        let mut frontier = Frontier::default();
        for seed in known.add(seeds) {
            frontier.follow(&seed, self.dialects.facts(&seed).as_ref(), SEED_LINKS);
        }
        let rounds = if reach == Reach::Chains { ROUNDS } else { 3 };
        for _ in 0..rounds {
            let terms = frontier.take();
            if terms.is_empty() {
                break;
            }
            let found = self.spans_by(&terms, arrival, MAX_FRAMES).await?;
            known.truncated |= found.truncated;
            for span in known.add(found.spans) {
                frontier.follow(&span, self.dialects.facts(&span).as_ref(), FEW_LINKS);
            }
            if known.spans.len() > MAX_SPANS {
                known.truncated = true;
                break;
            }
        }
        Ok(Gathered {
            truncated: known.truncated,
            spans: known.spans.into_values().collect(),
        })
    }
}

#[derive(Default)]
struct Known {
    spans: HashMap<(TraceId, SpanId), Arc<Span>>,
    truncated: bool,
}

impl Known {
    /// Those that were not known before.
    fn add(&mut self, spans: Vec<Arc<Span>>) -> Vec<Arc<Span>> {
        let mut new = Vec::new();
        for span in spans {
            let key = (span.trace_id, span.span_id);
            if self.spans.insert(key, span.clone()).is_none() {
                new.push(span);
            }
        }
        new
    }
}

/// Terms to ask for next; each is asked once.
#[derive(Default)]
struct Frontier {
    asked: HashSet<Term>,
    next: Vec<Term>,
}

impl Frontier {
    fn ask(&mut self, term: Term) {
        if self.asked.insert(term) {
            self.next.push(term);
        }
    }

    fn take(&mut self) -> Vec<Term> {
        std::mem::take(&mut self.next)
    }

    fn follow(&mut self, span: &Span, facts: Option<&Facts>, most_links: usize) {
        self.ask(Term::trace(span.trace_id));
        if span.links.len() <= most_links {
            for link in &span.links {
                self.ask(Term::trace(link.trace_id));
            }
        }
        let Some(facts) = facts else { return };
        let puts = matches!(facts.operation, Operation::Create | Operation::Send)
            || span.kind == SpanKind::Producer;
        if puts {
            self.ask(Term::context(span.trace_id, span.span_id));
        }
        if matches!(facts.operation, Operation::Settle | Operation::Other) {
            return;
        }
        if let (Some(destination), Some(partition), Some(offset)) =
            (&facts.destination, &facts.partition, facts.offset)
        {
            self.ask(Term::place(&facts.system, destination, partition, offset));
        }
        if let Some(id) = facts
            .message_id
            .as_deref()
            .filter(|id| tells_one_message(id))
        {
            self.ask(Term::message_id(id));
        }
    }
}

/// Counters and offsets written as ids are shared by many messages.
fn tells_one_message(id: &str) -> bool {
    !id.is_empty() && !id.bytes().all(|b| b.is_ascii_digit())
}
