//! Follows the trace that a cluster's own clients write to it, and stores what it tells as spans:
//! each record once, also over restarts and with two processes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waybill_broker::browse::Budget;
use waybill_broker::traces::{From, NativeTraces, Traced};
use waybill_broker::{Cluster, Refused};
use waybill_model::span::Span;
use waybill_model::status::ComponentState;
use waybill_model::time::Timestamp;
use waybill_store::native_traces::TracePosition;
use waybill_store::{IndexedSpan, Store, StoreError, encode};

use super::pace::Pace;
use super::tenure::Tenure;
use crate::clock;
use crate::health::Component;

/// How far back the first reading of all begins.
const FIRST_MS: i64 = 3_600_000;
/// Of one reading: what is read, decoded and stored in one transaction.
const BYTES: u64 = 2 << 20;
const TIME: Duration = Duration::from_secs(5);
/// The client sends its trace in lots, seconds late: asking oftener tells nothing sooner.
const EVERY: Duration = Duration::from_secs(1);

/// By what a span is found later.
pub type Index = Arc<dyn Fn(Span) -> IndexedSpan + Send + Sync>;

pub struct Follower {
    pub name: String,
    pub cluster: Arc<dyn Cluster>,
    pub store: Store,
    pub index: Index,
    pub pace: Pace,
    pub component: Component,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Refused(Refused),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Follower {
    /// Until stopped. `holder` differs between processes.
    pub async fn run(self, holder: String, stop: CancellationToken) {
        let (held, mut holds) = watch::channel(false);
        let tenure = Tenure {
            store: self.store.clone(),
            name: format!("native trace {}", self.name),
            holder,
            length: self.pace.lease(),
        };
        tokio::join!(tenure.keep(held, stop.clone()), async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.follow(&mut holds) => {}
            }
        });
        self.component.set(ComponentState::Off, None);
    }

    async fn follow(&self, holds: &mut watch::Receiver<bool>) {
        let Some(traces) = self.cluster.native_traces() else {
            return;
        };
        let mut refusals = 0;
        // Read again after whatever may have left it behind.
        let mut position = None;
        loop {
            if !*holds.borrow() {
                position = None;
                self.component.set(ComponentState::Off, None);
                if holds.wait_for(|holds| *holds).await.is_err() {
                    return;
                }
            }
            let wait = match self.step(traces, &mut position).await {
                Ok(more) => {
                    refusals = 0;
                    self.component.set(ComponentState::Ok, None);
                    match more {
                        true => Duration::ZERO,
                        false => self.pace.readings_every.max(EVERY),
                    }
                }
                Err(failure) => {
                    refusals += 1;
                    position = None;
                    self.component
                        .set(ComponentState::Degraded, Some(failure.to_string()));
                    self.pace.after_refusals(refusals, 0.5).max(EVERY)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether there is more to read at once.
    async fn step(
        &self,
        traces: &dyn NativeTraces,
        position: &mut Option<TracePosition>,
    ) -> Result<bool, Failure> {
        if position.is_none() {
            *position = self.store.trace_position(&self.name).await?;
        }
        let from = from(position.as_ref(), clock::now());
        let budget = Budget {
            bytes: BYTES,
            time: TIME,
        };
        let patience = self.pace.topology_patience;
        let read = traces.read(&from, budget, patience);
        let traced = match tokio::time::timeout(patience + self.pace.grace, read).await {
            Ok(traced) => traced.map_err(Failure::Refused)?,
            Err(_) => return Ok(false),
        };
        if traced.unread_records > 0 {
            let (cluster, records) = (&self.name, traced.unread_records);
            tracing::warn!(
                cluster,
                records,
                "records of the native trace cannot be read"
            );
        }
        // Before anything was reached there is no position to keep either.
        if traced.spans.is_empty() && traced.next == from.next {
            return Ok(false);
        }
        let more = traced.more;
        *position = self.keep(traced, from.first_at, position.as_ref()).await?;
        Ok(more && position.is_some())
    }

    async fn keep(
        &self,
        traced: Traced,
        first_at: Timestamp,
        before: Option<&TracePosition>,
    ) -> Result<Option<TracePosition>, StoreError> {
        let Traced { spans, next, .. } = traced;
        let block = match spans.is_empty() {
            true => None,
            false => {
                let index = self.index.clone();
                let encoded = tokio::task::spawn_blocking(move || {
                    let batch: Vec<IndexedSpan> =
                        spans.into_iter().map(|span| index(span)).collect();
                    encode(&batch, clock::now())
                });
                let encoded = encoded.await.map_err(|panic| StoreError::Internal {
                    operation: "encode native trace",
                    source: panic.into(),
                })?;
                Some(encoded?)
            }
        };
        self.store
            .append_traced(&self.name, before, first_at, next, block.as_ref())
            .await
    }
}

fn from(position: Option<&TracePosition>, now: Timestamp) -> From {
    match position {
        Some(position) => From {
            next: position.next.clone(),
            first_at: position.first_at,
        },
        None => From {
            next: BTreeMap::new(),
            first_at: now.plus_ms(-FIRST_MS),
        },
    }
}
