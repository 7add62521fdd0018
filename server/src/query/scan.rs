//! Lists without an exact word: blocks are walked from the newest, until the page is full, the
//! range is done, or the time is up.
//!
//! A journey stands where its latest span arrived: it is listed at the newest block that holds a
//! span of its traces which may belong, so the cost of a page follows the page and not the traffic, telemetry that came
//! days late is found, and turning pages neither repeats nor skips. Blocks that came after the
//! first page are left out of the following ones. Within a page the newest start comes first.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_model::id::TraceId;
use waybill_model::journey::JourneySummary;
use waybill_model::messaging::Operation;
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::span::Span;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::BlockId;

use super::Query;
use super::cursor::Place;
use super::gather::{Reach, Seeds};
use super::select;
use crate::auth::store_problem;
use crate::journey::summary;

/// Time for one page; what was not reached by then is told as `searched_back_to`.
const BUDGET: Duration = Duration::from_millis(1_500);
/// How long after its beginning a message still has a span that is about what was asked.
const LATER_MS: i64 = 900_000;
/// How long before the first of its spans that is at hand a message may have arrived.
const LATE_MS: i64 = 300_000;

impl Query {
    pub(super) async fn by_scan(
        &self,
        query: &JourneyQuery,
        limit: usize,
        after: Option<Place>,
    ) -> Result<Page<JourneySummary>, Problem> {
        let began = Instant::now();
        let starts = starts(query);
        let mut at = after.unwrap_or_default();
        let mut listed = Listed::new(limit);
        loop {
            let block = self.store.newest_block(at.block, starts).await;
            let Some(block) = block.map_err(store_problem)? else {
                return Ok(listed.page(None, None));
            };
            at = at.reach(block.id);
            let seeds = self.seeds(&block.spans, query);
            while at.traces < seeds.len() {
                let (before, rest) = seeds.split_at(at.traces);
                let batch = &rest[..rest.len().min(limit.clamp(5, 50))];
                for journeys in self.listed_at(batch, before, &at, query).await? {
                    for summary in journeys.into_iter().skip(at.journeys) {
                        if listed.is_full() {
                            return Ok(listed.page(Some(at), None));
                        }
                        listed.add(summary);
                        at.journeys += 1;
                    }
                    at.traces += 1;
                    at.journeys = 0;
                }
                if began.elapsed() > BUDGET {
                    return Ok(listed.page(Some(at), Some(block.received_at)));
                }
            }
            at = at.below();
        }
    }

    /// A span for each trace of the block that may belong to a journey asked for; the newest start
    /// first. The same for the same block and question.
    fn seeds(&self, spans: &[Arc<Span>], query: &JourneyQuery) -> Vec<Arc<Span>> {
        let mut matching: Vec<&Arc<Span>> = spans
            .iter()
            .filter(|span| self.may_belong(span, query))
            .collect();
        matching.sort_by_key(|span| (std::cmp::Reverse(span.started_at), span.trace_id));
        let mut seen = HashSet::new();
        matching
            .into_iter()
            .filter(|span| seen.insert(span.trace_id))
            .cloned()
            .collect()
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
        about_a_message
            && in_time
            && (named(&query.destination, &facts.destination) || query.group.is_some())
            && (named(&query.group, &facts.group))
    }

    /// For each seed the journeys that are listed at it: those that stand in this block and not at
    /// an earlier seed of it.
    async fn listed_at(
        &self,
        batch: &[Arc<Span>],
        before: &[Arc<Span>],
        at: &Place,
        query: &JourneyQuery,
    ) -> Result<Vec<Vec<JourneySummary>>, Problem> {
        let arrival = arrival_of(batch);
        let traces: HashSet<TraceId> = batch.iter().map(|s| s.trace_id).collect();
        let gathered = self
            .gather(
                Seeds::spans(batch.to_vec()),
                Reach::Messages,
                Some(arrival),
                |rebuilt, _| select::in_traces(rebuilt, &traces),
            )
            .await?;
        let mut newest: HashMap<TraceId, BlockId> = HashMap::new();
        for span in gathered.spans.iter().filter(|s| self.may_belong(s, query)) {
            let block = gathered.blocks.get(&(span.trace_id, span.span_id));
            if let Some(block) = block.filter(|block| **block <= at.top) {
                let known = newest.entry(span.trace_id).or_insert(*block);
                *known = (*block).max(*known);
            }
        }
        let places: HashMap<TraceId, usize> = (0..)
            .zip(batch)
            .map(|(place, seed)| (seed.trace_id, place))
            .collect();
        let earlier: HashSet<TraceId> = before.iter().map(|seed| seed.trace_id).collect();
        let mut listed = vec![Vec::new(); batch.len()];
        let all = gathered.rebuilt.journeys.iter();
        for journey in all.filter(|j| gathered.wanted.contains(&j.id) && select::fits(j, query)) {
            let traces = || journey.trace_ids.iter();
            let stands = traces().filter_map(|id| newest.get(id)).max();
            let seed = traces().filter_map(|id| places.get(id)).min();
            if stands.is_none_or(|block| *block <= at.block)
                && !traces().any(|id| earlier.contains(id))
                && let Some(seed) = seed
            {
                listed[*seed].push(summary(journey));
            }
        }
        for journeys in &mut listed {
            journeys.sort_by(newest_first);
        }
        Ok(listed)
    }
}

fn newest_first(a: &JourneySummary, b: &JourneySummary) -> std::cmp::Ordering {
    (b.started_at, &b.id).cmp(&(a.started_at, &a.id))
}

/// The page under construction.
struct Listed {
    items: Vec<JourneySummary>,
    ids: HashSet<String>,
    limit: usize,
}

impl Listed {
    fn new(limit: usize) -> Self {
        Self {
            items: Vec::new(),
            ids: HashSet::new(),
            limit,
        }
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.limit
    }

    fn add(&mut self, summary: JourneySummary) {
        if self.ids.insert(summary.id.clone()) {
            self.items.push(summary);
        }
    }

    fn page(self, next: Option<Place>, back_to: Option<Timestamp>) -> Page<JourneySummary> {
        let mut items = self.items;
        items.sort_by(newest_first);
        Page {
            items,
            next: next.map(|place| place.write()),
            searched_back_to: back_to,
            truncated: false,
        }
    }
}

/// What belongs to these messages arrived after they began, give or take a clock.
fn arrival_of(seeds: &[Arc<Span>]) -> TimeRange {
    let oldest = seeds.iter().map(|span| span.started_at).min();
    TimeRange {
        from: oldest.unwrap_or(Timestamp::EPOCH).plus_ms(-LATE_MS),
        to: Timestamp::from_unix_nanos(i64::MAX),
    }
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
