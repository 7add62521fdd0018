//! Logs that carry a trace id, and the metric points that are kept: packed like spans, one row a
//! commit. Payload: u8 version 1, then zstd level 1 of postcard of the records.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::reference::Term;
use waybill_model::span::{Attribute, Resource, Scope, Value};
use waybill_model::time::{TimeRange, Timestamp};

use crate::connect::Store;
use crate::error::{During, StoreError, code};
use crate::text::{day_of, now};

statements! {
    APPEND = "INSERT INTO signal_block (day, lane, id, received_at, kind, records, terms, payload)
            VALUES ($1, 0, nextval('block_id'), $2, $3, $4, $5, $6)";
    LOGS = "SELECT payload FROM signal_block
            WHERE day BETWEEN $2 AND $3 AND received_at >= $4 AND received_at < $5
            AND kind = 1 AND $1 = ANY(terms) ORDER BY id LIMIT 1000";
    POINTS = "SELECT payload FROM signal_block
            WHERE day BETWEEN $1 AND $2 AND received_at >= $3 AND received_at < $4
            AND kind = 2 ORDER BY id LIMIT $5";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    pub trace_id: TraceId,
    pub span_id: Option<SpanId>,
    pub at: Timestamp,
    pub observed_at: Timestamp,
    pub severity: i32,
    pub severity_text: String,
    pub event_name: String,
    pub body: Value,
    pub attributes: Vec<Attribute>,
    pub resource: Arc<Resource>,
    pub scope: Arc<Scope>,
}

/// One number at one instant. Histograms are kept as their count and sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    pub name: String,
    pub unit: String,
    pub at: Timestamp,
    pub value: MetricValue,
    pub attributes: Vec<Attribute>,
    pub resource: Arc<Resource>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum MetricValue {
    Gauge(f64),
    /// Since the sender's start where cumulative, else since the point before.
    Sum {
        value: f64,
        cumulative: bool,
    },
    Histogram {
        count: u64,
        sum: f64,
    },
}

const VERSION: u8 = 1;
const LOG_KIND: i16 = 1;
const METRIC_KIND: i16 = 2;
/// What one block may unpack to.
const MOST_BYTES: usize = 256 << 20;

impl Store {
    /// On disk when this returns.
    pub async fn append_logs(&self, logs: &[LogRecord]) -> Result<(), StoreError> {
        let mut terms: Vec<i64> = logs
            .iter()
            .map(|log| Term::trace(log.trace_id).0 as i64)
            .collect();
        terms.sort_unstable();
        terms.dedup();
        self.append_signals(LOG_KIND, logs, terms).await
    }

    /// On disk when this returns.
    pub async fn append_metrics(&self, points: &[MetricPoint]) -> Result<(), StoreError> {
        self.append_signals(METRIC_KIND, points, Vec::new()).await
    }

    /// Logs of a trace that arrived within `range`, which should be narrow: blocks of the range are
    /// looked through.
    pub async fn logs_of_trace(
        &self,
        trace_id: TraceId,
        range: TimeRange,
    ) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(LOGS)
            .bind(Term::trace(trace_id).0 as i64)
            .bind(day_of(range.from))
            .bind(day_of(range.to))
            .bind(range.from.to_offset_date_time())
            .bind(range.to.to_offset_date_time())
            .fetch_all(&self.pool)
            .await
            .during("read logs")?;
        let mut logs: Vec<LogRecord> = unpack_all(&payloads)?;
        logs.retain(|log| log.trace_id == trace_id);
        Ok(logs)
    }

    /// Points that arrived within `range`, of at most `max_blocks` commits, oldest first.
    pub async fn metrics(
        &self,
        range: TimeRange,
        max_blocks: u32,
    ) -> Result<Vec<MetricPoint>, StoreError> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(POINTS)
            .bind(day_of(range.from))
            .bind(day_of(range.to))
            .bind(range.from.to_offset_date_time())
            .bind(range.to.to_offset_date_time())
            .bind(i64::from(max_blocks))
            .fetch_all(&self.pool)
            .await
            .during("read metrics")?;
        unpack_all(&payloads)
    }

    async fn append_signals<T: Serialize>(
        &self,
        kind: i16,
        records: &[T],
        terms: Vec<i64>,
    ) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let at = now();
        let payload = pack(records)?;
        let insert = || {
            sqlx::query(APPEND)
                .bind(day_of(at))
                .bind(at.to_offset_date_time())
                .bind(kind)
                .bind(i32::try_from(records.len()).unwrap_or(i32::MAX))
                .bind(&terms)
                .bind(&payload)
                .execute(&self.pool)
        };
        match insert().await {
            // No partition of the day.
            Err(error) if code(&error).as_deref() == Some("23514") => {
                self.ensure_day(day_of(at)).await?;
                insert().await
            }
            other => other,
        }
        .during("append signals")
        .map(|_| ())
    }
}

fn pack<T: Serialize>(records: &[T]) -> Result<Vec<u8>, StoreError> {
    let plain = postcard::to_stdvec(records)
        .map_err(|error| StoreError::internal("pack signals", error))?;
    let packed = zstd::bulk::compress(&plain, 1)
        .map_err(|error| StoreError::internal("pack signals", error))?;
    Ok([&[VERSION], packed.as_slice()].concat())
}

fn unpack_all<T: DeserializeOwned>(payloads: &[Vec<u8>]) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    for payload in payloads {
        let records: Vec<T> = match payload.split_first() {
            Some((&VERSION, packed)) => zstd::bulk::decompress(packed, MOST_BYTES)
                .map_err(|error| StoreError::internal("unpack signals", error))
                .and_then(|plain| {
                    postcard::from_bytes(&plain)
                        .map_err(|error| StoreError::internal("unpack signals", error))
                })?,
            _ => return Err(StoreError::internal("unpack signals", "unknown version")),
        };
        all.extend(records);
    }
    Ok(all)
}
