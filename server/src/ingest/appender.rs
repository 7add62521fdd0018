//! What ingest asks of the rest of the server: where records go, how a span is indexed, whether a
//! token may send. Tests put failures here; the server puts the store.

use async_trait::async_trait;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_store::{IndexedSpan, StoreError};

use super::decode::{Log, Metric};

/// Durable storage. `Ok` means: on disk.
#[async_trait]
pub trait Appender: Send + Sync + 'static {
    /// The part that costs CPU: runs on a blocking thread, beside the commit before it.
    fn prepare(&self, batch: &[IndexedSpan]) -> Result<Box<dyn Prepared>, StoreError>;

    async fn append_logs(&self, logs: Vec<Log>) -> Result<(), StoreError>;

    async fn append_metrics(&self, metrics: Vec<Metric>) -> Result<(), StoreError>;

    /// Spans that arrived since then, the newest `most` of them.
    async fn recent_ids(
        &self,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<(TraceId, SpanId)>, StoreError>;
}

/// Spans ready to be committed, in one transaction.
#[async_trait]
pub trait Prepared: Send + Sync {
    /// Dropping the future leaves the outcome unknown.
    async fn commit(&self) -> Result<(), StoreError>;
}

/// Finds what a span is to be found by. Called for every span, on the thread that decoded it.
pub trait Indexer: Send + Sync + 'static {
    fn index(&self, span: Span) -> IndexedSpan;
}

/// Whether a bearer token may write telemetry.
#[async_trait]
pub trait TokenCheck: Send + Sync + 'static {
    async fn allows(&self, token: &str) -> bool;
}
