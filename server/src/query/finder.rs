//! The finder of exceptional messages: follows committed blocks, and keeps a row for each journey
//! that failed, was retried or dead-lettered. (A second delivery that no span calls failed is seen
//! on the journey's page, not by the finder.)
//!
//! It reads nothing but what is committed, from a persisted place on, so a crash repeats work and
//! loses none: rows are replaced by journey id. Journeys seen in trouble are looked at again when
//! more of their spans arrive within [`MEMORY`]; that memory is bounded and rebuilt at start from
//! the rows themselves.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use waybill_model::id::TraceId;
use waybill_model::journey::{Attempt, Delivery, Journey, JourneyState, Outcome};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_store::troubled::{Troubled, TroubledAttempt, TroubledFilter};
use waybill_store::{Block, BlockId};

use super::Query;
use super::gather::Reach;
use super::select;
use crate::auth::store_problem;
use crate::clock;
use crate::journey::summary;

pub const NAME: &str = "finder";
/// How long a journey in trouble is watched after its last span.
const MEMORY: Duration = Duration::from_secs(15 * 60);
const MAX_WATCHED: usize = 200_000;
const BLOCKS_A_STEP: usize = 32;
/// Seeds that are rebuilt together.
const SEEDS_A_STEP: usize = 200;

pub struct Finder {
    query: Query,
    position: Option<BlockId>,
    watched: HashMap<TraceId, Timestamp>,
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
        let watched = rows
            .iter()
            .filter_map(|row| match row.summary.id.parse() {
                Ok(MessageRef::Context { trace_id, .. }) => Some((trace_id, now)),
                _ => None,
            })
            .collect();
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
        let seeds = self.suspects(&blocks, now);
        for seeds in seeds.chunks(SEEDS_A_STEP) {
            let rows = self.troubled(seeds.to_vec(), now).await?;
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
        self.forget(now);
        Ok(found)
    }

    /// Spans that tell of trouble, and spans of traces that were in trouble a moment ago.
    fn suspects(&mut self, blocks: &[Block], now: Timestamp) -> Vec<Arc<Span>> {
        let mut seeds = Vec::new();
        let mut seen = HashSet::new();
        for span in blocks.iter().flat_map(|block| &block.spans) {
            let watched = self.watched.contains_key(&span.trace_id)
                || span
                    .links
                    .iter()
                    .any(|link| self.watched.contains_key(&link.trace_id));
            if (watched || self.tells_trouble(span)) && seen.insert(span.trace_id) {
                seeds.push(span.clone());
            }
            if watched {
                self.watched.insert(span.trace_id, now);
            }
        }
        seeds
    }

    fn tells_trouble(&self, span: &Span) -> bool {
        let Some(facts) = self.query.dialects.facts(span) else {
            return false;
        };
        let consumes = matches!(
            facts.operation,
            Operation::Process | Operation::Receive | Operation::Settle
        );
        (consumes && facts.failed)
            || matches!(
                facts.destination_role,
                DestinationRole::Retry | DestinationRole::DeadLetter
            )
    }

    async fn troubled(
        &mut self,
        seeds: Vec<Arc<Span>>,
        now: Timestamp,
    ) -> Result<Vec<Troubled>, Problem> {
        let traces: HashSet<TraceId> = seeds.iter().map(|span| span.trace_id).collect();
        let gathered = self
            .query
            .gather(seeds, Reach::Messages, None, |rebuilt, _| {
                select::in_traces(rebuilt, &traces)
            })
            .await?;
        let mut rows = Vec::new();
        let wanted = |j: &&Journey| gathered.wanted.contains(&j.id) && is_exceptional(j);
        for journey in gathered.rebuilt.journeys.iter().filter(wanted) {
            for trace_id in &journey.trace_ids {
                self.watched.insert(*trace_id, now);
            }
            rows.push(row(journey, now));
        }
        Ok(rows)
    }

    fn forget(&mut self, now: Timestamp) {
        let oldest = now.plus_ms(-(MEMORY.as_millis() as i64));
        self.watched.retain(|_, at| *at >= oldest);
        if self.watched.len() > MAX_WATCHED {
            let mut times: Vec<Timestamp> = self.watched.values().copied().collect();
            times.sort_unstable();
            let cut = times[times.len() - MAX_WATCHED];
            self.watched.retain(|_, at| *at >= cut);
        }
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
    let mut services: Vec<String> = attempts.iter().map(|(_, a)| a.service.clone()).collect();
    services.extend(journey.producer.iter().map(|p| p.service.clone()));
    services.sort();
    services.dedup();
    Troubled {
        summary: summary(journey),
        services,
        error_type: last_error.and_then(|e| e.kind.clone()),
        error_message: last_error.and_then(|e| e.message.clone()),
        fingerprint: last_error.and_then(|e| e.fingerprint.clone()),
        updated_at: now,
        attempts: attempts
            .into_iter()
            .map(|(delivery, attempt)| TroubledAttempt {
                group: delivery.group.clone(),
                n: attempt.n,
                started_at: attempt.started_at,
                destination: journey
                    .hops
                    .get(attempt.hop)
                    .and_then(|h| h.destination.clone()),
                service: attempt.service.clone(),
                instance: attempt.instance.clone(),
                version: attempt.version.clone(),
                error_type: attempt.error.as_ref().and_then(|e| e.kind.clone()),
                first_frame: None,
                message: attempt.error.as_ref().and_then(|e| e.message.clone()),
                delay_before_ms: attempt.backoff_ms,
            })
            .collect(),
    }
}
