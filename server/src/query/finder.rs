//! The finder of exceptional messages: follows committed blocks, and keeps a row for each journey
//! that failed, was retried, delivered again or dead-lettered.
//!
//! It reads the blocks' marks and looks up the traces that these name, so its cost follows trouble
//! and not traffic. It reads nothing but what is committed, from a persisted place on, so a crash
//! repeats work and loses none: rows are replaced by journey id. Journeys seen in trouble are looked
//! at again when more of their spans arrive within [`MEMORY`]; that memory is bounded and rebuilt at
//! start from the rows themselves.
//!
//! A second delivery that no span calls a failure is noticed by what consumers tried within
//! [`MEMORY`]: where the marks of a block tell of a try that is known, its spans are read, and their
//! traces looked up. That memory is bounded too, and rebuilt at start from the marks.
//!
//! Metrics, which tell causes, arrive after the spans: journeys with an attempt that they may tell
//! of and do not yet are looked at twice more (`later`), and their rows written again where a cause
//! was told. Those that wait are bounded too, and rebuilt at start from the rows.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use waybill_model::id::TraceId;
use waybill_model::journey::{Attempt, Delivery, Journey};
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_store::troubled::{Troubled, TroubledAttempt, TroubledFilter};
use waybill_store::{BlockId, Followed, Marks, Tried};

use super::Query;
use super::causes::Heard;
use super::gather::{Reach, Seeds};
use super::later::Later;
use super::select;
use super::tries::Tries;
use super::watched::Watched;
use crate::auth::store_problem;
use crate::journey::evidence::{self, Kind};
use crate::journey::{cut, overtaken, strain, summary, tells_trouble, tries};

pub const NAME: &str = "finder";
/// How long a journey in trouble is watched after its last span.
const MEMORY: Duration = Duration::from_secs(15 * 60);
const BLOCKS_A_STEP: usize = 256;
/// Traces that are rebuilt together.
const TRACES_A_STEP: usize = 200;

pub struct Finder {
    query: Query,
    position: Option<BlockId>,
    watched: Watched,
    tries: Tries,
    later: Later,
}

/// What one step did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Blocks that were committed since the step before.
    pub blocks: usize,
    /// Ids of journeys whose rows were written.
    pub journeys: Vec<String>,
    /// Whether more blocks wait.
    pub more: bool,
}

/// A journey in trouble.
struct Looked {
    row: Troubled,
    heard: Heard,
    trace_ids: Vec<TraceId>,
}

impl Finder {
    /// Reads where the last finder stopped.
    pub async fn resume(query: Query, now: Timestamp) -> Result<Self, Problem> {
        let position = query
            .store
            .finder_position(NAME)
            .await
            .map_err(store_problem)?;
        let filter = TroubledFilter {
            from: Some(now.plus_ms(-(MEMORY.as_millis() as i64))),
            ..TroubledFilter::default()
        };
        let rows = query
            .store
            .troubled(&filter, 1_000)
            .await
            .map_err(store_problem)?;
        let mut watched = Watched::default();
        let mut later = Later::default();
        for row in &rows {
            if let Ok(MessageRef::Context { trace_id, .. }) = row.summary.id.parse() {
                watched.watch(trace_id, now);
                // What took less has no attempt that metrics may tell of.
                if row.summary.total_ms.is_none_or(|ms| ms >= strain::LEAST_MS) {
                    later.written(trace_id, row.updated_at);
                }
            }
        }
        let mut finder = Self {
            query,
            position,
            watched,
            tries: Tries::new(MEMORY.as_millis() as i64, now),
            later,
        };
        finder.recall(now).await?;
        Ok(finder)
    }

    /// What was tried in blocks that were looked at before.
    async fn recall(&mut self, now: Timestamp) -> Result<(), Problem> {
        let Some(position) = self.position else {
            return Ok(());
        };
        let oldest = now.plus_ms(-(MEMORY.as_millis() as i64));
        let mut after = None;
        loop {
            let store = &self.query.store;
            let blocks = store
                .followed_up_to(after, position, oldest, BLOCKS_A_STEP)
                .await
                .map_err(store_problem)?;
            let Some(last) = blocks.last() else {
                return Ok(());
            };
            after = Some(last.id);
            let marks = blocks.into_iter().filter_map(|block| block.marks);
            self.tries.remember(marks.flat_map(|m| m.tried), now);
        }
    }

    /// Looks at the next committed blocks, and again at what waits for a cause.
    ///
    /// # Errors
    /// `StoreUnavailable`: ask again, nothing was passed over.
    pub async fn step(&mut self, now: Timestamp) -> Result<Found, Problem> {
        let mut found = self.follow(now).await?;
        let due = self.later.due(now, TRACES_A_STEP);
        if !due.is_empty() {
            found.journeys.extend(self.look_again(&due, now).await?);
            found.more |= self.later.is_due(now);
        }
        Ok(found)
    }

