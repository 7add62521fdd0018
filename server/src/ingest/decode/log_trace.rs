//! Where a log record tells which trace it belongs to.
//!
//! The field of the record is believed first. Where it is empty, the ids are looked for under the
//! names that logging libraries write: in the attributes, in the body where that is a map or the
//! text of a JSON object, and in the maps directly within. Sources: the output `opentelemetry` of
//! Fluent Bit (a record that no key was configured for goes into the body as it is), logback's and
//! log4j's MDC, Serilog and Microsoft.Extensions.Logging, OpenTelemetry's logging of Python
//! (`otelTraceID`), Elastic Common Schema (`trace.id`).

use serde_json::Value as Json;
use waybill_model::id::{IdError, SpanId, TraceId};
use waybill_model::span::{Attribute, Value};

const TRACE_NAMES: [&str; 6] = [
    "trace_id",
    "traceid",
    "trace.id",
    "trace-id",
    "oteltraceid",
    "otel.trace_id",
];
const SPAN_NAMES: [&str; 6] = [
    "span_id",
    "spanid",
    "span.id",
    "span-id",
    "otelspanid",
    "otel.span_id",
];

/// Longer JSON texts are not read for ids.
const MOST_JSON: usize = 64 << 10;

/// An id from its field: bytes, or, as some exporters send it, the hexadecimal text of them.
pub fn trace_id(bytes: &[u8]) -> Result<TraceId, IdError> {
    hex(bytes, 2 * TraceId::LEN).unwrap_or_else(|| TraceId::from_slice(bytes))
}

pub fn span_id(bytes: &[u8]) -> Result<SpanId, IdError> {
    hex(bytes, 2 * SpanId::LEN).unwrap_or_else(|| SpanId::from_slice(bytes))
}

fn hex<T: std::str::FromStr>(bytes: &[u8], length: usize) -> Option<Result<T, T::Err>> {
    (bytes.len() == length).then(|| std::str::from_utf8(bytes).ok().map(str::parse))?
}

/// The first trace that attributes or body name, and the span that stands beside it.
pub fn told(attributes: &[Attribute], body: &Value) -> Option<(TraceId, Option<SpanId>)> {
    in_map(attributes).or_else(|| match body {
        Value::Map(entries) => in_map(entries).or_else(|| {
            let texts = entries.iter().filter_map(|entry| entry.value.as_str());
            texts.filter_map(json).find_map(|json| in_json(&json))
        }),
        Value::String(text) => in_json(&json(text)?),
        _ => None,
    })
}

fn in_map(entries: &[Attribute]) -> Option<(TraceId, Option<SpanId>)> {
    in_one_map(entries).or_else(|| {
        entries.iter().find_map(|entry| match &entry.value {
            Value::Map(within) => in_one_map(within),
            _ => None,
        })
    })
}

fn in_one_map(entries: &[Attribute]) -> Option<(TraceId, Option<SpanId>)> {
    let named = |names: &'static [&'static str]| {
        let is_named = move |entry: &&Attribute| is_one_of(&entry.key, names);
        entries.iter().filter(is_named).map(|entry| &entry.value)
    };
    let trace = named(&TRACE_NAMES).find_map(|value| match value {
        Value::String(text) => trace_id(text.trim().as_bytes()).ok(),
        Value::Bytes(bytes) => trace_id(bytes).ok(),
        _ => None,
    })?;
    let span = named(&SPAN_NAMES).find_map(|value| match value {
        Value::String(text) => span_id(text.trim().as_bytes()).ok(),
        Value::Bytes(bytes) => span_id(bytes).ok(),
        _ => None,
    });
    Some((trace, span))
}

fn json(text: &str) -> Option<Json> {
    let text = text.trim();
    let looks = text.len() <= MOST_JSON && text.starts_with('{') && mentions_trace(text);
    looks.then(|| serde_json::from_str(text).ok())?
}

/// Most lines name none, and need not be parsed.
fn mentions_trace(text: &str) -> bool {
    let windows = text.as_bytes().windows(5);
    windows
        .into_iter()
        .any(|w| w.eq_ignore_ascii_case(b"trace"))
}

fn in_json(json: &Json) -> Option<(TraceId, Option<SpanId>)> {
    let map = json.as_object()?;
    let of = |map: &serde_json::Map<String, Json>| {
        let named = |names: &[&str]| -> Option<String> {
            let found = map.iter().find(|(key, _)| is_one_of(key, names))?;
            found.1.as_str().map(|text| text.trim().to_owned())
        };
        let trace = trace_id(named(&TRACE_NAMES)?.as_bytes()).ok()?;
        let span = named(&SPAN_NAMES).and_then(|text| span_id(text.as_bytes()).ok());
        Some((trace, span))
    };
    of(map).or_else(|| map.values().filter_map(Json::as_object).find_map(of))
}

fn is_one_of(key: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "c413d5b5fea3657325ff663320c7fd10";
    const SPAN: &str = "77651bbd5ce0ce99";

    fn entry(key: &str, value: Value) -> Attribute {
        Attribute {
            key: key.into(),
            value,
        }
    }

    fn text(key: &str, value: &str) -> Attribute {
        entry(key, Value::String(value.into()))
    }

    fn both() -> Option<(TraceId, Option<SpanId>)> {
        Some((TRACE.parse().unwrap(), Some(SPAN.parse().unwrap())))
    }

    #[test]
    fn ids_are_found_where_libraries_write_them() {
        let none = Value::Empty;
        for (trace, span) in [
            ("trace_id", "span_id"),
            ("traceId", "spanId"),
            ("TraceId", "SpanId"),
            ("trace.id", "span.id"),
            ("otelTraceID", "otelSpanID"),
        ] {
            let ids = [text(trace, TRACE), text(span, SPAN)];
            assert_eq!(told(&ids, &none), both(), "{trace}");
            assert_eq!(told(&[], &Value::Map(ids.to_vec())), both(), "{trace}");
            let within = [entry("mdc", Value::Map(ids.to_vec()))];
            assert_eq!(told(&within, &none), both(), "{trace}");
            let json = format!(r#"{{"level":"INFO","{trace}":"{TRACE}","{span}":"{SPAN}"}}"#);
            assert_eq!(told(&[], &Value::String(json.clone())), both(), "{json}");
            let tailed = Value::Map(vec![text("log", &json)]);
            assert_eq!(told(&[], &tailed), both(), "{json}");
        }
        let bytes = entry("trace_id", Value::Bytes(vec![7; 16]));
        assert_eq!(
            told(&[bytes], &none),
            Some((TraceId::new([7; 16]).unwrap(), None))
        );
    }

    #[test]
    fn what_is_no_id_ties_nothing() {
        for value in [
            "",
            "0",
            "00000000000000000000000000000000",
            "not hex",
            "1234",
        ] {
            assert_eq!(told(&[text("trace_id", value)], &Value::Empty), None);
        }
        let nearby = [text("backtrace", TRACE), text("message", TRACE)];
        assert_eq!(told(&nearby, &Value::String(TRACE.into())), None);
    }

    #[test]
    fn a_field_holds_bytes_or_their_text() {
        assert_eq!(trace_id(TRACE.as_bytes()), Ok(TRACE.parse().unwrap()));
        assert_eq!(span_id(SPAN.as_bytes()), Ok(SPAN.parse().unwrap()));
        // Sixteen bytes that happen to be text are the id itself.
        assert_eq!(
            trace_id(SPAN.as_bytes()),
            TraceId::from_slice(SPAN.as_bytes())
        );
        assert!(matches!(
            trace_id(&[1; 15]),
            Err(IdError::Length { found: 15, .. })
        ));
    }
}
