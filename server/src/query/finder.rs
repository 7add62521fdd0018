//! The finder of exceptional messages: follows committed blocks, and keeps a row for each journey
//! that failed, was retried or dead-lettered. (A second delivery that no span calls failed is seen
//! on the journey's page, not by the finder.)
//!
//! It reads the blocks' marks and looks up the traces that these name, so its cost follows trouble
//! and not traffic. It reads nothing but what is committed, from a persisted place on, so a crash
//! repeats work and loses none: rows are replaced by journey id. Journeys seen in trouble are looked
//! at again when more of their spans arrive within [`MEMORY`]; that memory is bounded and rebuilt at
//! start from the rows themselves.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use waybill_model::id::TraceId;
use waybill_model::journey::{Attempt, Delivery, Journey, JourneyState, Outcome};
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_store::troubled::{Troubled, TroubledAttempt, TroubledFilter};
use waybill_store::{BlockId, Followed, Marks};

use super::Query;
use super::gather::{Reach, Seeds};
use super::select;
use super::watched::Watched;
use crate::auth::store_problem;
use crate::clock;
use crate::journey::{cut, summary, tells_trouble};

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

impl Finder {
    /// Reads where the last finder stopped.
    pub async fn resume(query: Query) -> Result<Self, Problem> {
        let position = query
            .store
            .finder_position(NAME)
            .await
            .map_err(store_problem)?;
        let now = clock::now();
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
        for row in &rows {
            if let Ok(MessageRef::Context { trace_id, .. }) = row.summary.id.parse() {
                watched.watch(trace_id, now);
            }
        }
        Ok(Self {
            query,
            position,
            watched,
        })
    }

    /// Looks at the next committed blocks.
    ///
    /// # Errors
    /// `StoreUnavailable`: ask again, nothing was passed over.
    pub async fn step(&mut self) -> Result<Found, Problem> {
        let store = self.query.store.clone();
        let blocks = store
            .since(self.position, BLOCKS_A_STEP)
            .await
            .map_err(store_problem)?;
        let Some(last) = blocks.last().map(|block| block.id) else {
            return Ok(Found::default());
        };
        let now = clock::now();
        let mut found = Found {
            blocks: blocks.len(),
            more: blocks.len() == BLOCKS_A_STEP,
            ..Found::default()
        };
        let suspects = self.suspects(blocks, now).await?;
        for traces in suspects.chunks(TRACES_A_STEP) {
            let rows = self.troubled(traces, now).await?;
            if !rows.is_empty() {
                store.save_troubled(&rows).await.map_err(store_problem)?;
                found
                    .journeys
                    .extend(rows.into_iter().map(|row| row.summary.id));
            }
        }
        store
            .set_finder_position(NAME, last)
            .await
            .map_err(store_problem)?;
        self.position = Some(last);
        self.watched
            .forget(now.plus_ms(-(MEMORY.as_millis() as i64)));
        Ok(found)
    }

    /// Traces that tell of trouble, and those that were in trouble a moment ago and got more spans.
    async fn suspects(
        &mut self,
        blocks: Vec<Followed>,
        now: Timestamp,
    ) -> Result<Vec<TraceId>, Problem> {
        let mut suspects = Vec::new();
        let mut seen = HashSet::new();
        for block in blocks {
            let marks = match block.marks {
                Some(marks) => marks,
                None => self.marks_of(block.id).await?,
            };
            let touched = self.watched.touched(&marks.touched, now);
            let traces = marks.troubled.into_iter().chain(touched);
            suspects.extend(traces.filter(|trace_id| seen.insert(*trace_id)));
        }
        Ok(suspects)
    }

    /// Of a block that was written without.
    async fn marks_of(&self, id: BlockId) -> Result<Marks, Problem> {
        let block = self.query.store.block(id).await.map_err(store_problem)?;
        let spans = block.map(|block| block.spans).unwrap_or_default();
        let troubled = |span: &Arc<Span>| {
            let facts = self.query.dialects.facts(span);
            facts.as_ref().is_some_and(tells_trouble)
        };
        Ok(Marks::of(
            spans.iter().map(|span| (span.as_ref(), troubled(span))),
        ))
    }

    async fn troubled(
        &mut self,
        traces: &[TraceId],
        now: Timestamp,
    ) -> Result<Vec<Troubled>, Problem> {
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
        let mut rows = Vec::new();
        let mut journeys = gathered.rebuilt.journeys;
        journeys.retain(|j| gathered.wanted.contains(&j.id) && is_exceptional(j));
        self.query.add_causes(&mut journeys).await?;
        for journey in &journeys {
            for trace_id in &journey.trace_ids {
                self.watched.watch(*trace_id, now);
            }
            rows.push(row(journey, now));
        }
        Ok(rows)
    }
}

fn is_exceptional(journey: &Journey) -> bool {
    let quiet = matches!(
        journey.state,
        JourneyState::Delivered | JourneyState::Unknown | JourneyState::InFlight
    );
    !quiet
        || journey.hops.len() > 1
        || journey.deliveries.iter().any(|delivery| {
            delivery.attempts.len() > 1
                || delivery
                    .attempts
                    .iter()
                    .any(|a| a.outcome == Outcome::Failed)
        })
}

/// Characters of an error's text: it is searched, so more of it is kept than of a name.
const MESSAGE: usize = 4_096;

fn told(message: &str) -> String {
    message.chars().take(MESSAGE).collect()
}

fn row(journey: &Journey, now: Timestamp) -> Troubled {
    let mut attempts: Vec<(&Delivery, &Attempt)> = journey
        .deliveries
        .iter()
        .flat_map(|d| d.attempts.iter().map(move |a| (d, a)))
        .collect();
    attempts.sort_by_key(|(_, attempt)| (attempt.started_at, attempt.span_id));
    let last_error = attempts
        .iter()
        .rev()
        .find_map(|(_, attempt)| attempt.error.as_ref());
    let mut services: Vec<String> = attempts.iter().map(|(_, a)| cut(&a.service)).collect();
    services.extend(journey.producer.iter().map(|p| cut(&p.service)));
    services.sort();
    services.dedup();
    Troubled {
        summary: summary(journey),
        services,
        error_type: last_error.and_then(|e| e.kind.as_deref().map(cut)),
        error_message: last_error.and_then(|e| e.message.as_deref().map(told)),
        fingerprint: last_error.and_then(|e| e.fingerprint.clone()),
        updated_at: now,
        attempts: attempts
            .into_iter()
            .map(|(delivery, attempt)| TroubledAttempt {
                group: delivery.group.as_deref().map(cut),
                n: attempt.n,
                started_at: attempt.started_at,
                destination: journey
                    .hops
                    .get(attempt.hop)
                    .and_then(|h| h.destination.as_deref().map(cut)),
                service: cut(&attempt.service),
                instance: attempt.instance.as_deref().map(cut),
                version: attempt.version.as_deref().map(cut),
                error_type: attempt
                    .error
                    .as_ref()
                    .and_then(|e| e.kind.as_deref().map(cut)),
                first_frame: None,
                message: attempt
                    .error
                    .as_ref()
                    .and_then(|e| e.message.as_deref().map(told)),
                delay_before_ms: attempt.backoff_ms,
            })
            .collect(),
    }
}
