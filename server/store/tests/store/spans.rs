//! What goes in comes out.

use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::reference::Term;
use waybill_model::span::{
    Attribute, Dropped, Event, Link, Resource, Scope, Span, SpanKind, Status, StatusCode, Value,
};
use waybill_model::time::Timestamp;
use waybill_store::testing::TestDatabase;
use waybill_store::{IndexedSpan, encode};

use crate::{noon, spans};

fn attribute(key: &str, value: Value) -> Attribute {
    Attribute {
        key: key.into(),
        value,
    }
}

/// Every field away from its default, hostile texts and absurd times.
fn everything() -> Span {
    let trace_id = TraceId::new([7; 16]).unwrap();
    let span_id = SpanId::new([9; 8]).unwrap();
    let hostile = "<script>\0\u{1b}[31m\u{202e}é".to_string();
    let attributes = vec![
        attribute("empty", Value::Empty),
        attribute(&hostile, Value::String(hostile.clone())),
        attribute("long", Value::String("x".repeat(64 << 10))),
        attribute("bool", Value::Bool(true)),
        attribute("int", Value::Int(i64::MIN)),
        attribute("double", Value::Double(-0.5)),
        attribute("bytes", Value::Bytes(vec![0, 255])),
        attribute(
            "array",
            Value::Array(vec![
                Value::Int(1),
                Value::Map(vec![attribute("k", Value::Array(Vec::new()))]),
            ]),
        ),
    ];
    Span {
        trace_id,
        span_id,
        parent_id: Some(SpanId::new([1; 8]).unwrap()),
        name: hostile.clone(),
        kind: SpanKind::Consumer,
        started_at: Timestamp::from_unix_nanos(i64::MAX),
        ended_at: Timestamp::from_unix_nanos(0),
        status: Status {
            code: StatusCode::Error,
            message: hostile.clone(),
        },
        attributes: attributes.clone(),
        events: vec![Event {
            at: Timestamp::from_unix_nanos(-5),
            name: "exception".into(),
            attributes: attributes.clone(),
            dropped_attributes: 3,
        }],
        links: vec![Link {
            trace_id,
            span_id,
            trace_state: "a=b".into(),
            attributes: attributes.clone(),
            dropped_attributes: 4,
            flags: 0x101,
        }],
        trace_state: "vendor=1".into(),
        flags: 0x301,
        dropped: Dropped {
            attributes: 1,
            events: 2,
            links: 3,
        },
        resource: Arc::new(Resource {
            attributes: attributes.clone(),
            dropped_attributes: 9,
            schema_url: "https://example.com/1".into(),
        }),
        scope: Arc::new(Scope {
            name: "s".into(),
            version: "1".into(),
            attributes,
            dropped_attributes: 8,
            schema_url: "https://example.com/2".into(),
        }),
    }
}

#[tokio::test]
async fn every_field_survives() {
    let db = TestDatabase::new().await;
    let span = everything();
    let term = Term::trace(span.trace_id);
    let mut batch = spans(1, 700);
    batch.push(IndexedSpan {
        span: span.clone(),
        terms: vec![term],
        rollup: None,
        troubled: true,
        tried: Vec::new(),
    });
    db.store().append(&batch).await.unwrap();

    let found = db.store().find(&[term], None, 10).await.unwrap();
    let back = found.spans.iter().find(|s| s.span_id == span.span_id);
    assert_eq!(back.map(AsRef::as_ref), Some(&span));
    assert!(!found.truncated);

    let all = db.store().newest(None, None, 10_000).await.unwrap();
    assert_eq!(all.spans.len(), 701);
    assert_eq!(all.next, None);
    for indexed in &batch {
        assert!(all.spans.iter().any(|s| **s == indexed.span));
    }
}

#[tokio::test]
async fn an_empty_batch_and_one_span_are_stored() {
    let db = TestDatabase::new().await;
    db.store().append(&[]).await.unwrap();
    db.store().append(&spans(2, 1)).await.unwrap();
    let scan = db.store().newest(None, None, 10).await.unwrap();
    assert_eq!(scan.spans.len(), 1);
    assert_eq!(db.store().figures().await.unwrap().spans, Some(1));
}

#[tokio::test]
async fn a_span_stored_twice_is_read_once() {
    let db = TestDatabase::new().await;
    let batch = spans(3, 250);
    for _ in 0..3 {
        db.store().append(&batch).await.unwrap();
    }
    let scan = db.store().newest(None, None, 10_000).await.unwrap();
    assert_eq!(scan.spans.len(), 250);
    let term = batch[0].terms[0];
    let found = db.store().find(&[term], None, 100).await.unwrap();
    let trace = batch[0].span.trace_id;
    let of_trace = |s: &&Arc<Span>| s.trace_id == trace;
    let expected = batch.iter().filter(|i| i.span.trace_id == trace).count();
    assert_eq!(found.spans.iter().filter(of_trace).count(), expected);
}

#[tokio::test]
async fn recent_ids_are_those_that_were_stored() {
    let db = TestDatabase::new().await;
    let batch = spans(4, 450);
    let old = encode(&spans(5, 10), noon()).unwrap();
    db.store().append_encoded(&old).await.unwrap();
    db.store().append(&batch).await.unwrap();
    let since = Timestamp::from_unix_millis(noon().unix_millis() + 1);
    let mut ids = db.store().recent_ids(since, usize::MAX).await.unwrap();
    let mut expected: Vec<_> = batch
        .iter()
        .map(|i| (i.span.trace_id, i.span.span_id))
        .collect();
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_corrupt_frame_is_named_and_its_neighbours_are_read() {
    let db = TestDatabase::new().await;
    let batch = spans(6, 1_000);
    let block = db.store().append(&batch).await.unwrap();
    sqlx::query(
        "UPDATE span_block SET frames = set_byte(frames, frame_ends[1] + 100,
            (get_byte(frames, frame_ends[1] + 100) + 1) % 256)",
    )
    .execute(db.store().pool())
    .await
    .unwrap();
    let scan = db.store().newest(None, None, 10_000).await.unwrap();
    assert_eq!(scan.spans.len(), 1_000 - 192);
    assert_eq!(scan.corrupt.len(), 1);
    assert_eq!((scan.corrupt[0].block, scan.corrupt[0].frame), (block, 1));
    let read = db.store().block(block).await.unwrap().unwrap();
    assert_eq!(read.corrupt, scan.corrupt);
}
