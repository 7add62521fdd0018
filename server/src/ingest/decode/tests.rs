//! Against opentelemetry-proto (prost), with a fixed seed; every limit; every bad id.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as trace;
use opentelemetry_proto::tonic::values::v1 as common;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use prost::Message;
use waybill_model::span::{Attribute, Span, SpanKind, Value};
use waybill_model::time::Timestamp;

use super::*;

fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]))
}

fn any_value() -> impl Strategy<Value = values::AnyValue> {
    use values::any_value::Value as V;
    let leaf = prop_oneof![
        ".{0,12}".prop_map(V::StringValue),
        any::<bool>().prop_map(V::BoolValue),
        any::<i64>().prop_map(V::IntValue),
        (-1e9..1e9f64).prop_map(V::DoubleValue),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(V::BytesValue),
    ];
    let leaf = prop::option::of(leaf).prop_map(|value| values::AnyValue { value });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| V::ArrayValue(values::ArrayValue { values })),
            prop::collection::vec(("[a-z.]{0,8}", prop::option::of(inner)), 0..4).prop_map(|kv| {
                V::KvlistValue(values::KeyValueList {
                    values: kv.into_iter().map(key_value).collect(),
                })
            }),
        ]
        .prop_map(|value| values::AnyValue { value: Some(value) })
    })
}

