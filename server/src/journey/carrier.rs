//! Trace contexts in the headers of a stored message, whichever way they were written.
//! Sources: W3C Trace Context; Zipkin's B3; Jaeger's `uber-trace-id`.

use bytes::Bytes;
use waybill_model::id::{SpanId, TraceId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    /// `None`: not told.
    pub sampled: Option<bool>,
}

/// In their order; of several the last was written last, and is the message's own.
pub fn contexts(headers: &[(String, Option<Bytes>)]) -> Vec<Carried> {
    let text = |value: &Option<Bytes>| {
        let bytes = value.as_deref()?;
        std::str::from_utf8(bytes)
            .ok()
            .map(str::trim)
            .map(str::to_owned)
    };
    let mut found: Vec<Carried> = Vec::new();
    let (mut trace, mut span, mut sampled) = (None, None, None);
    for (name, value) in headers {
        let Some(value) = text(value) else { continue };
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "traceparent" => found.extend(traceparent(&value)),
            "b3" => found.extend(b3(&value)),
            "uber-trace-id" => found.extend(uber(&value)),
            "x-b3-traceid" => trace = trace_id(&value),
            "x-b3-spanid" => span = span_id(&value),
            "x-b3-sampled" => sampled = Some(matches!(value.as_str(), "1" | "true" | "d")),
            _ => {}
        }
    }
    if let (Some(trace_id), Some(span_id)) = (trace, span) {
        found.push(Carried {
            trace_id,
            span_id,
            sampled,
        });
    }
    found
}

/// `00-<trace>-<span>-<flags>`; later versions may add fields.
fn traceparent(value: &str) -> Option<Carried> {
    let mut parts = value.split('-');
    let version = parts.next().filter(|version| version.len() == 2)?;
    if version.eq_ignore_ascii_case("ff") {
        return None;
    }
    let (trace, span) = (parts.next()?, parts.next()?);
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    Some(Carried {
        trace_id: trace_id(trace).filter(|_| trace.len() == 32)?,
        span_id: span_id(span).filter(|_| span.len() == 16)?,
        sampled: Some(flags & 1 == 1),
    })
}

/// `<trace>-<span>[-<sampled>[-<parent>]]`.
fn b3(value: &str) -> Option<Carried> {
    let mut parts = value.split('-');
    Some(Carried {
        trace_id: trace_id(parts.next()?)?,
        span_id: span_id(parts.next()?)?,
        sampled: parts.next().map(|word| matches!(word, "1" | "d")),
    })
}

/// `<trace>:<span>:<parent>:<flags>`, once more percent-encoded by some clients.
fn uber(value: &str) -> Option<Carried> {
    let value = value.replace("%3A", ":").replace("%3a", ":");
    let mut parts = value.split(':');
    let (trace, span) = (parts.next()?, parts.next()?);
    let flags = parts
        .nth(1)
        .and_then(|flags| u8::from_str_radix(flags, 16).ok());
    Some(Carried {
        trace_id: trace_id(trace)?,
        span_id: span_id(span)?,
        sampled: flags.map(|flags| flags & 1 == 1),
    })
}

/// Ids may leave out leading zeros, and old ones are half as long.
fn trace_id(text: &str) -> Option<TraceId> {
    (1..=32).contains(&text.len()).then_some(())?;
    format!("{:0>32}", text.to_ascii_lowercase()).parse().ok()
}

fn span_id(text: &str) -> Option<SpanId> {
    (1..=16).contains(&text.len()).then_some(())?;
    format!("{:0>16}", text.to_ascii_lowercase()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn read(headers: &[(&str, &str)]) -> Vec<(String, String, Option<bool>)> {
        let headers: Vec<(String, Option<Bytes>)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Some(Bytes::from((*value).to_owned()))))
            .collect();
        contexts(&headers)
            .into_iter()
            .map(|c| (c.trace_id.to_string(), c.span_id.to_string(), c.sampled))
            .collect()
    }

    #[test]
    fn contexts_are_read_however_they_are_written() {
        let half = "a3ce929d0e0e4736";
        for (headers, trace, sampled) in [
            (
                vec![("traceparent", format!("00-{TRACE}-{SPAN}-03"))],
                TRACE,
                Some(true),
            ),
            (
                vec![("Traceparent", format!("00-{TRACE}-{SPAN}-00"))],
                TRACE,
                Some(false),
            ),
            (vec![("b3", format!("{TRACE}-{SPAN}-1"))], TRACE, Some(true)),
            (vec![("b3", format!("{TRACE}-{SPAN}"))], TRACE, None),
            (
                vec![
                    ("X-B3-TraceId", half.to_owned()),
                    ("X-B3-SpanId", SPAN.to_owned()),
                ],
                "0000000000000000a3ce929d0e0e4736",
                None,
            ),
            (
                vec![("uber-trace-id", format!("{TRACE}:f067aa0ba902b7:0:1"))],
                TRACE,
                Some(true),
            ),
        ] {
            let headers: Vec<(&str, &str)> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let expected = (trace.to_owned(), SPAN.to_owned(), sampled);
            assert_eq!(read(&headers), [expected], "{headers:?}");
        }
    }

    #[test]
    fn rubbish_is_none_and_the_last_of_two_is_last() {
        for value in [
            "",
            "00",
            "00-x-y-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(
                read(&[("traceparent", value), ("b3", value)]).is_empty(),
                "{value}"
            );
        }
        let (first, last) = (
            format!("00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-00f067aa0ba902b8-01"),
        );
        let both = read(&[("traceparent", &first), ("traceparent", &last)]);
        assert_eq!(both.last().unwrap().1, "00f067aa0ba902b8");
    }
}
