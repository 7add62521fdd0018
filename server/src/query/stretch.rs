//! Where a walk finds its seeds: in whole blocks from the newest, or where an exact word stands.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use waybill_model::messaging::Operation;
use waybill_model::problem::Problem;
use waybill_model::query::JourneyQuery;
use waybill_model::reference::Term;
use waybill_model::span::Span;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::BlockId;

use super::Query;
use super::spans::Checked;
use crate::auth::store_problem;

/// Frames read at once for an exact word.
const FRAMES: usize = 128;
/// How long after its beginning a message still has a span that is about what was asked.
const LATER_MS: i64 = 900_000;

/// What spans a walk begins with.
pub(super) enum Source {
    /// Those that may belong to a journey asked for.
    Blocks,
    /// Those that carry one of these.
    Terms(HashSet<Term>),
}

/// Neighbouring blocks, newest first.
pub(super) struct Stretch {
    pub(super) seeds: Vec<Seed>,
    /// The last block of it.
    pub(super) end: BlockId,
    /// Nothing is below it.
    pub(super) is_last: bool,
}

/// A span for a trace of its block. The same, in the same order, for the same block and question.
pub(super) struct Seed {
    pub(super) block: BlockId,
    pub(super) received_at: Timestamp,
    /// Its place in the block, from 0.
    pub(super) number: usize,
    pub(super) span: Arc<Span>,
}

impl Query {
    /// The next one that begins at or below `most`; `None`: there is none.
    pub(super) async fn stretch(
        &self,
        source: &Source,
        most: BlockId,
        query: &JourneyQuery,
    ) -> Result<Option<Stretch>, Problem> {
        match source {
            Source::Blocks => {
                let block = self.store.newest_block(most, starts(query)).await;
                Ok(block.map_err(store_problem)?.map(|block| Stretch {
                    seeds: seeds(
                        block.id,
                        block.received_at,
                        block
                            .spans
                            .iter()
                            .filter(|span| self.may_belong(span, query)),
                    ),
                    end: block.id,
                    is_last: false,
                }))
            }
            Source::Terms(terms) => {
                let terms: Vec<Term> = terms.iter().copied().collect();
                let found = self.whole_blocks(most, &terms).await?;
                let Some(end) = found.arrivals.keys().next().copied() else {
                    return Ok(None);
                };
                let mut blocks: BTreeMap<BlockId, Vec<&Arc<Span>>> = BTreeMap::new();
                let placed = found.spans.iter().zip(&found.blocks);
                for (span, block) in placed.filter(|(_, block)| **block >= end) {
                    blocks.entry(*block).or_default().push(span);
                }
                let arrived =
                    |block: BlockId| found.arrivals.get(&block).copied().unwrap_or_default();
                let seeds = blocks
                    .into_iter()
                    .rev()
                    .flat_map(|(block, spans)| seeds(block, arrived(block), spans.into_iter()));
                Ok(Some(Stretch {
                    seeds: seeds.collect(),
                    end,
                    is_last: !found.truncated,
                }))
            }
        }
    }

    /// The newest blocks up to `most` in which one of the terms stands, none of them in part.
    async fn whole_blocks(&self, most: BlockId, terms: &[Term]) -> Result<Checked, Problem> {
        let mut frames = FRAMES;
        loop {
            let mut found = self.spans_up_to(most, terms, None, frames).await?;
            if found.truncated && found.arrivals.len() > 1 {
                // The oldest one may be cut.
                found.arrivals.pop_first();
            } else if found.truncated {
                frames *= 4;
                continue;
            }
            return Ok(found);
        }
    }

    /// Whether a span counts for where its journey stands.
    pub(super) fn counts(&self, span: &Span, source: &Source, query: &JourneyQuery) -> bool {
        match source {
            Source::Blocks => self.may_belong(span, query),
            Source::Terms(terms) => self.carries(span, terms),
        }
    }

    fn may_belong(&self, span: &Span, query: &JourneyQuery) -> bool {
        let Some(facts) = self.dialects.facts(span) else {
            return false;
        };
        let about_a_message = !matches!(facts.operation, Operation::Settle | Operation::Other);
        let named = |asked: &Option<String>, told: &Option<String>| {
            asked.is_none() || told.is_none() || asked == told
        };
        let in_time = starts(query)
            .is_none_or(|range| range.from <= span.started_at && span.started_at <= range.to);
        // A span of the service leads to its journeys, but not one that must be of a place too.
        let of_service = query.destination.is_some()
            || query.group.is_some()
            || query
                .service
                .as_ref()
                .is_none_or(|asked| span.service() == asked);
        about_a_message
            && in_time
            && of_service
            && (named(&query.destination, &facts.destination) || query.group.is_some())
            && (named(&query.group, &facts.group))
    }
}

/// One a trace; the newest start first.
fn seeds<'a>(
    block: BlockId,
    received_at: Timestamp,
    spans: impl Iterator<Item = &'a Arc<Span>>,
) -> Vec<Seed> {
    let mut spans: Vec<&Arc<Span>> = spans.collect();
    spans.sort_by_key(|span| (std::cmp::Reverse(span.started_at), span.trace_id));
    let mut seen = HashSet::new();
    let spans = spans
        .into_iter()
        .filter(|span| seen.insert(span.trace_id))
        .cloned();
    (0..)
        .zip(spans)
        .map(|(number, span)| Seed {
            block,
            received_at,
            number,
            span,
        })
        .collect()
}

/// Starts of the spans by which a journey that began within the asked range is found.
fn starts(query: &JourneyQuery) -> Option<TimeRange> {
    (query.from.is_some() || query.to.is_some()).then(|| TimeRange {
        from: query.from.unwrap_or(Timestamp::from_unix_nanos(i64::MIN)),
        to: query.to.map_or(Timestamp::from_unix_nanos(i64::MAX), |to| {
            to.plus_ms(LATER_MS)
        }),
    })
}
