//! Lists without an exact word: the newest blocks are looked through, until the page is full, the
//! range is done, or the time is up.
//!
//! Blocks come in order of arrival and journeys are wanted in order of start. A span arrives after
//! it started, so once everything that arrived after the page's oldest start was seen, the page is
//! complete. Starts later than their arrival (a clock ahead of ours) may come out of order.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_model::id::TraceId;
use waybill_model::journey::JourneySummary;
use waybill_model::messaging::Operation;
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::span::Span;
use waybill_model::time::{TimeRange, Timestamp};

use super::Query;
use super::cursor::Cursor;
use super::gather::Reach;
use super::select;
use crate::auth::store_problem;
use crate::journey::summary;

/// Time for one page; what was not reached by then is told as `searched_back_to`.
const BUDGET: Duration = Duration::from_millis(1_500);
/// Spans looked through at a step.
const STEP_SPANS: usize = 1_000;
/// How long after its start the first span of a message may arrive and still be listed in order.
const LATE_MS: i64 = 300_000;

impl Query {
    pub(super) async fn by_scan(
        &self,
        query: &JourneyQuery,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<JourneySummary>, Problem> {
        let began = Instant::now();
        let arrival = arrival(query, after.as_ref());
        let mut seen = HashSet::new();
        let mut page = BTreeMap::new();
        let mut before = None;
        loop {
            let scan = self
                .store
                .newest(Some(arrival), before, STEP_SPANS)
                .await
                .map_err(store_problem)?;
            let mut more = scan.next.is_some();
            for batch in self.candidates(&scan.spans, query, &mut seen, limit) {
                // A journey starts no later than any of its spans, and the batches come in order.
                if is_complete(&page, limit, batch.first().map(|span| span.started_at)) {
                    more = true;
                    break;
                }
                for summary in self.journeys_of(batch, query).await? {
                    if after
                        .as_ref()
                        .is_none_or(|cursor| cursor.is_before(&summary))
                    {
                        page.insert((summary.started_at, summary.id.clone()), summary);
                    }
                }
            }
            before = scan.next;
            if before.is_none() || is_complete(&page, limit, scan.back_to) {
                return Ok(first(page, limit, more, None));
            }
            if began.elapsed() > BUDGET {
                return Ok(first(page, limit, true, scan.back_to));
            }
        }
    }

    /// Spans that may belong to a journey asked for, newest first, as batches of whole traces.
    fn candidates(
        &self,
        spans: &[Arc<Span>],
        query: &JourneyQuery,
        seen: &mut HashSet<TraceId>,
        limit: usize,
    ) -> Vec<Vec<Arc<Span>>> {
        let mut matching: Vec<&Arc<Span>> = spans
            .iter()
            .filter(|span| self.may_belong(span, query))
            .collect();
        matching.sort_by_key(|span| std::cmp::Reverse(span.started_at));
        let fresh: Vec<Arc<Span>> = matching
            .into_iter()
            .filter(|span| seen.insert(span.trace_id))
            .cloned()
            .collect();
        fresh
            .chunks(limit.clamp(20, 100))
            .map(<[_]>::to_vec)
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
        about_a_message
            && (named(&query.destination, &facts.destination) || query.group.is_some())
            && (named(&query.group, &facts.group))
    }

    async fn journeys_of(
        &self,
        seeds: Vec<Arc<Span>>,
        query: &JourneyQuery,
    ) -> Result<Vec<JourneySummary>, Problem> {
        let Some(oldest) = seeds.iter().map(|span| span.started_at).min() else {
            return Ok(Vec::new());
        };
        // What belongs to these messages arrived after they began, give or take a clock.
        let arrival = TimeRange {
            from: oldest.plus_ms(-LATE_MS),
            to: Timestamp::from_unix_nanos(i64::MAX),
        };
        let traces: HashSet<TraceId> = seeds.iter().map(|s| s.trace_id).collect();
        let gathered = self
            .gather(seeds, Reach::Messages, Some(arrival), |rebuilt, _| {
                select::in_traces(rebuilt, &traces)
            })
            .await?;
        let all = gathered.rebuilt.journeys.iter();
        let fitting = all.filter(|j| gathered.wanted.contains(&j.id) && select::fits(j, query));
        Ok(fitting.map(summary).collect())
    }
}

type Ordered = BTreeMap<(Timestamp, String), JourneySummary>;

/// Whether the newest `limit` can no longer change: what is left starts no later than `rest`.
fn is_complete(page: &Ordered, limit: usize, rest: Option<Timestamp>) -> bool {
    let oldest = page
        .keys()
        .rev()
        .nth(limit - 1)
        .map(|(started_at, _)| *started_at);
    oldest
        .zip(rest)
        .is_some_and(|(oldest, rest)| rest <= oldest)
}

fn first(
    page: Ordered,
    limit: usize,
    more: bool,
    back_to: Option<Timestamp>,
) -> Page<JourneySummary> {
    let more = more || page.len() > limit;
    let items: Vec<_> = page.into_values().rev().take(limit).collect();
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| Cursor::of(last).write());
    let next = next.or_else(|| {
        // Nothing fitted within the time: go on below what was looked through.
        back_to.map(|at| {
            Cursor {
                started_at: at,
                id: String::new(),
            }
            .write()
        })
    });
    Page {
        items,
        next,
        searched_back_to: back_to,
        truncated: false,
    }
}

/// Arrival of what can hold the asked starts.
fn arrival(query: &JourneyQuery, after: Option<&Cursor>) -> TimeRange {
    let upper = [query.to, after.map(|cursor| cursor.started_at)];
    let to = upper
        .into_iter()
        .flatten()
        .min()
        .map(|at| at.plus_ms(LATE_MS));
    TimeRange {
        from: query.from.unwrap_or(Timestamp::EPOCH),
        to: to.unwrap_or(Timestamp::from_unix_nanos(i64::MAX)),
    }
}
