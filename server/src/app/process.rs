//! What the process says of itself: status, readiness, metrics.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use waybill_model::problem::Problem;
use waybill_model::status::{IngestCounters, Status, StoreFigures};
use waybill_model::time::Timestamp;
use waybill_store::Store;

use crate::api::Process;
use crate::health::Health;
use crate::ingest::Meter;
use crate::{clock, metrics};

/// Counting may take long or, with a database that hangs, forever.
const FIGURES: Duration = Duration::from_secs(2);

pub(super) struct ThisProcess {
    pub health: Health,
    store: Store,
    ingest: Option<Meter>,
    started_at: Timestamp,
    started: Instant,
}

impl ThisProcess {
    pub fn new(health: Health, store: Store, ingest: Option<Meter>) -> Self {
        Self {
            health,
            store,
            ingest,
            started_at: clock::now(),
            started: Instant::now(),
        }
    }

    fn status_with(&self, store: StoreFigures) -> Status {
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            uptime_ms: self.started.elapsed().as_millis() as u64,
            components: self.health.components(),
            ingest: self
                .ingest
                .as_ref()
                .map_or_else(IngestCounters::default, |ingest| ingest.counters()),
            store,
        }
    }

    /// Unknown while the database does not answer: the rest is worth telling just then.
    async fn figures(&self) -> StoreFigures {
        match tokio::time::timeout(FIGURES, self.store.figures()).await {
            Ok(Ok(figures)) => figures,
            Ok(Err(_)) | Err(_) => StoreFigures::default(),
        }
    }
}

#[async_trait]
impl Process for ThisProcess {
    async fn status(&self) -> Result<Status, Problem> {
        Ok(self.status_with(self.figures().await))
    }

    fn not_ready(&self) -> Vec<String> {
        self.health.not_ready()
    }

    async fn metrics(&self) -> String {
        let mut text = metrics::render(&self.status_with(self.figures().await));
        if let Some(ingest) = &self.ingest {
            text.push_str(&ingest.prometheus());
        }
        text
    }
}
