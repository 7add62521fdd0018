//! Every limit, every bad id, and what is no request at all.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::trace::v1 as trace;
use prost::Message;
use waybill_model::span::{SpanKind, Value};
use waybill_model::time::Timestamp;

use super::super::*;
use super::against_prost::key_value;

fn good_span(number: u8) -> trace::Span {
    trace::Span {
        trace_id: vec![number; 16],
        span_id: vec![number; 8],
        name: format!("span {number}"),
        ..Default::default()
    }
}

fn one_scope(spans: Vec<trace::Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![trace::ResourceSpans {
            scope_spans: vec![trace::ScopeSpans {
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

/// The middle one of three spans is bad: its neighbours are read, it is rejected by name.
fn rejects(bad: trace::Span, reason: Reason) {
    let request = one_scope(vec![good_span(1), bad, good_span(3)]);
    let limits = Limits::default();
    let bytes = request.encode_to_vec();
    let json = serde_json::to_vec(&request).unwrap();
    for (bytes, encoding) in [(bytes, Encoding::Protobuf), (json, Encoding::Json)] {
        let read = decode_traces(&bytes, encoding, &limits).unwrap();
        let rejected: Vec<_> = read.rejected.iter().collect();
        assert_eq!(rejected, [(reason, 1)], "{encoding:?}");
        let names: Vec<_> = read.records.iter().map(|span| &span.name[..]).collect();
        assert_eq!(names, ["span 1", "span 3"], "{encoding:?}");
    }
}

fn with_value(value: common::AnyValue) -> trace::Span {
    trace::Span {
        attributes: vec![key_value(("k".to_owned(), Some(value)))],
        ..good_span(2)
    }
}

fn nested(depth: usize) -> common::AnyValue {
    (0..depth).fold(common::AnyValue::default(), |inner, _| common::AnyValue {
        value: Some(common::any_value::Value::ArrayValue(common::ArrayValue {
            values: vec![inner],
        })),
    })
}

#[test]
fn one_bad_span_costs_itself_only() {
    let base = || good_span(2);
    rejects(
        trace::Span {
            trace_id: vec![1; 15],
            ..base()
        },
        Reason::TraceIdLength,
    );
    rejects(
        trace::Span {
            trace_id: vec![],
            ..base()
        },
        Reason::TraceIdLength,
    );
    rejects(
        trace::Span {
            trace_id: vec![0; 16],
            ..base()
        },
        Reason::TraceIdZero,
    );
    rejects(
        trace::Span {
            span_id: vec![1; 16],
            ..base()
        },
        Reason::SpanIdLength,
    );
    rejects(
        trace::Span {
            span_id: vec![0; 8],
            ..base()
        },
        Reason::SpanIdZero,
    );
    rejects(
        trace::Span {
            parent_span_id: vec![1; 3],
            ..base()
        },
        Reason::ParentIdLength,
    );
    rejects(
        trace::Span {
            name: "n".repeat((256 << 10) + 1),
            ..base()
        },
        Reason::StringTooLong,
    );
    let many = vec![common::KeyValue::default(); 1_025];
    rejects(
        trace::Span {
            attributes: many,
            ..base()
        },
        Reason::TooManyAttributes,
    );
    let many = vec![trace::span::Event::default(); 1_025];
    rejects(
        trace::Span {
            events: many,
            ..base()
        },
        Reason::TooManyEvents,
    );
    let many = vec![trace::span::Link::default(); 4_097];
    rejects(
        trace::Span {
            links: many,
            ..base()
        },
        Reason::TooManyLinks,
    );
    rejects(with_value(nested(60)), Reason::NestedTooDeep);
    let many = common::ArrayValue {
        values: vec![common::AnyValue::default(); 8_193],
    };
    let many = common::any_value::Value::ArrayValue(many);
    rejects(
        with_value(common::AnyValue { value: Some(many) }),
        Reason::TooManyValues,
    );
}

#[test]
fn hostile_but_valid_text_is_kept_byte_for_byte() {
    let name = format!(
        "<script>alert(1)</script>\0\u{1b}[31m\u{202e}{}",
        "x".repeat(64 << 10)
    );
    let request = one_scope(vec![trace::Span {
        name: name.clone(),
        ..good_span(1)
    }]);
    for (bytes, encoding) in [
        (request.encode_to_vec(), Encoding::Protobuf),
        (serde_json::to_vec(&request).unwrap(), Encoding::Json),
    ] {
        let read = decode_traces(&bytes, encoding, &Limits::default()).unwrap();
        assert_eq!(read.records[0].name, name);
    }
}

/// prost cannot write these: bytes are put together by hand.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

fn scope_of(spans: &[Vec<u8>]) -> Vec<u8> {
    let spans: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
    field(1, &field(2, &spans))
}

#[test]
fn bytes_that_prost_refuses_whole_cost_one_span() {
    let good = good_span(1).encode_to_vec();
    let mut not_utf8 = good_span(2).encode_to_vec();
    not_utf8.extend(field(5, b"caf\xe9"));
    let mut lying = good_span(3).encode_to_vec();
    lying.extend([0x4a, 0xff, 0xff, 0x03]);
    let mut wrong_type = good_span(4).encode_to_vec();
    wrong_type.extend([0x28, 0x01]);
    let mut deep = Vec::new();
    for _ in 0..10_000 {
        deep = field(5, &field(1, &deep));
        if deep.len() > 200_000 {
            break;
        }
    }
    let mut nested = good_span(5).encode_to_vec();
    nested.extend(field(9, &field(2, &deep)));
    let body = scope_of(&[good.clone(), not_utf8, lying, wrong_type, nested, good]);
    assert!(ExportTraceServiceRequest::decode(&body[..]).is_err());
    let read = decode_traces(&body, Encoding::Protobuf, &Limits::default()).unwrap();
    assert_eq!(read.records.len(), 2);
    let mut rejected: Vec<_> = read.rejected.iter().collect();
    rejected.sort();
    assert_eq!(
        rejected,
        [
            (Reason::NotUtf8, 1),
            (Reason::Malformed, 2),
            (Reason::NestedTooDeep, 1)
        ]
    );
}

#[test]
fn a_bad_resource_rejects_its_spans_and_no_others() {
    let bad = field(1, &field(1, &field(1, b"\xff")));
    let spans = field(2, &field(2, &good_span(1).encode_to_vec()));
    let mut body = field(1, &[bad, spans.clone(), spans].concat());
    body.extend(one_scope(vec![good_span(9)]).encode_to_vec());
    let read = decode_traces(&body, Encoding::Protobuf, &Limits::default()).unwrap();
    assert_eq!(read.records.len(), 1);
    assert_eq!(
        read.rejected.iter().collect::<Vec<_>>(),
        [(Reason::NotUtf8, 2)]
    );
}

/// 16 MiB of two-byte records, and of records that hold nothing but empty attributes.
#[test]
fn masses_of_nothing_take_no_memory() {
    let limits = Limits::default();
    let spans = field(1, &field(2, &[0x12, 0x00].repeat(4 << 20)));
    let read = decode_traces(&spans, Encoding::Protobuf, &limits).unwrap();
    assert_eq!(read.rejected.total(), 4 << 20);
    let mut span = good_span(1).encode_to_vec();
    span.extend([0x4a, 0x00].repeat(1_000));
    let body = scope_of(&vec![span; 6_000]);
    let read = decode_traces(&body, Encoding::Protobuf, &limits).unwrap();
    assert!(read.bytes <= limits.decoded_bytes);
    assert!(
        read.rejected
            .iter()
            .any(|(reason, _)| reason == Reason::DecodesTooLarge)
    );
    assert_eq!(read.records.len() as u64 + read.rejected.total(), 6_000);
}

#[test]
fn json_as_senders_write_it() {
    let body = br#"{"resource_spans": null, "resourceSpans": [{
        "scopeSpans": [{"spans": [
            {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174",
             "parentSpanId": "", "name": "a", "kind": "SPAN_KIND_CONSUMER", "from2030": {"x": [1]},
             "startTimeUnixNano": 1544712660000000000, "endTimeUnixNano": "1544712661000000000",
             "status": {"code": "STATUS_CODE_ERROR"}, "flags": null,
             "attributes": [{"key": "n", "value": {"intValue": 7}}, {"key": "m", "value": {"intValue": "8"}},
                            {"key": "d", "value": {"doubleValue": "NaN"}}, {"key": "b", "value": {"bytesValue": "_-8"}}]},
            {"trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "zzz19b7ec3c1b174"},
            "not a span"
        ]}],
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    }]}"#;
    let read = decode_traces(body, Encoding::Json, &Limits::default()).unwrap();
    let span = &read.records[0];
    assert_eq!(span.service(), "shop");
    assert_eq!((span.kind, span.parent_id), (SpanKind::Consumer, None));
    assert_eq!(span.duration_nanos(), 1_000_000_000);
    assert_eq!(span.attribute("n"), Some(&Value::Int(7)));
    assert_eq!(span.attribute("m"), Some(&Value::Int(8)));
    assert_eq!(span.attribute("b"), Some(&Value::Bytes(vec![0xff, 0xef])));
    let mut rejected: Vec<_> = read.rejected.iter().collect();
    rejected.sort();
    assert_eq!(rejected, [(Reason::NotHex, 1), (Reason::Malformed, 1)]);
}

#[test]
fn what_is_no_request_is_refused_by_code() {
    let limits = Limits::default();
    let whole = one_scope(vec![good_span(1)]).encode_to_vec();
    for body in [&whole[..whole.len() - 1], b"\xff\xff\xff", b"{}"] {
        let problem = decode_traces(body, Encoding::Protobuf, &limits).unwrap_err();
        assert_eq!(problem.code, Code::DecodeFailed);
    }
    let deep = "[".repeat(100_000);
    for body in [
        &b"{"[..],
        b"[]",
        b"\"\xff\"",
        deep.as_bytes(),
        b"{\"resourceSpans\": 7}",
    ] {
        let problem = decode_traces(body, Encoding::Json, &limits).unwrap_err();
        assert_eq!(problem.code, Code::DecodeFailed);
    }
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        assert!(
            decode_traces(b"", encoding, &limits)
                .unwrap()
                .records
                .is_empty()
        );
    }
}

#[test]
fn absurd_times_are_kept() {
    for nanos in [0, 1, 1 << 63, u64::MAX] {
        let span = trace::Span {
            start_time_unix_nano: nanos,
            end_time_unix_nano: nanos / 2,
            ..good_span(1)
        };
        let body = one_scope(vec![span]).encode_to_vec();
        let read = decode_traces(&body, Encoding::Protobuf, &Limits::default()).unwrap();
        assert_eq!(
            read.records[0].started_at,
            Timestamp::from_unsigned_nanos(nanos)
        );
        assert_eq!(read.records[0].duration_nanos(), 0);
    }
}
