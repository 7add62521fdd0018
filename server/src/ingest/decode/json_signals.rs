//! Log records and metrics from OTLP/JSON.

use serde_json::value::RawValue;

use super::json_fields::{self as fields, each, present};
use super::json_values::{any_value, attributes, parts, text, time};
use super::logs::{self, Log};
use super::metrics::{self, Metric, Point, Reading, Temporality};
use super::values::Bounds;
use super::walk::Origin;
use super::{Decoded, Reason};

pub fn log(raw: &RawValue, origin: &Origin, bounds: &mut Bounds<'_>) -> Result<Log, Reason> {
    bounds.charge(size_of::<Log>())?;
    let [at, observed_at, severity, severity_text, event_name, body] = parts(
        raw,
        [
            "timeUnixNano",
            "observedTimeUnixNano",
            "severityNumber",
            "severityText",
            "eventName",
            "body",
        ],
    )?;
    let [list, dropped, flags, trace_id, span_id] = parts(
        raw,
        [
            "attributes",
            "droppedAttributesCount",
            "flags",
            "traceId",
            "spanId",
        ],
    )?;
    let draft = logs::Draft {
        at: fields::integer(at)?,
        observed_at: fields::integer(observed_at)?,
        severity: fields::enumeration(severity, "SEVERITY_NUMBER_", &SEVERITIES)?,
        severity_text: text(severity_text, bounds)?,
        event_name: text(event_name, bounds)?,
        body: present(body)
            .map(|raw| any_value(raw, 0, bounds))
            .transpose()?,
        attributes: attributes(list, bounds)?,
        dropped_attributes: fields::integer(dropped)?,
        flags: fields::integer(flags)?,
    };
    let trace_id = fields::text(trace_id)?;
    let span_id = fields::text(span_id)?;
    draft.finish((trace_id.parse(), span_id.parse()), origin, bounds.limits)
}

const SEVERITIES: [&str; 25] = [
    "UNSPECIFIED",
    "TRACE",
    "TRACE2",
    "TRACE3",
    "TRACE4",
    "DEBUG",
    "DEBUG2",
    "DEBUG3",
    "DEBUG4",
    "INFO",
    "INFO2",
    "INFO3",
    "INFO4",
    "WARN",
    "WARN2",
    "WARN3",
    "WARN4",
    "ERROR",
    "ERROR2",
    "ERROR3",
    "ERROR4",
    "FATAL",
    "FATAL2",
    "FATAL3",
    "FATAL4",
];

/// The members of `Metric.data`.
const SHAPES: [&str; 5] = [
    "gauge",
    "sum",
    "histogram",
    "exponentialHistogram",
    "summary",
];

pub fn metric(
    raw: &RawValue,
    origin: &Origin,
    bounds: &mut Bounds<'_>,
    into: &mut Decoded<Metric>,
) -> Result<(), Reason> {
    let [name, description, unit] = parts(raw, ["name", "description", "unit"])?;
    let mut metric = metrics::empty(origin);
    bounds.charge(size_of::<Metric>())?;
    metric.name = text(name, bounds)?;
    if !metrics::kept(&metric.name) {
        return Err(Reason::MetricNotKept);
    }
    metric.description = text(description, bounds)?;
    metric.unit = text(unit, bounds)?;
    let shapes = SHAPES.iter().zip(parts(raw, SHAPES)?);
    for (shape, data) in shapes.filter_map(|(shape, data)| Some((*shape, present(data)?))) {
        let [points, temporality, monotonic] = parts(
            data,
            ["dataPoints", "aggregationTemporality", "isMonotonic"],
        )?;
        let names = ["UNSPECIFIED", "DELTA", "CUMULATIVE"];
        let temporality = fields::enumeration(temporality, "AGGREGATION_TEMPORALITY_", &names)?;
        metric.temporality = match shape {
            "summary" => Temporality::Cumulative,
            _ => metrics::temporality(temporality),
        };
        metric.monotonic = fields::boolean(monotonic)?;
        each(points, |raw| {
            match point(raw, bounds) {
                Ok(point) => metric.points.push(point),
                Err(reason) => into.rejected.add(reason, 1),
            }
            Ok(())
        })?;
    }
    into.records.push(metric);
    Ok(())
}

pub fn count_points(raw: &RawValue) -> Result<u64, Reason> {
    let mut count = 0;
    for data in parts(raw, SHAPES)?.into_iter().filter_map(present) {
        let [points] = parts(data, ["dataPoints"])?;
        fields::list(points, |_| count += 1).map_err(|_| Reason::Malformed)?;
    }
    Ok(count)
}

fn point(raw: &RawValue, bounds: &mut Bounds<'_>) -> Result<Point, Reason> {
    bounds.charge(size_of::<Point>())?;
    let [at, started_at, list, flags, int, real] = parts(
        raw,
        [
            "timeUnixNano",
            "startTimeUnixNano",
            "attributes",
            "flags",
            "asInt",
            "asDouble",
        ],
    )?;
    let [count, sum, min, max] = parts(raw, ["count", "sum", "min", "max"])?;
    let told = |raw| present(raw).map(|_| fields::double(raw)).transpose();
    let reading = if present(int).is_some() {
        Reading::Int(fields::integer(int)?)
    } else if present(real).is_some() {
        Reading::Double(fields::double(real)?)
    } else if present(count).is_some() {
        Reading::Distribution {
            count: fields::integer(count)?,
            sum: fields::double(sum)?,
            min: told(min)?,
            max: told(max)?,
        }
    } else {
        Reading::None
    };
    Ok(Point {
        at: time(at)?,
        started_at: time(started_at)?,
        attributes: attributes(list, bounds)?,
        flags: fields::integer(flags)?,
        reading,
    })
}
