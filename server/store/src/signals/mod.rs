//! Logs and the metric points that are kept: packed like spans, one row a commit (`packed`).
//!
//! A block is found by when it arrived, and by its terms: those of the traces that its logs belong
//! to, of the services and instances of logs without a trace and of metric points. Whoever asks
//! tells when it may have arrived; the blocks of that time are looked through, the newest first, up
//! to a limit, and an answer says where it was cut.

mod packed;

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use waybill_model::id::TraceId;
use waybill_model::reference::Term;
use waybill_model::signal::{LogRecord, MetricPoint};
use waybill_model::span::Resource;
use waybill_model::time::TimeRange;

use crate::connect::Store;
use crate::error::{During, StoreError, code};
use crate::text::{day_of, now};

use packed::{Packed, pack, unpack};

statements! {
    APPEND = "INSERT INTO signal_block (day, lane, id, received_at, kind, records, terms, payload)
            VALUES ($1, 0, nextval('block_id'), $2, $3, $4, $5, $6)";
    BLOCKS = "SELECT payload FROM signal_block
            WHERE day BETWEEN $1 AND $2 AND received_at >= $3 AND received_at < $4
            AND kind = $5 AND terms && $6 ORDER BY received_at DESC LIMIT $7";
    /// Blocks of metrics had no terms at first.
    BLOCKS_OR_OLD = "SELECT payload FROM signal_block
            WHERE day BETWEEN $1 AND $2 AND received_at >= $3 AND received_at < $4
            AND kind = $5 AND (terms && $6 OR terms = '{}') ORDER BY received_at DESC LIMIT $7";
}

const LOG_KIND: i16 = 1;
const METRIC_KIND: i16 = 2;

/// A running process of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessOf {
    pub service: String,
    /// `service.instance.id`; `None`: any of the service's.
    pub instance: Option<String>,
}

/// How much one question reads.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Commits looked into.
    pub blocks: usize,
    pub records: usize,
}

/// What was found, and whether there was more than was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signals<T> {
    /// In no order.
    pub records: Vec<T>,
    pub truncated: bool,
}

impl Store {
    /// On disk when this returns.
    pub async fn append_logs(&self, logs: &[LogRecord]) -> Result<(), StoreError> {
        let terms = logs.iter().flat_map(|log| match log.trace_id {
            Some(trace_id) => vec![Term::trace(trace_id)],
            None => terms_of(&log.resource),
        });
        self.append_signals(LOG_KIND, logs, terms).await
    }

    /// On disk when this returns.
    pub async fn append_metrics(&self, points: &[MetricPoint]) -> Result<(), StoreError> {
        let terms = points.iter().flat_map(|point| terms_of(&point.resource));
        self.append_signals(METRIC_KIND, points, terms).await
    }

    /// Logs of these traces that arrived within one of the ranges, and that `fits`.
    pub async fn logs_of_traces(
        &self,
        traces: &BTreeSet<TraceId>,
        arrived: &[TimeRange],
        most: Most,
        fits: impl Fn(&LogRecord) -> bool + Send + Sync,
    ) -> Result<Signals<LogRecord>, StoreError> {
        let terms = traces.iter().map(|id| Term::trace(*id));
        let fits =
            |log: &LogRecord| log.trace_id.is_some_and(|id| traces.contains(&id)) && fits(log);
        self.signals(BLOCKS, LOG_KIND, terms, arrived, most, fits)
            .await
    }

    /// Logs of no trace from these processes that arrived within one of the ranges, and that `fits`.
    pub async fn logs_without_trace(
        &self,
        of: &BTreeSet<ProcessOf>,
        arrived: &[TimeRange],
        most: Most,
        fits: impl Fn(&LogRecord) -> bool + Send + Sync,
    ) -> Result<Signals<LogRecord>, StoreError> {
        let terms = of.iter().map(ProcessOf::term);
        let fits = |log: &LogRecord| {
            log.trace_id.is_none() && of.iter().any(|p| p.is(&log.resource)) && fits(log)
        };
        self.signals(BLOCKS, LOG_KIND, terms, arrived, most, fits)
            .await
    }

    /// Metric points of these processes that arrived within one of the ranges, and that `fits`.
    pub async fn metrics_of(
        &self,
        of: &BTreeSet<ProcessOf>,
        arrived: &[TimeRange],
        most: Most,
        fits: impl Fn(&MetricPoint) -> bool + Send + Sync,
    ) -> Result<Signals<MetricPoint>, StoreError> {
        let terms = of.iter().map(ProcessOf::term);
        let fits = |point: &MetricPoint| of.iter().any(|p| p.is(&point.resource)) && fits(point);
        self.signals(BLOCKS_OR_OLD, METRIC_KIND, terms, arrived, most, fits)
            .await
    }

    async fn signals<T: Packed>(
        &self,
        statement: &'static str,
        kind: i16,
        terms: impl Iterator<Item = Term>,
        arrived: &[TimeRange],
        most: Most,
        fits: impl Fn(&T) -> bool + Send + Sync,
    ) -> Result<Signals<T>, StoreError> {
        let terms: Vec<i64> = terms.map(|term| term.0 as i64).collect();
        let mut found = Signals {
            records: Vec::new(),
            truncated: false,
        };
        let mut blocks_left = most.blocks;
        if terms.is_empty() {
            return Ok(found);
        }
        for range in arrived {
            let limit = i64::try_from(blocks_left.saturating_add(1)).unwrap_or(i64::MAX);
            let mut payloads = sqlx::query_scalar::<_, Vec<u8>>(statement)
                .bind(day_of(range.from))
                .bind(day_of(range.to))
                .bind(range.from.to_offset_date_time())
                .bind(range.to.to_offset_date_time())
                .bind(kind)
                .bind(&terms)
                .bind(limit)
                .fetch(&self.pool);
            while let Some(payload) = payloads.try_next().await.during("read signals")? {
                if blocks_left == 0 {
                    found.truncated = true;
                    return Ok(found);
                }
                blocks_left -= 1;
                let records: Vec<T> = unpack(&payload)?;
                for record in records.into_iter().filter(&fits) {
                    if found.records.len() == most.records {
                        found.truncated = true;
                        return Ok(found);
                    }
                    found.records.push(record);
                }
            }
        }
        Ok(found)
    }

    async fn append_signals<T: Packed>(
        &self,
        kind: i16,
        records: &[T],
        terms: impl Iterator<Item = Term>,
    ) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut terms: Vec<i64> = terms.map(|term| term.0 as i64).collect();
        terms.sort_unstable();
        terms.dedup();
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

impl ProcessOf {
    fn term(&self) -> Term {
        match &self.instance {
            Some(instance) => Term::instance(&self.service, instance),
            None => Term::service(&self.service),
        }
    }

    fn is(&self, resource: &Resource) -> bool {
        self.service == resource.service()
            && (self.instance.is_none() || self.instance.as_deref() == instance_of(resource))
    }
}

fn terms_of(resource: &Resource) -> Vec<Term> {
    let service = resource.service();
    let instance = instance_of(resource).map(|instance| Term::instance(service, instance));
    [Term::service(service)]
        .into_iter()
        .chain(instance)
        .collect()
}

fn instance_of(resource: &Resource) -> Option<&str> {
    resource.text("service.instance.id")
}
