//! How far a broker's own trace was read, and what was made of it: both or neither.

use std::collections::BTreeMap;

use waybill_model::time::Timestamp;
use waybill_store::testing::{Sample, TestDatabase};
use waybill_store::{encode, native_traces::TracePosition};

use crate::noon;

/// Whoever goes on may think what they like: it stays what it was at first.
fn first_at(before: Option<&TracePosition>) -> Timestamp {
    noon().plus_ms(if before.is_some() { 1_000 } else { 0 })
}

#[tokio::test]
async fn spans_and_position_are_stored_together_and_by_one_reader() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let mut sample = Sample::new(5, noon());
    let next = |offset| BTreeMap::from([("a:0".to_owned(), offset), ("b:0".to_owned(), 7)]);
    assert_eq!(store.trace_position("payments").await.unwrap(), None);

    let block = encode(&sample.batch(10), noon()).unwrap();
    let append = |before: Option<TracePosition>, offset, block| async move {
        let next = BTreeMap::from([("a:0".to_owned(), offset), ("b:0".to_owned(), 7)]);
        let before = before.as_ref();
        store
            .append_traced("payments", before, first_at(before), next, block)
            .await
            .unwrap()
    };
    let first = append(None, 3, Some(&block)).await.unwrap();
    assert_eq!((first.first_at, first.next.clone()), (noon(), next(3)));
    assert_eq!(
        store.trace_position("payments").await.unwrap().as_ref(),
        Some(&first)
    );
    // A place may move without anything to store.
    let second = append(Some(first.clone()), 4, None).await.unwrap();
    assert_eq!(second.first_at, noon());

    // Whoever goes on from where it no longer is, or believes that nobody was there, stores nothing.
    let late = encode(&sample.batch(10), noon()).unwrap();
    assert_eq!(append(Some(first), 9, Some(&late)).await, None);
    assert_eq!(append(None, 9, Some(&late)).await, None);
    assert_eq!(
        store.trace_position("payments").await.unwrap(),
        Some(second)
    );
    assert_eq!(store.figures().await.unwrap().spans, Some(10));
    assert_eq!(store.since(None, 10).await.unwrap().len(), 1);
    assert_eq!(store.trace_position("orders").await.unwrap(), None);
}
