//! The store as ingest sees it.

use async_trait::async_trait;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::signal::{LogRecord, MetricPoint, MetricValue};
use waybill_model::time::Timestamp;

use waybill_store::{EncodedBlock, IndexedSpan, Store, StoreError};

use super::appender::{Appender, Prepared};
use super::decode::{Log, Metric, Reading, Temporality};

pub struct ToStore {
    store: Store,
    /// Arrival is told by the server's clock.
    now: fn() -> Timestamp,
}

impl ToStore {
    pub fn new(store: Store, now: fn() -> Timestamp) -> Self {
        Self { store, now }
    }
}

struct Block {
    store: Store,
    block: EncodedBlock,
}

#[async_trait]
impl Prepared for Block {
    async fn commit(&self) -> Result<(), StoreError> {
        self.store.append_encoded(&self.block).await.map(drop)
    }
}

#[async_trait]
impl Appender for ToStore {
    fn prepare(&self, batch: &[IndexedSpan]) -> Result<Box<dyn Prepared>, StoreError> {
        Ok(Box::new(Block {
            store: self.store.clone(),
            block: waybill_store::encode(batch, (self.now)())?,
        }))
    }

    async fn append_logs(&self, logs: Vec<Log>) -> Result<(), StoreError> {
        let now = (self.now)();
        let records: Vec<LogRecord> = logs.into_iter().map(|log| record(log, now)).collect();
        self.store.append_logs(&records).await
    }

    async fn append_metrics(&self, metrics: Vec<Metric>) -> Result<(), StoreError> {
        let points: Vec<MetricPoint> = metrics.into_iter().flat_map(points).collect();
        self.store.append_metrics(&points).await
    }

    async fn recent_ids(
        &self,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<(TraceId, SpanId)>, StoreError> {
        self.store.recent_ids(since, most).await
    }
}

fn record(log: Log, now: Timestamp) -> LogRecord {
    LogRecord {
        trace_id: log.trace_id,
        span_id: log.span_id,
        at: match log.at {
            Timestamp::EPOCH => now,
            told => told,
        },
        observed_at: log.observed_at,
        severity: log.severity,
        severity_text: log.severity_text,
        event_name: log.event_name,
        body: log.body,
        attributes: log.attributes,
        resource: log.resource,
        scope: log.scope,
    }
}

fn points(metric: Metric) -> impl Iterator<Item = MetricPoint> {
    let Metric {
        name,
        unit,
        temporality,
        points,
        resource,
        ..
    } = metric;
    points.into_iter().filter_map(move |point| {
        let number = |value| match temporality {
            Temporality::Unspecified => MetricValue::Gauge(value),
            Temporality::Delta => MetricValue::Sum {
                value,
                cumulative: false,
            },
            Temporality::Cumulative => MetricValue::Sum {
                value,
                cumulative: true,
            },
        };
        let value = match point.reading {
            Reading::None => return None,
            Reading::Int(value) => number(value as f64),
            Reading::Double(value) => number(value),
            Reading::Distribution {
                count,
                sum,
                min,
                max,
            } => MetricValue::Histogram {
                count,
                sum,
                min,
                max,
                cumulative: match temporality {
                    Temporality::Unspecified => None,
                    Temporality::Delta => Some(false),
                    Temporality::Cumulative => Some(true),
                },
            },
        };
        Some(MetricPoint {
            name: name.clone(),
            unit: unit.clone(),
            at: point.at,
            started_at: point.started_at,
            value,
            attributes: point.attributes,
            resource: resource.clone(),
        })
    })
}
