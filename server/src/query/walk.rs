//! Lists that are walked: stretches of blocks from the newest, until the page is full, nothing is
//! left, or the time is up.
//!
//! A journey stands where its latest span that counts arrived: it is listed at the newest block that
//! holds such a span of its traces, so the cost of a page follows the page and not the traffic,
//! telemetry that came days late is found, and turning pages neither repeats nor skips. Blocks that
//! came after the first page are left out of the following ones. Within a page the newest start
//! comes first. Where whole chains are meant, a chain stands and is listed as one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_model::id::TraceId;
use waybill_model::journey::{Journey, JourneySummary};
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::span::Span;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::BlockId;

use super::Query;
use super::cursor::Place;
use super::gather::{Reach, Seeds};
use super::select::{self, Pick};
use super::stretch::{Seed, Source};
use super::witness::Read;
use crate::journey::{reach, summary};

/// Time for one page; what was not reached by then is told as `searched_back_to`.
const BUDGET: Duration = Duration::from_millis(1_500);
/// How long before the first of its spans that is at hand a message may have arrived.
const LATE_MS: i64 = 300_000;

/// One question.
pub(super) struct Walk<'a> {
    pub(super) source: Source,
    pub(super) reach: Reach,
    pub(super) query: &'a JourneyQuery,
    pub(super) limit: usize,
}

impl Query {
    pub(super) async fn walk(
        &self,
        walk: Walk<'_>,
        after: Option<Place>,
    ) -> Result<Page<JourneySummary>, Problem> {
        let began = Instant::now();
        let mut at = after.unwrap_or_default();
        let mut listed = Listed::new(walk.limit);
        let mut read = Read::default();
        while let Some(stretch) = self.stretch(&walk.source, at.block, walk.query).await? {
            if let Some(first) = stretch.seeds.first() {
                at = at.reach(first.block);
            }
            let is_done = |seed: &Seed| seed.block == at.block && seed.number < at.traces;
            let done = stretch
                .seeds
                .iter()
                .take_while(|seed| is_done(seed))
                .count();
            let (before, rest) = stretch.seeds.split_at(done);
            let mut earlier: HashSet<TraceId> = traces(before).collect();
            for batch in rest.chunks(walk.limit.clamp(5, 50)) {
                let top = at.top;
                let lists = self
                    .listed_at(&walk, batch, &earlier, top, &mut read)
                    .await?;
                listed.truncated |= lists.truncated;
                for (seed, journeys) in batch.iter().zip(lists.at_seeds) {
                    at = at.reach(seed.block);
                    at.traces = seed.number;
                    for summary in journeys.into_iter().skip(at.journeys) {
                        if listed.is_full() {
                            return Ok(listed.page(Some(at), None));
                        }
                        listed.add(summary);
                        at.journeys += 1;
                    }
                    at.traces = seed.number + 1;
                    at.journeys = 0;
                }
                earlier.extend(traces(batch));
                if let Some(seed) = batch.last().filter(|_| began.elapsed() > BUDGET) {
                    return Ok(listed.page(Some(at), Some(seed.received_at)));
                }
            }
            if stretch.is_last {
                break;
            }
            at = at.reach(stretch.end).below();
        }
        Ok(listed.page(None, None))
    }

