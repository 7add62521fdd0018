//! OTLP/JSON. Source: the OTLP specification, "JSON Protobuf Encoding".

use std::sync::Arc;

use serde::de::Error as _;
use serde_json::value::RawValue;
use waybill_model::span::{Resource, Scope, Span};

use super::json_fields::{self as fields, Raw, object, present};
use super::json_signals::{count_points, log, metric};
use super::json_spans::span;
use super::json_values::{attributes, parts, text};
use super::logs::Log;
use super::metrics::Metric;
use super::values::Bounds;
use super::walk::Origin;
use super::{Decoded, Reason};
use crate::ingest::limits::Limits;

/// The reader of JSON takes a byte for each level before any of our limits is asked. What is deep
/// within one value costs its record alone, up to here.
const DEEPEST: usize = 100_000;

type Record<T> = fn(&RawValue, &Origin, &mut Bounds<'_>, &mut Decoded<T>) -> Result<(), Reason>;

/// Where the records of a signal stand, and how one is read.
struct Shape<T> {
    resources: &'static str,
    scopes: &'static str,
    records: &'static str,
    record: Record<T>,
    /// How many rejected records one counts for.
    weight: fn(&RawValue) -> u64,
}

pub fn traces(body: &[u8], limits: &Limits) -> Result<Decoded<Span>, serde_json::Error> {
    let shape = Shape {
        resources: "resourceSpans",
        scopes: "scopeSpans",
        records: "spans",
        record: |raw, origin, bounds, into| {
            into.records.push(span(raw, origin, bounds)?);
            Ok(())
        },
        weight: |_| 1,
    };
    request(body, limits, &shape)
}

pub fn logs(body: &[u8], limits: &Limits) -> Result<Decoded<Log>, serde_json::Error> {
    let shape = Shape {
        resources: "resourceLogs",
        scopes: "scopeLogs",
        records: "logRecords",
        record: |raw, origin, bounds, into| {
            into.records.push(log(raw, origin, bounds)?);
            Ok(())
        },
        weight: |_| 1,
    };
    request(body, limits, &shape)
}

pub fn metrics(body: &[u8], limits: &Limits) -> Result<Decoded<Metric>, serde_json::Error> {
    let shape = Shape {
        resources: "resourceMetrics",
        scopes: "scopeMetrics",
        records: "metrics",
        record: metric,
        weight: |raw| count_points(raw).unwrap_or(1),
    };
    request(body, limits, &shape)
}

fn request<T>(
    body: &[u8],
    limits: &Limits,
    shape: &Shape<T>,
) -> Result<Decoded<T>, serde_json::Error> {
    let mut decoded = Decoded::default();
    // An empty body is an empty request, as in protobuf.
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(decoded);
    }
    if nests_beyond(body, DEEPEST) {
        return Err(serde_json::Error::custom("nested too deep"));
    }
    let body: &RawValue = serde_json::from_slice(body)?;
    let [resources] = object(body, [shape.resources])?;
    let mut fault = Ok(());
    fields::list(resources, |raw| {
        if fault.is_ok() {
            fault = resource_records(raw, limits, shape, &mut decoded);
        }
    })?;
    fault.map(|()| decoded)
}

/// Counts brackets outside texts.
fn nests_beyond(body: &[u8], most: usize) -> bool {
    let (mut depth, mut in_text) = (0_usize, false);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => drop(bytes.next()),
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}

fn resource_records<T>(
    raw: &RawValue,
    limits: &Limits,
    shape: &Shape<T>,
    decoded: &mut Decoded<T>,
) -> Result<(), serde_json::Error> {
    let [resource, scopes, url] = object(raw, ["resource", shape.scopes, "schemaUrl"])?;
    let mut bounds = Bounds::new(limits, limits.decoded_bytes.saturating_sub(decoded.bytes));
    let resource = read_resource(resource, url, &mut bounds).map(Arc::new);
    decoded.bytes = limits.decoded_bytes.saturating_sub(bounds.bytes_left());
    let mut fault = Ok(());
    fields::list(scopes, |raw| {
        if fault.is_ok() {
            fault = scope_records(raw, &resource, limits, shape, decoded);
        }
    })?;
    fault
}

fn scope_records<T>(
    raw: &RawValue,
    resource: &Result<Arc<Resource>, Reason>,
    limits: &Limits,
    shape: &Shape<T>,
    decoded: &mut Decoded<T>,
) -> Result<(), serde_json::Error> {
    let [scope, records, url] = object(raw, ["scope", shape.records, "schemaUrl"])?;
    let mut bounds = Bounds::new(limits, limits.decoded_bytes.saturating_sub(decoded.bytes));
    let origin = resource.clone().and_then(|resource| {
        Ok(Origin {
            resource,
            scope: Arc::new(read_scope(scope, url, &mut bounds)?),
        })
    });
    decoded.bytes = limits.decoded_bytes.saturating_sub(bounds.bytes_left());
    fields::list(records, |raw| {
        let mut bounds = Bounds::new(limits, limits.decoded_bytes.saturating_sub(decoded.bytes));
        let read = match &origin {
            Ok(origin) => (shape.record)(raw, origin, &mut bounds, decoded),
            Err(reason) => Err(*reason),
        };
        match read {
            Ok(()) => decoded.bytes = limits.decoded_bytes.saturating_sub(bounds.bytes_left()),
            Err(reason) => decoded.rejected.add(reason, (shape.weight)(raw)),
        }
    })
}

fn read_resource(raw: Raw<'_>, url: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<Resource, Reason> {
    let mut resource = Resource {
        schema_url: text(url, bounds)?,
        ..Resource::default()
    };
    if let Some(raw) = present(raw) {
        let [list, dropped] = parts(raw, ["attributes", "droppedAttributesCount"])?;
        resource.attributes = attributes(list, bounds)?;
        resource.dropped_attributes = fields::integer(dropped)?;
    }
    Ok(resource)
}

fn read_scope(raw: Raw<'_>, url: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<Scope, Reason> {
    let mut scope = Scope {
        schema_url: text(url, bounds)?,
        ..Scope::default()
    };
    if let Some(raw) = present(raw) {
        let names = ["name", "version", "attributes", "droppedAttributesCount"];
        let [name, version, list, dropped] = parts(raw, names)?;
        scope.name = text(name, bounds)?;
        scope.version = text(version, bounds)?;
        scope.attributes = attributes(list, bounds)?;
        scope.dropped_attributes = fields::integer(dropped)?;
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_brackets_outside_texts() {
        for (text, depth) in [
            (r#"[{"a":[]}]"#, 3),
            (r#"["[[[\"[[[","\\",[]]"#, 2),
            ("]]]]", 0),
            (r#"{"a":{},"b":{}}"#, 2),
        ] {
            assert!(!nests_beyond(text.as_bytes(), depth), "{text}");
            assert!(
                depth == 0 || nests_beyond(text.as_bytes(), depth - 1),
                "{text}"
            );
        }
        assert!(traces(&b"[".repeat(DEEPEST + 1), &Limits::default()).is_err());
    }
}
