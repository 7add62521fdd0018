//! Partitions, retention and roll-ups.

use std::time::Duration;

use waybill_model::audit::{AuditEntry, Decision};
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::testing::TestDatabase;
use waybill_store::{RetentionPolicy, Store, encode};

use crate::{noon, spans};

const HOUR: i64 = 3_600_000;

async fn days(store: &Store) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT right(relname, 8) FROM pg_class
         WHERE relname LIKE 'span_block_2%' AND relkind = 'r' ORDER BY 1",
    )
    .fetch_all(store.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_day_turns_under_a_writer() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let before = days(store).await.len();
    let midnight = noon().plus_ms(12 * HOUR);
    let load = spans(21, 40);
    let evening = encode(&load[..20], midnight.plus_ms(-1)).unwrap();
    let morning = encode(&load[20..], midnight).unwrap();
    store.append_encoded(&evening).await.unwrap();
    store.append_encoded(&morning).await.unwrap();
    let names = days(store).await;
    // The days of the test may be among those that the machine's clock made.
    assert!(names.len() <= before + 2);
    assert!(names.contains(&"20261123".into()) && names.contains(&"20261124".into()));
    let scan = store.newest(None, None, 1_000).await.unwrap();
    assert_eq!(scan.spans.len(), 40);
    assert_eq!(store.since(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn absurd_times_make_no_partition() {
    let db = TestDatabase::new().await;
    let mut load = spans(22, 3);
    for (indexed, nanos) in load.iter_mut().zip([0, i64::MIN, i64::MAX]) {
        indexed.span.started_at = Timestamp::from_unix_nanos(nanos);
        indexed.span.ended_at = Timestamp::from_unix_nanos(nanos);
    }
    let before = days(db.store()).await;
    db.store().append(&load).await.unwrap();
    assert_eq!(days(db.store()).await, before);
    let now = Timestamp::from_offset_date_time(time::OffsetDateTime::now_utc());
    let hour = TimeRange {
        from: now.plus_ms(-HOUR),
        to: now.plus_ms(HOUR),
    };
    let counted: u64 = db
        .store()
        .rollups(hour)
        .await
        .unwrap()
        .iter()
        .map(|r| r.spans)
        .sum();
    assert_eq!(counted, 3);
}

#[tokio::test]
async fn retention_drops_whole_days_and_never_audit() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let day = 24 * HOUR;
    for n in 0..4 {
        let block = encode(&spans(23, 5), noon().plus_ms(n * day)).unwrap();
        store.append_encoded(&block).await.unwrap();
    }
    let entry = AuditEntry {
        actor: "system".into(),
        action: "store.start".into(),
        object: "store".into(),
        decision: Decision::Allowed,
        detail: String::new(),
    };
    store.append_audit(&entry, Timestamp::EPOCH).await.unwrap();
    let now = noon().plus_ms(3 * day);
    let policy = RetentionPolicy {
        age: Some(Duration::from_secs(36 * 3_600)),
        ..RetentionPolicy::default()
    };
    let done = store.retention_at(policy, now).await.unwrap();
    assert!(
        done.dropped_days
            .ends_with(&["2026-11-23".into(), "2026-11-24".into()])
    );
    assert_eq!(store.since(None, 10).await.unwrap().len(), 2);

    let policy = RetentionPolicy {
        max_disk: Some(1),
        ..RetentionPolicy::default()
    };
    store.retention_at(policy, now).await.unwrap();
    assert_eq!(store.since(None, 10).await.unwrap().len(), 1);
    assert_eq!(store.audit(&Default::default(), 10).await.unwrap().len(), 1);
    // What was dropped is made again when it is needed.
    let block = encode(&spans(23, 5), noon()).unwrap();
    store.append_encoded(&block).await.unwrap();
}

#[tokio::test]
async fn rollups_count_once_however_often_they_are_folded() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let mut load = spans(24, 6_500);
    for indexed in load.iter_mut().step_by(2) {
        indexed.span.started_at = indexed.span.started_at.plus_ms(60_000);
        indexed.span.ended_at = indexed.span.ended_at.plus_ms(60_000);
    }
    for batch in load.chunks(100) {
        let block = encode(batch, noon()).unwrap();
        store.append_encoded(&block).await.unwrap();
    }
    let range = TimeRange {
        from: noon(),
        to: noon().plus_ms(HOUR),
    };
    let before = store.rollups(range).await.unwrap();
    let sums = store.destination_sums(range).await.unwrap();
    let spans: u64 = before.iter().map(|r| r.spans).sum();
    let failed: u64 = before.iter().map(|r| r.failed).sum();
    assert_eq!(spans, 6_500);
    assert_eq!(
        failed,
        load.iter()
            .filter(|i| i.rollup.as_ref().unwrap().failed)
            .count() as u64
    );
    assert!(before.iter().all(|r| r.durations.count() == r.spans));
    assert!(before.iter().any(|r| r.group.is_some()));
    let place = |system: &str, name: &str| (system.to_owned(), name.to_owned());
    let one = place(&before[0].system, &before[0].destination);
    for _ in 0..2 {
        assert_eq!(store.merge_once().await.unwrap().segments, 32);
        assert_eq!(store.rollups(range).await.unwrap(), before);
        assert_eq!(store.destination_sums(range).await.unwrap(), sums);
    }
    assert_eq!(sums.iter().map(|s| s.spans).sum::<u64>(), spans);
    assert_eq!(sums.iter().map(|s| s.failed).sum::<u64>(), failed);
    let of_one = store
        .rollups_of(range, std::slice::from_ref(&one))
        .await
        .unwrap();
    let mut expected = before.clone();
    expected.retain(|r| place(&r.system, &r.destination) == one);
    assert_eq!(of_one, expected);
    let totals = store.rollup_totals(range).await.unwrap();
    assert!(totals.len() < before.len());
    assert!(totals.iter().all(|t| t.minute == range.from));
    assert_eq!(totals.iter().map(|t| t.spans).sum::<u64>(), spans);
    assert_eq!(
        totals.iter().map(|t| t.durations.count()).sum::<u64>(),
        spans
    );
}
