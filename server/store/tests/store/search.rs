//! Every term leads to its span, before and after merges.

use std::collections::HashSet;

use waybill_model::reference::Term;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::testing::TestDatabase;
use waybill_store::{BlockId, IndexedSpan, Store, encode};

use crate::{noon, spans};

async fn all_found(store: &Store, load: &[IndexedSpan]) {
    for some in load.chunks(40) {
        let terms: Vec<Term> = some.iter().flat_map(|i| i.terms.iter().copied()).collect();
        let found = store.find(&terms, None, 10_000).await.unwrap();
        let ids: HashSet<_> = found
            .spans
            .iter()
            .map(|s| (s.trace_id, s.span_id))
            .collect();
        for indexed in some {
            assert!(ids.contains(&(indexed.span.trace_id, indexed.span.span_id)));
        }
    }
    for indexed in load.iter().step_by(97) {
        for term in &indexed.terms {
            let found = store.find(&[*term], None, 10_000).await.unwrap();
            assert!(found.spans.iter().any(|s| **s == indexed.span));
        }
    }
}

async fn segments(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM term_segment")
        .fetch_one(store.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn found_by_every_term_before_and_after_merges() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let load = spans(11, 3_300);
    for batch in load.chunks(50) {
        store.append(batch).await.unwrap();
    }
    all_found(store, &load).await;
    let mut merged = 0;
    loop {
        let step = store.merge_once().await.unwrap();
        if step.segments == 0 {
            break;
        }
        merged += step.segments;
    }
    assert_eq!(merged, 64);
    assert_eq!(segments(store).await, 4);
    all_found(store, &load).await;
    // The day is over: what is left becomes one.
    let tomorrow =
        Timestamp::from_offset_date_time(time::OffsetDateTime::now_utc()).plus_ms(86_400_000);
    while store.merge_at(tomorrow).await.unwrap().segments > 0 {}
    assert_eq!(segments(store).await, 1);
    all_found(store, &load).await;
    let unknown = Term::message_id("nobody sent this");
    let found = store.find(&[unknown], None, 100).await.unwrap();
    assert!(found.spans.is_empty());
}

#[tokio::test]
async fn a_term_of_every_span_gives_the_newest_frames_and_says_so() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let hot = Term::attribute("tenant.id", "1");
    let mut load = spans(12, 3_200);
    for indexed in &mut load {
        indexed.terms.push(hot);
    }
    for batch in load.chunks(100) {
        store.append(batch).await.unwrap();
    }
    assert_eq!(store.merge_once().await.unwrap().segments, 32);
    let found = store.find(&[hot], None, 5).await.unwrap();
    assert!(found.truncated);
    let newest: HashSet<_> = load[2_700..].iter().map(|i| i.span.span_id).collect();
    assert_eq!(found.spans.len(), 500);
    assert!(found.spans.iter().all(|s| newest.contains(&s.span_id)));
    let found = store.find(&[hot], None, 32).await.unwrap();
    assert!(!found.truncated);
    assert_eq!(found.spans.len(), 3_200);
    // From the newest down, some frames at a time: everything once.
    let (mut most, mut seen) = (BlockId(i64::MAX), HashSet::new());
    loop {
        let found = store.find_up_to(most, &[hot], None, 5).await.unwrap();
        assert!(found.arrivals.keys().all(|block| *block <= most));
        let new = found
            .spans
            .iter()
            .filter(|s| seen.insert(s.span_id))
            .count();
        assert_eq!(new, found.spans.len());
        let Some(oldest) = found.arrivals.keys().next() else {
            break;
        };
        most = BlockId(oldest.0 - 1);
    }
    assert_eq!(seen.len(), 3_200);
}

#[tokio::test]
async fn a_range_is_about_arrival() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let batch = spans(13, 10);
    let block = encode(&batch, noon()).unwrap();
    store.append_encoded(&block).await.unwrap();
    let term = [batch[0].terms[0]];
    let range = |from: i64, to: i64| {
        Some(TimeRange {
            from: noon().plus_ms(from),
            to: noon().plus_ms(to),
        })
    };
    let count = async |range| store.find(&term, range, 10).await.unwrap().spans.len();
    assert_eq!(count(range(0, 1)).await, 10);
    assert_eq!(count(range(-5, 0)).await, 0);
    assert_eq!(count(range(1, 5)).await, 0);
    assert_eq!(count(None).await, 10);
}

#[tokio::test]
async fn two_mergers_exclude_each_other() {
    let db = TestDatabase::new().await;
    let other = Store::connect(db.connect_options()).await.unwrap();
    let load = spans(14, 3_200);
    for batch in load.chunks(50) {
        db.store().append(batch).await.unwrap();
    }
    let (a, b) = tokio::join!(db.store().merge_once(), other.merge_once());
    for merged in [a.unwrap(), b.unwrap()] {
        assert!(merged.busy || merged.segments == 32);
    }
    all_found(db.store(), &load).await;
}