fn key_value((key, value): (String, Option<values::AnyValue>)) -> values::KeyValue {
    values::KeyValue {
        key,
        value,
        ..Default::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<values::KeyValue>> {
    prop::collection::vec(("[a-z.]{0,8}", prop::option::of(any_value())), 0..5)
        .prop_map(|kv| kv.into_iter().map(key_value).collect())
}

fn id<const N: usize>() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => any::<[u8; N]>().prop_map(|id| id.to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(vec![0; N]),
    ]
}

fn event() -> impl Strategy<Value = trace::span::Event> {
    (any::<u64>(), ".{0,9}", attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| trace::span::Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = trace::span::Link> {
    (id::<16>(), id::<8>(), ".{0,9}", attributes(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, number)| trace::span::Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count: number / 2,
            flags: number,
        },
    )
}

fn span() -> impl Strategy<Value = trace::Span> {
    let ids = (id::<16>(), id::<8>(), id::<8>());
    let rest = (
        ".{0,20}",
        -1..8i32,
        any::<u64>(),
        any::<u64>(),
        any::<u32>(),
    );
    let lists = (
        attributes(),
        prop::collection::vec(event(), 0..3),
        prop::collection::vec(link(), 0..3),
        prop::option::of((".{0,9}", -1..4i32)),
    );
    (ids, rest, lists).prop_map(
        |((trace_id, span_id, parent_span_id), (name, kind, start, end, number), lists)| {
            trace::Span {
                trace_id,
                span_id,
                trace_state: name.chars().rev().collect(),
                parent_span_id,
                flags: number,
                name,
                kind,
                start_time_unix_nano: start,
                end_time_unix_nano: end,
                attributes: lists.0,
                dropped_attributes_count: number / 3,
                events: lists.1,
                dropped_events_count: number / 5,
                links: lists.2,
                dropped_links_count: number / 7,
                status: lists
                    .3
                    .map(|(message, code)| trace::Status { message, code }),
            }
        },
    )
}

fn request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope = (prop::collection::vec(span(), 0..4), ".{0,5}").prop_map(|(spans, name)| {
        trace::ScopeSpans {
            scope: Some(values::InstrumentationScope {
                version: name.clone(),
                name,
                ..Default::default()
            }),
            spans,
            schema_url: "s".to_owned(),
        }
    });
    let resource =
        (attributes(), prop::collection::vec(scope, 0..3)).prop_map(|(attributes, scope_spans)| {
            trace::ResourceSpans {
                resource: Some(resource::Resource {
                    attributes,
                    ..Default::default()
                }),
                scope_spans,
                schema_url: "r".to_owned(),
            }
        });
    prop::collection::vec(resource, 0..3)
        .prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

/// What prost read, in our words; invalid spans left out.
fn expected(request: &ExportTraceServiceRequest) -> (Vec<Span>, u64) {
    let mut spans = Vec::new();
    let mut rejected = 0;
    for group in &request.resource_spans {
        let sent_by = group.resource.clone().unwrap_or_default();
        let resource = std::sync::Arc::new(waybill_model::span::Resource {
            attributes: sent_by.attributes.into_iter().map(attribute).collect(),
            dropped_attributes: sent_by.dropped_attributes_count,
            schema_url: group.schema_url.clone(),
        });
        for part in &group.scope_spans {
            let made_by = part.scope.clone().unwrap_or_default();
            let scope = std::sync::Arc::new(waybill_model::span::Scope {
                name: made_by.name,
                version: made_by.version,
                attributes: made_by.attributes.into_iter().map(attribute).collect(),
                dropped_attributes: made_by.dropped_attributes_count,
                schema_url: part.schema_url.clone(),
            });
            for span in &part.spans {
                match expected_span(span.clone(), &resource, &scope) {
                    Some(span) => spans.push(span),
                    None => rejected += 1,
                }
            }
        }
    }
    (spans, rejected)
}

fn expected_span(
    span: trace::Span,
    resource: &std::sync::Arc<waybill_model::span::Resource>,
    scope: &std::sync::Arc<waybill_model::span::Scope>,
) -> Option<Span> {
    use waybill_model::id::{SpanId, TraceId};
    let parent = &span.parent_span_id;
    let parent_id = match SpanId::from_slice(parent) {
        Ok(id) => Some(id),
        Err(_) if parent.iter().all(|b| *b == 0) && [0, 8].contains(&parent.len()) => None,
        Err(_) => return None,
    };
    let all_links = span.links.len();
    let links = span.links.into_iter().filter_map(|link| {
        Some(waybill_model::span::Link {
            trace_id: TraceId::from_slice(&link.trace_id).ok()?,
            span_id: SpanId::from_slice(&link.span_id).ok()?,
            trace_state: link.trace_state,
            attributes: link.attributes.into_iter().map(attribute).collect(),
            dropped_attributes: link.dropped_attributes_count,
            flags: link.flags,
        })
    });
    let links: Vec<_> = links.collect();
    let status = span.status.unwrap_or_default();
    Some(Span {
        trace_id: TraceId::from_slice(&span.trace_id).ok()?,
        span_id: SpanId::from_slice(&span.span_id).ok()?,
        parent_id,
        name: span.name,
        kind: spans::kind(span.kind),
        started_at: Timestamp::from_unsigned_nanos(span.start_time_unix_nano),
        ended_at: Timestamp::from_unsigned_nanos(span.end_time_unix_nano),
        status: waybill_model::span::Status {
            code: spans::status_code(status.code),
            message: status.message,
        },
        attributes: span.attributes.into_iter().map(attribute).collect(),
        events: span
            .events
            .into_iter()
            .map(|event| waybill_model::span::Event {
                at: Timestamp::from_unsigned_nanos(event.time_unix_nano),
                name: event.name,
                attributes: event.attributes.into_iter().map(attribute).collect(),
                dropped_attributes: event.dropped_attributes_count,
            })
            .collect(),
        trace_state: span.trace_state,
        flags: span.flags,
        dropped: waybill_model::span::Dropped {
            attributes: span.dropped_attributes_count,
            events: span.dropped_events_count,
            links: span
                .dropped_links_count
                .saturating_add((all_links - links.len()) as u32),
        },
        links,
        resource: resource.clone(),
        scope: scope.clone(),
    })
}

fn attribute(kv: values::KeyValue) -> Attribute {
    Attribute {
        key: kv.key,
        value: kv.value.map_or(Value::Empty, value),
    }
}

fn value(value_: values::AnyValue) -> Value {
    use values::any_value::Value as V;
    match value_.value {
        Some(V::StringValue(text)) => Value::String(text),
        Some(V::BoolValue(value)) => Value::Bool(value),
        Some(V::IntValue(number)) => Value::Int(number),
        Some(V::DoubleValue(number)) => Value::Double(number),
        Some(V::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(V::ArrayValue(list)) => Value::Array(list.values.into_iter().map(value).collect()),
        Some(V::KvlistValue(map)) => Value::Map(map.values.into_iter().map(attribute).collect()),
        _ => Value::Empty,
    }
}

#[test]
fn protobuf_and_json_read_what_prost_wrote() {
    runner(256)
        .run(&request(), |request| {
            let (spans, rejected) = expected(&request);
            let limits = Limits::default();
            let read =
                decode_traces(&request.encode_to_vec(), Encoding::Protobuf, &limits).unwrap();
            prop_assert_eq!(&read.records, &spans);
            prop_assert_eq!(read.rejected.total(), rejected);
            let json = serde_json::to_vec(&request).unwrap();
            let read = decode_traces(&json, Encoding::Json, &limits).unwrap();
            prop_assert_eq!(&read.records, &spans);
            prop_assert_eq!(read.rejected.total(), rejected);
            Ok(())
        })
        .unwrap();
}

/// Flipped bytes never panic, and whatever prost still reads is read here too, span for span.
#[test]
fn mutated_requests_are_read_as_prost_reads_them_or_refused() {
    let mutations = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    runner(4_000)
        .run(
            &(request(), mutations, any::<bool>()),
            |(request, mutations, cut)| {
                let mut bytes = request.encode_to_vec();
                if bytes.is_empty() {
                    return Ok(());
                }
                for (at, byte) in &mutations {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                if cut {
                    bytes.truncate(mutations[0].0.index(bytes.len()));
                }
                let limits = Limits::default();
                let ours = decode_traces(&bytes, Encoding::Protobuf, &limits);
                if let Ok(request) = ExportTraceServiceRequest::decode(&bytes[..]) {
                    let ours = ours.unwrap();
                    let (spans, rejected) = expected(&request);
                    prop_assert_eq!(ours.records, spans);
                    prop_assert_eq!(ours.rejected.total(), rejected);
                }
                let mut json = serde_json::to_vec(&request).unwrap();
                for (at, byte) in &mutations {
                    let at = at.index(json.len());
                    json[at] = *byte;
                }
                let _ = decode_traces(&json, Encoding::Json, &limits);
                Ok(())
            },
        )
        .unwrap();
}

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

fn with_value(value: values::AnyValue) -> trace::Span {
    trace::Span {
        attributes: vec![key_value(("k".to_owned(), Some(value)))],
        ..good_span(2)
    }
}

fn nested(depth: usize) -> values::AnyValue {
    (0..depth).fold(values::AnyValue::default(), |inner, _| values::AnyValue {
        value: Some(values::any_value::Value::ArrayValue(values::ArrayValue {
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
    let many = vec![values::KeyValue::default(); 1_025];
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
    let many = values::ArrayValue {
        values: vec![values::AnyValue::default(); 8_193],
    };
    let many = values::any_value::Value::ArrayValue(many);
    rejects(
        with_value(values::AnyValue { value: Some(many) }),
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