    async fn follow(&mut self, now: Timestamp) -> Result<Found, Problem> {
        let store = self.query.store.clone();
        let blocks = store
            .since(self.position, BLOCKS_A_STEP)
            .await
            .map_err(store_problem)?;
        let Some(last) = blocks.last().map(|block| block.id) else {
            return Ok(Found::default());
        };
        let mut found = Found {
            blocks: blocks.len(),
            more: blocks.len() == BLOCKS_A_STEP,
            ..Found::default()
        };
        let (suspects, tried) = self.suspects(blocks, now).await?;
        for traces in suspects.chunks(TRACES_A_STEP) {
            let looked = self.troubled(traces, now).await?;
            for trace_id in traces {
                self.later.forget(*trace_id);
            }
            for one in &looked {
                for trace_id in &one.trace_ids {
                    self.watched.watch(*trace_id, now);
                }
                if let (true, Some(trace_id)) = (one.heard.lacks, one.trace_ids.first()) {
                    self.later.written(*trace_id, now);
                }
            }
            found.journeys.extend(self.save(looked).await?);
        }
        store
            .set_finder_position(NAME, last)
            .await
            .map_err(store_problem)?;
        self.position = Some(last);
        // Not before: a step that is repeated would take its own tries for known.
        self.tries.remember(tried, now);
        self.watched
            .forget(now.plus_ms(-(MEMORY.as_millis() as i64)));
        Ok(found)
    }

    /// The ids of those that a cause was told of.
    async fn look_again(
        &mut self,
        traces: &[TraceId],
        now: Timestamp,
    ) -> Result<Vec<String>, Problem> {
        let mut looked = self.troubled(traces, now).await?;
        let lacking = looked.iter().filter(|one| one.heard.lacks);
        let lacking = lacking.flat_map(|one| one.trace_ids.clone()).collect();
        looked.retain(|one| one.heard.told);
        let ids = self.save(looked).await?;
        self.later.looked(traces, &lacking, now);
        Ok(ids)
    }

    /// Their ids.
    async fn save(&self, looked: Vec<Looked>) -> Result<Vec<String>, Problem> {
        let rows: Vec<Troubled> = looked.into_iter().map(|one| one.row).collect();
        let saved = self.query.store.save_troubled(&rows).await;
        saved.map_err(store_problem)?;
        Ok(rows.into_iter().map(|row| row.summary.id).collect())
    }

    /// Traces that tell of trouble, those that were in trouble a moment ago and got more spans, and
    /// those of a message that was tried before; with all that was tried.
    async fn suspects(
        &mut self,
        blocks: Vec<Followed>,
        now: Timestamp,
    ) -> Result<(Vec<TraceId>, HashSet<Tried>), Problem> {
        let mut suspects = Vec::new();
        let mut seen = HashSet::new();
        let mut all_tried = HashSet::new();
        for block in blocks {
            let marks = match block.marks {
                Some(marks) => marks,
                None => self.marks_of(block.id).await?,
            };
            let touched = self.watched.touched(&marks.touched, now);
            let mut again = self.tries.repeated(&marks.tried);
            again.extend(marks.tried.iter().filter(|t| all_tried.contains(*t)));
            all_tried.extend(marks.tried);
            let again = match again.is_empty() {
                true => Vec::new(),
                false => self.traces_of(block.id, &again).await?,
            };
            let traces = marks.troubled.into_iter().chain(touched).chain(again);
            suspects.extend(traces.filter(|trace_id| seen.insert(*trace_id)));
        }
        Ok((suspects, all_tried))
    }

    /// Traces of the block's spans that tried one of these.
    async fn traces_of(
        &self,
        id: BlockId,
        tried: &HashSet<Tried>,
    ) -> Result<Vec<TraceId>, Problem> {
        let block = self.query.store.block(id).await.map_err(store_problem)?;
        let spans = block.map(|block| block.spans).unwrap_or_default();
        let again = |span: &&Arc<Span>| {
            let tries = self.tries_of(span);
            tries.iter().any(|one| tried.contains(one))
        };
        Ok(spans
            .iter()
            .filter(again)
            .map(|span| span.trace_id)
            .collect())
    }

    fn tries_of(&self, span: &Span) -> Vec<Tried> {
        let facts = self.query.dialects.facts(span);
        let hashes = facts.map(|facts| tries(span, &facts)).unwrap_or_default();
        hashes.into_iter().map(Tried::of).collect()
    }