    /// For each seed the journeys that are listed at it: those that stand in its block and not at an
    /// earlier seed of it.
    async fn listed_at(
        &self,
        walk: &Walk<'_>,
        batch: &[Seed],
        earlier: &HashSet<TraceId>,
        top: BlockId,
        read: &mut Read,
    ) -> Result<Lists, Problem> {
        let counts = |span: &Span| self.counts(span, &walk.source, walk.query);
        let asked: HashSet<TraceId> = traces(batch).collect();
        let spans: Vec<Arc<Span>> = batch.iter().map(|seed| seed.span.clone()).collect();
        let (arrival, by_trace) = match walk.source {
            Source::Blocks => (Some(arrival_of(&spans)), true),
            Source::Terms(_) => (None, false),
        };
        let pick = |rebuilt: &_, spans: &[Arc<Span>]| {
            if by_trace {
                return select::in_traces(rebuilt, &asked);
            }
            let about = spans
                .iter()
                .filter(|span| asked.contains(&span.trace_id) && counts(span));
            let about = about.map(|span| (span.trace_id, span.span_id)).collect();
            Pick::Touched(about).of(rebuilt, spans)
        };
        let mut gathered = self
            .gather(Seeds::spans(spans), walk.reach, arrival, pick)
            .await?;
        self.fill_places(gathered.meant(), None).await?;
        self.settle_by(read, gathered.meant()).await?;
        let mut newest: HashMap<TraceId, BlockId> = HashMap::new();
        for span in gathered.spans.iter().filter(|span| counts(span)) {
            let block = gathered.blocks.get(&(span.trace_id, span.span_id));
            if let Some(block) = block.filter(|block| **block <= top) {
                let known = newest.entry(span.trace_id).or_insert(*block);
                *known = (*block).max(*known);
            }
        }
        // The first of a trace: at the newest of its blocks.
        let mut places: HashMap<TraceId, usize> = HashMap::new();
        for (place, trace_id) in traces(batch).enumerate() {
            places.entry(trace_id).or_insert(place);
        }
        let mut at_seeds = vec![Vec::new(); batch.len()];
        for unit in units(&gathered.rebuilt.journeys, &gathered.wanted, walk.reach) {
            let traces = || unit.iter().flat_map(|journey| &journey.trace_ids);
            let stands = traces().filter_map(|id| newest.get(id)).max();
            let seed = traces().filter_map(|id| places.get(id)).min();
            if let Some(seed) = seed
                && stands.is_none_or(|block| *block <= batch[*seed].block)
                && !traces().any(|id| earlier.contains(id))
            {
                let fitting = unit.iter().filter(|j| select::fits(j, walk.query));
                at_seeds[*seed].extend(fitting.map(|journey| summary(journey)));
            }
        }
        for journeys in &mut at_seeds {
            journeys.sort_by(newest_first);
        }
        Ok(Lists {
            at_seeds,
            truncated: gathered.truncated,
        })
    }
}

struct Lists {
    /// Parallel to the seeds.
    at_seeds: Vec<Vec<JourneySummary>>,
    truncated: bool,
}

fn traces(seeds: &[Seed]) -> impl Iterator<Item = TraceId> + '_ {
    seeds.iter().map(|seed| seed.span.trace_id)
}

/// What is listed together: journeys one by one, or whole chains of them.
fn units<'j>(
    journeys: &'j [Journey],
    wanted: &HashSet<String>,
    reach: Reach,
) -> Vec<Vec<&'j Journey>> {
    let wanted_ones = || {
        journeys
            .iter()
            .filter(|journey| wanted.contains(&journey.id))
    };
    if reach == Reach::Messages {
        return wanted_ones().map(|journey| vec![journey]).collect();
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut units = Vec::new();
    for journey in wanted_ones() {
        if !taken.contains(&journey.id) {
            let chain = reach::chains(journeys, &HashSet::from([journey.id.clone()]));
            units.push(wanted_ones().filter(|j| chain.contains(&j.id)).collect());
            taken.extend(chain);
        }
    }
    units
}

fn newest_first(a: &JourneySummary, b: &JourneySummary) -> std::cmp::Ordering {
    (b.started_at, &b.id).cmp(&(a.started_at, &a.id))
}

/// The page under construction.
struct Listed {
    items: Vec<JourneySummary>,
    ids: HashSet<String>,
    limit: usize,
    truncated: bool,
}

impl Listed {
    fn new(limit: usize) -> Self {
        Self {
            items: Vec::new(),
            ids: HashSet::new(),
            limit,
            truncated: false,
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
            truncated: self.truncated,
            asked: None,
        }
    }
}

/// What belongs to these messages arrived after they began, give or take a clock.
fn arrival_of(spans: &[Arc<Span>]) -> TimeRange {
    let oldest = spans.iter().map(|span| span.started_at).min();
    TimeRange {
        from: oldest.unwrap_or(Timestamp::EPOCH).plus_ms(-LATE_MS),
        to: Timestamp::from_unix_nanos(i64::MAX),
    }
}
