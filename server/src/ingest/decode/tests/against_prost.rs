//! Against opentelemetry-proto (prost), with a fixed seed.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as trace;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use prost::Message;
use waybill_model::span::{Attribute, Span, Value};
use waybill_model::time::Timestamp;

use super::super::*;

fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]))
}

fn any_value() -> impl Strategy<Value = common::AnyValue> {
    use common::any_value::Value as V;
    let leaf = prop_oneof![
        ".{0,12}".prop_map(V::StringValue),
        any::<bool>().prop_map(V::BoolValue),
        any::<i64>().prop_map(V::IntValue),
        (-1e9..1e9f64).prop_map(V::DoubleValue),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(V::BytesValue),
    ];
    let leaf = prop::option::of(leaf).prop_map(|value| common::AnyValue { value });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| V::ArrayValue(common::ArrayValue { values })),
            prop::collection::vec(("[a-z.]{0,8}", prop::option::of(inner)), 0..4).prop_map(|kv| {
                V::KvlistValue(common::KeyValueList {
                    values: kv.into_iter().map(key_value).collect(),
                })
            }),
        ]
        .prop_map(|value| common::AnyValue { value: Some(value) })
    })
}

pub(super) fn key_value((key, value): (String, Option<common::AnyValue>)) -> common::KeyValue {
    common::KeyValue {
        key,
        value,
        ..Default::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<common::KeyValue>> {
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
            scope: Some(common::InstrumentationScope {
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

fn attribute(kv: common::KeyValue) -> Attribute {
    Attribute {
        key: kv.key,
        value: kv.value.map_or(Value::Empty, value),
    }
}

fn value(value_: common::AnyValue) -> Value {
    use common::any_value::Value as V;
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
    runner(20_000)
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