    /// Of a block that was written without.
    async fn marks_of(&self, id: BlockId) -> Result<Marks, Problem> {
        let block = self.query.store.block(id).await.map_err(store_problem)?;
        let spans = block.map(|block| block.spans).unwrap_or_default();
        let troubled = |span: &Arc<Span>| {
            let facts = self.query.dialects.facts(span);
            facts.as_ref().is_some_and(tells_trouble)
        };
        let tried: Vec<Vec<Tried>> = spans.iter().map(|span| self.tries_of(span)).collect();
        let told = spans.iter().zip(&tried);
        Ok(Marks::of(told.map(|(span, tried)| {
            (span.as_ref(), troubled(span), &**tried)
        })))
    }

    async fn troubled(&self, traces: &[TraceId], now: Timestamp) -> Result<Vec<Looked>, Problem> {
        let asked: HashSet<TraceId> = traces.iter().copied().collect();
        let gathered = self
            .query
            .gather(
                Seeds::traces(traces.iter().copied()),
                Reach::Messages,
                None,
                |rebuilt, _| select::in_traces(rebuilt, &asked),
            )
            .await?;
        let mut journeys = gathered.rebuilt.journeys;
        journeys.retain(|j| gathered.wanted.contains(&j.id) && evidence::is_exceptional(j));
        let heard = self.query.add_causes(&mut journeys, now).await?;
        let again = journeys
            .iter_mut()
            .filter(|journey| overtaken::was_tried_again(journey));
        self.query.add_overtaken(again.collect()).await?;
        let looked = journeys
            .into_iter()
            .zip(heard)
            .map(|(journey, heard)| Looked {
                row: row(&journey, now),
                heard,
                trace_ids: journey.trace_ids,
            });
        Ok(looked.collect())
    }
}

/// Characters of an error's text: it is searched, so more of it is kept than of a name.
const MESSAGE: usize = 4_096;

fn told(message: &str) -> String {
    message.chars().take(MESSAGE).collect()
}

fn row(journey: &Journey, now: Timestamp) -> Troubled {
    let mut attempts: Vec<(&Delivery, &Attempt, Option<Kind>)> = Vec::new();
    for delivery in &journey.deliveries {
        let numbered = delivery.attempts.iter().enumerate();
        attempts.extend(numbered.map(|(at, attempt)| {
            let kind = evidence::of_attempt(journey, delivery, at);
            (delivery, attempt, kind)
        }));
    }
    attempts.sort_by_key(|(_, attempt, _)| (attempt.started_at, attempt.span_id));
    let last_error = attempts
        .iter()
        .rev()
        .find_map(|(_, attempt, _)| attempt.error.as_ref());
    let kinds = attempts.iter().rev();
    let kind = kinds
        .filter_map(|(_, _, kind)| kind.clone())
        .next()
        .or_else(|| evidence::of_journey(journey));
    let mut services: Vec<String> = attempts.iter().map(|(_, a, _)| cut(&a.service)).collect();
    services.extend(journey.producer.iter().map(|p| cut(&p.service)));
    services.sort();
    services.dedup();
    let mut destinations: Vec<String> = journey
        .hops
        .iter()
        .filter_map(|hop| hop.destination.as_deref().map(cut))
        .collect();
    destinations.sort();
    destinations.dedup();
    Troubled {
        summary: summary(journey),
        services,
        destinations,
        error_type: last_error.and_then(|e| e.kind.as_deref().map(cut)),
        error_message: last_error.and_then(|e| e.message.as_deref().map(told)),
        evidence: kind.as_ref().and_then(|kind| kind.evidence),
        fingerprint: kind.map(|kind| kind.fingerprint),
        updated_at: now,
        attempts: attempts
            .into_iter()
            .map(|(delivery, attempt, kind)| tried(journey, delivery, attempt, kind))
            .collect(),
    }
}

fn tried(
    journey: &Journey,
    delivery: &Delivery,
    attempt: &Attempt,
    kind: Option<Kind>,
) -> TroubledAttempt {
    let own = |text: &Option<String>| text.as_deref().map(cut);
    let hop = journey.hops.get(attempt.hop);
    let error = attempt.error.as_ref();
    TroubledAttempt {
        group: own(&delivery.group),
        n: attempt.n,
        started_at: attempt.started_at,
        destination: hop.and_then(|hop| own(&hop.destination)),
        service: cut(&attempt.service),
        instance: own(&attempt.instance),
        version: own(&attempt.version),
        error_type: error.and_then(|e| own(&e.kind)),
        first_frame: error.and_then(|e| own(&e.frame)),
        message: error.and_then(|e| e.message.as_deref().map(told)),
        delay_before_ms: attempt.backoff_ms,
        evidence: kind.as_ref().and_then(|kind| kind.evidence),
        fingerprint: kind.map(|kind| kind.fingerprint),
        cause: attempt.cause.clone(),
    }
}
