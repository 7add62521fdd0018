//! The payload of a block of logs or metric points.
//!
//! u8 version, then zstd level 1 of postcard of the records. Version 2 is written: the records of
//! `waybill_model::signal`, member by member. Version 1, which is still read, knew no log without a
//! trace and of metrics neither the start nor, of histograms, more than count and sum.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::signal::{LogRecord, MetricPoint, MetricValue};
use waybill_model::span::{Attribute, Resource, Scope, Value};
use waybill_model::time::Timestamp;

use crate::error::StoreError;

const VERSION: u8 = 2;
/// What one block may unpack to.
const MOST_BYTES: usize = 256 << 20;

/// A record that has been packed in two versions.
pub(super) trait Packed: Serialize + DeserializeOwned + From<Self::First> + Send {
    type First: DeserializeOwned;
}

impl Packed for LogRecord {
    type First = FirstLog;
}

impl Packed for MetricPoint {
    type First = FirstPoint;
}

pub(super) fn pack<T: Packed>(records: &[T]) -> Result<Vec<u8>, StoreError> {
    let plain = postcard::to_stdvec(records)
        .map_err(|error| StoreError::internal("pack signals", error))?;
    let packed = zstd::bulk::compress(&plain, 1)
        .map_err(|error| StoreError::internal("pack signals", error))?;
    Ok([&[VERSION], packed.as_slice()].concat())
}

pub(super) fn unpack<T: Packed>(payload: &[u8]) -> Result<Vec<T>, StoreError> {
    match payload.split_first() {
        Some((&VERSION, packed)) => read(packed),
        Some((1, packed)) => {
            let first: Vec<T::First> = read(packed)?;
            Ok(first.into_iter().map(T::from).collect())
        }
        _ => Err(StoreError::internal("unpack signals", "unknown version")),
    }
}

fn read<T: DeserializeOwned>(packed: &[u8]) -> Result<Vec<T>, StoreError> {
    let plain = zstd::bulk::decompress(packed, MOST_BYTES)
        .map_err(|error| StoreError::internal("unpack signals", error))?;
    postcard::from_bytes(&plain).map_err(|error| StoreError::internal("unpack signals", error))
}

#[derive(Serialize, Deserialize)]
pub(super) struct FirstLog {
    trace_id: TraceId,
    span_id: Option<SpanId>,
    at: Timestamp,
    observed_at: Timestamp,
    severity: i32,
    severity_text: String,
    event_name: String,
    body: Value,
    attributes: Vec<Attribute>,
    resource: Arc<Resource>,
    scope: Arc<Scope>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FirstPoint {
    name: String,
    unit: String,
    at: Timestamp,
    value: FirstValue,
    attributes: Vec<Attribute>,
    resource: Arc<Resource>,
}

#[derive(Serialize, Deserialize)]
enum FirstValue {
    Gauge(f64),
    Sum { value: f64, cumulative: bool },
    Histogram { count: u64, sum: f64 },
}

impl From<FirstLog> for LogRecord {
    fn from(first: FirstLog) -> Self {
        Self {
            trace_id: Some(first.trace_id),
            span_id: first.span_id,
            at: first.at,
            observed_at: first.observed_at,
            severity: first.severity,
            severity_text: first.severity_text,
            event_name: first.event_name,
            body: first.body,
            attributes: first.attributes,
            resource: first.resource,
            scope: first.scope,
        }
    }
}

impl From<FirstPoint> for MetricPoint {
    fn from(first: FirstPoint) -> Self {
        Self {
            name: first.name,
            unit: first.unit,
            at: first.at,
            started_at: Timestamp::EPOCH,
            value: match first.value {
                FirstValue::Gauge(value) => MetricValue::Gauge(value),
                FirstValue::Sum { value, cumulative } => MetricValue::Sum { value, cumulative },
                FirstValue::Histogram { count, sum } => MetricValue::Histogram {
                    count,
                    sum,
                    min: None,
                    max: None,
                    cumulative: None,
                },
            },
            attributes: first.attributes,
            resource: first.resource,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first<T: Serialize>(records: &[T]) -> Vec<u8> {
        let plain = postcard::to_stdvec(records).unwrap();
        let packed = zstd::bulk::compress(&plain, 1).unwrap();
        [&[1], packed.as_slice()].concat()
    }

    #[test]
    fn blocks_of_the_first_version_are_still_read() {
        let resource = Arc::new(Resource::default());
        let log = FirstLog {
            trace_id: TraceId::new([7; 16]).unwrap(),
            span_id: None,
            at: Timestamp::from_unix_millis(5),
            observed_at: Timestamp::from_unix_millis(6),
            severity: 17,
            severity_text: "ERROR".into(),
            event_name: String::new(),
            body: Value::String("no".into()),
            attributes: Vec::new(),
            resource: resource.clone(),
            scope: Arc::default(),
        };
        let logs: Vec<LogRecord> = unpack(&first(&[log])).unwrap();
        assert_eq!(logs[0].trace_id, Some(TraceId::new([7; 16]).unwrap()));
        assert_eq!(logs[0].severity, 17);
        let point = |value| FirstPoint {
            name: "jvm.gc.duration".into(),
            unit: "s".into(),
            at: Timestamp::from_unix_millis(5),
            value,
            attributes: Vec::new(),
            resource: resource.clone(),
        };
        let points = [
            point(FirstValue::Gauge(0.5)),
            point(FirstValue::Sum {
                value: 2.0,
                cumulative: true,
            }),
            point(FirstValue::Histogram { count: 3, sum: 4.0 }),
        ];
        let points: Vec<MetricPoint> = unpack(&first(&points)).unwrap();
        assert_eq!(
            points[2].value,
            MetricValue::Histogram {
                count: 3,
                sum: 4.0,
                min: None,
                max: None,
                cumulative: None,
            }
        );
        assert_eq!(points[0].started_at, Timestamp::EPOCH);
        let again: Vec<MetricPoint> = unpack(&pack(&points).unwrap()).unwrap();
        assert_eq!(again, points);
        assert!(unpack::<MetricPoint>(&[9, 0]).is_err());
        assert!(unpack::<MetricPoint>(&[]).is_err());
    }
}
