//! Spans by term, checked: the store answers whole frames, and a term may collide.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use waybill_model::problem::Problem;
use waybill_model::reference::Term;
use waybill_model::span::Span;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::BlockId;

use super::Query;
use crate::auth::store_problem;
use crate::journey;

/// A trace of more frames than this is shown in part.
pub(super) const FRAMES_A_TRACE: usize = 512;

/// The spans that carry one of the terms, and whether there were more than one answer holds.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) spans: Vec<Arc<Span>>,
    /// Parallel to the spans.
    pub(super) blocks: Vec<BlockId>,
    /// When the blocks read arrived, those too whose spans only stood beside.
    pub(super) arrivals: BTreeMap<BlockId, Timestamp>,
    pub(super) truncated: bool,
}

impl Query {
    pub(super) async fn spans_by(
        &self,
        terms: &[Term],
        arrival: Option<TimeRange>,
        limit_frames: usize,
    ) -> Result<Checked, Problem> {
        let newest = BlockId(i64::MAX);
        self.spans_up_to(newest, terms, arrival, limit_frames).await
    }

    /// The same among blocks up to `most`.
    pub(super) async fn spans_up_to(
        &self,
        most: BlockId,
        terms: &[Term],
        arrival: Option<TimeRange>,
        limit_frames: usize,
    ) -> Result<Checked, Problem> {
        if terms.is_empty() {
            return Ok(Checked::default());
        }
        let found = self
            .store
            .find_up_to(most, terms, arrival, limit_frames)
            .await
            .map_err(store_problem)?;
        let asked: HashSet<Term> = terms.iter().copied().collect();
        let placed = found.spans.into_iter().zip(found.blocks);
        let (spans, blocks) = placed
            .filter(|(span, _)| self.carries(span, &asked))
            .unzip();
        Ok(Checked {
            spans,
            blocks,
            arrivals: found.arrivals,
            truncated: found.truncated,
        })
    }

    pub(super) fn carries(&self, span: &Span, asked: &HashSet<Term>) -> bool {
        asked.contains(&Term::trace(span.trace_id))
            || self.terms_of(span).iter().any(|term| asked.contains(term))
    }

    pub(super) fn terms_of(&self, span: &Span) -> Vec<Term> {
        let facts = self.dialects.facts(span);
        journey::terms(span, facts.as_ref(), &self.search)
    }
}
