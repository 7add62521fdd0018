//! Metrics that the policy keeps. Source: opentelemetry-proto, `metrics/v1/metrics.proto`.
//!
//! Of histograms and summaries count, sum, least and greatest are kept, of points without a value
//! nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use waybill_model::span::{Attribute, Resource, Scope};
use waybill_model::time::Timestamp;

use super::values::{self, Bounds};
use super::walk::{self, Origin, Signal};
use super::wire::{Field, Reader};
use super::{Decoded, Reason};
use crate::ingest::limits::Limits;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    pub name: String,
    pub description: String,
    /// UCUM, as the sender wrote it.
    pub unit: String,
    pub temporality: Temporality,
    pub monotonic: bool,
    pub points: Vec<Point>,
    pub resource: Arc<Resource>,
    pub scope: Arc<Scope>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Temporality {
    #[default]
    Unspecified,
    Delta,
    Cumulative,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub at: Timestamp,
    pub started_at: Timestamp,
    pub attributes: Vec<Attribute>,
    pub flags: u32,
    pub reading: Reading,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Reading {
    /// The sender recorded no value.
    #[default]
    None,
    Int(i64),
    Double(f64),
    Distribution {
        count: u64,
        sum: f64,
        min: Option<f64>,
        max: Option<f64>,
    },
}

/// What is kept as series; everything else is counted as rejected by policy.
pub fn kept(name: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "messaging.",
        "db.client.connection.",
        "db.client.connections.",
        // Micrometer's of the pool that Spring Boot brings.
        "hikaricp.connections",
        "jvm.",
        "runtime.jvm.",
        "process.",
        "process_",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || is_lag(name)
}

/// Clients report how far behind they are under names of their own libraries
/// (`….consumer.….records_lag_max`).
fn is_lag(name: &str) -> bool {
    name.contains("consumer") && name.contains("lag")
}

pub fn from_protobuf(body: &[u8], limits: &Limits) -> Result<Decoded<Metric>, Reason> {
    walk::request::<Metrics>(body, limits)
}

struct Metrics;

impl Signal for Metrics {
    type Record = Metric;

    fn record(
        message: &[u8],
        origin: &Origin,
        bounds: &mut Bounds<'_>,
        into: &mut Decoded<Metric>,
    ) -> Result<(), Reason> {
        let mut metric = empty(origin);
        let mut reader = Reader::new(message);
        bounds.charge(size_of::<Metric>())?;
        while let Some(field) = reader.field()? {
            match field.number {
                1 => metric.name = bounds.text(reader.bytes(field)?)?,
                2 => metric.description = bounds.text(reader.bytes(field)?)?,
                3 => metric.unit = bounds.text(reader.bytes(field)?)?,
                _ => reader.skip(field)?,
            }
        }
        if !kept(&metric.name) {
            return Err(Reason::MetricNotKept);
        }
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match Shape::of(field.number) {
                Some(shape) => data(reader.message(field)?, shape, &mut metric, bounds, into)?,
                None => reader.skip(field)?,
            }
        }
        into.records.push(metric);
        Ok(())
    }

    fn weight(message: &[u8]) -> u64 {
        count_points(message).unwrap_or(1)
    }
}

pub fn empty(origin: &Origin) -> Metric {
    Metric {
        name: String::new(),
        description: String::new(),
        unit: String::new(),
        temporality: Temporality::default(),
        monotonic: false,
        points: Vec::new(),
        resource: origin.resource.clone(),
        scope: origin.scope.clone(),
    }
}

/// The fields of `Metric.data`, by the layout of their points.
#[derive(Clone, Copy)]
enum Shape {
    Number,
    Histogram,
    Exponential,
    Summary,
}

impl Shape {
    fn of(number: u32) -> Option<Self> {
        match number {
            5 | 7 => Some(Self::Number),
            9 => Some(Self::Histogram),
            10 => Some(Self::Exponential),
            11 => Some(Self::Summary),
            _ => None,
        }
    }

    fn attributes(self) -> u32 {
        match self {
            Self::Number | Self::Summary => 7,
            Self::Histogram => 9,
            Self::Exponential => 1,
        }
    }
}

fn count_points(message: &[u8]) -> Result<u64, Reason> {
    let mut points = 0;
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        if Shape::of(field.number).is_none() {
            reader.skip(field)?;
            continue;
        }
        let mut data = reader.message(field)?;
        while let Some(field) = data.field()? {
            points += u64::from(field.number == 1);
            data.skip(field)?;
        }
    }
    Ok(points)
}

fn data(
    mut reader: Reader<'_>,
    shape: Shape,
    metric: &mut Metric,
    bounds: &mut Bounds<'_>,
    into: &mut Decoded<Metric>,
) -> Result<(), Reason> {
    // A summary has no field for it, and counts since its start.
    if matches!(shape, Shape::Summary) {
        metric.temporality = Temporality::Cumulative;
    }
    while let Some(field) = reader.field()? {
        match field.number {
            1 => match point(reader.message(field)?, shape, bounds) {
                Ok(point) => metric.points.push(point),
                Err(reason) => into.rejected.add(reason, 1),
            },
            2 => metric.temporality = temporality(reader.uint32(field)? as i32),
            3 => metric.monotonic = reader.uint64(field)? != 0,
            _ => reader.skip(field)?,
        }
    }
    Ok(())
}

pub fn temporality(number: i32) -> Temporality {
    match number {
        1 => Temporality::Delta,
        2 => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    }
}

fn point(mut reader: Reader<'_>, shape: Shape, bounds: &mut Bounds<'_>) -> Result<Point, Reason> {
    bounds.charge(size_of::<Point>())?;
    let mut point = Point {
        at: Timestamp::EPOCH,
        started_at: Timestamp::EPOCH,
        attributes: Vec::new(),
        flags: 0,
        reading: Reading::None,
    };
    let (mut count, mut sum, mut min, mut max) = (0, 0.0, None, None);
    while let Some(field) = reader.field()? {
        match (shape, field.number) {
            (_, number) if number == shape.attributes() => {
                values::attribute(field, &mut reader, &mut point.attributes, bounds)?;
            }
            (_, 2) => point.started_at = Timestamp::from_unsigned_nanos(reader.fixed64(field)?),
            (_, 3) => point.at = Timestamp::from_unsigned_nanos(reader.fixed64(field)?),
            (Shape::Number, 4) => point.reading = Reading::Double(double(&mut reader, field)?),
            (Shape::Number, 6) => point.reading = Reading::Int(reader.fixed64(field)? as i64),
            (Shape::Number | Shape::Summary, 8) | (Shape::Histogram | Shape::Exponential, 10) => {
                point.flags = reader.uint32(field)?;
            }
            (_, 4) => count = reader.fixed64(field)?,
            (Shape::Histogram | Shape::Exponential | Shape::Summary, 5) => {
                sum = double(&mut reader, field)?;
            }
            (Shape::Histogram, 11) | (Shape::Exponential, 12) => {
                min = Some(double(&mut reader, field)?);
            }
            (Shape::Histogram, 12) | (Shape::Exponential, 13) => {
                max = Some(double(&mut reader, field)?);
            }
            _ => reader.skip(field)?,
        }
    }
    if !matches!(shape, Shape::Number) {
        point.reading = Reading::Distribution {
            count,
            sum,
            min,
            max,
        };
    }
    Ok(point)
}

fn double(reader: &mut Reader<'_>, field: Field) -> Result<f64, Reason> {
    reader.fixed64(field).map(f64::from_bits)
}
