//! Samples and roll-ups of readings.

use std::time::Duration;

use waybill_model::judgement::{GroupEvent, GroupEventKind};
use waybill_model::reading::{LagGap, PartitionPosition};
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::RetentionPolicy;
use waybill_store::readings::{GroupSample, Moved, ReadingBatch, ReadingRollup};
use waybill_store::testing::TestDatabase;

use crate::noon;

const MINUTE: i64 = 60_000;

fn rollup(
    object: i64,
    minute: i64,
    figures: [Option<i64>; 3],
    received: Option<u64>,
) -> ReadingRollup {
    ReadingRollup {
        object,
        start: noon().plus_ms(minute * MINUTE),
        least: figures[0],
        greatest: figures[1],
        last: figures[2],
        received,
        removed: Some(1),
    }
}

fn sample(at: Timestamp, lag: Option<u64>) -> GroupSample {
    let position = |partition: &str, lag: Option<u64>| PartitionPosition {
        destination: "orders".into(),
        partition: partition.into(),
        committed: Some(5),
        head: lag.map(|lag| 5 + lag as i64),
        lag_messages: lag,
        gap: lag.is_none().then_some(LagGap::NoHead),
    };
    GroupSample {
        group: -7,
        at,
        lag_messages: lag,
        partitions: vec![position("0", Some(0)), position("1", lag)],
    }
}

fn hour() -> TimeRange {
    TimeRange {
        from: noon(),
        to: noon().plus_ms(60 * MINUTE),
    }
}

#[tokio::test]
async fn the_newest_sample_of_a_group_holds() {
    let db = TestDatabase::new().await;
    let store = db.store();
    assert_eq!(store.group_sample(-7).await.unwrap(), None);
    let (first, second) = (sample(noon(), Some(3)), sample(noon().plus_ms(5_000), None));
    let batch = ReadingBatch {
        samples: vec![second.clone(), first],
        ..ReadingBatch::default()
    };
    store.save_readings("east", &batch).await.unwrap();
    // Written again after a lost answer.
    store.save_readings("east", &batch).await.unwrap();
    assert_eq!(store.group_sample(-7).await.unwrap(), Some(second));
}

#[tokio::test]
async fn a_sample_that_is_superseded_goes_with_the_one_that_replaces_it() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let at = |second: i64| noon().plus_ms(second * 1_000);
    let save = async |second: i64, lag: Option<u64>, superseded: Vec<(i64, Timestamp)>| {
        let batch = ReadingBatch {
            samples: vec![sample(at(second), lag)],
            superseded,
            ..ReadingBatch::default()
        };
        store.save_readings("east", &batch).await.unwrap();
    };
    save(0, Some(1), Vec::new()).await;
    save(5, Some(2), Vec::new()).await;
    // Another group's row of that time stays, and so does what is not named.
    save(10, Some(3), vec![(-7, at(5)), (-8, at(0))]).await;
    let left = sqlx::query_scalar("SELECT count(*) FROM group_reading");
    let left: i64 = left.fetch_one(store.pool()).await.unwrap();
    assert_eq!(left, 2);
    let newest = store.group_sample(-7).await.unwrap();
    assert_eq!(newest, Some(sample(at(10), Some(3))));
    let wanted = [(-7, "orders"), (-8, "orders"), (-7, "bills")];
    let lags = store.lags_on(&wanted).await.unwrap();
    // No position there is not 0.
    let expected = [((-7, "orders"), Some(3)), ((-7, "bills"), None)];
    assert_eq!(lags, expected.into());
}

#[tokio::test]
async fn the_last_readings_of_each_group_are_told_in_order() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let at = |second: i64| noon().plus_ms(second * 1_000);
    let samples = (0..8).map(|n| sample(at(n * 5), Some(n as u64)));
    let batch = ReadingBatch {
        samples: samples.collect(),
        ..ReadingBatch::default()
    };
    store.save_readings("east", &batch).await.unwrap();
    let told = async |since: i64, each: u32, partitions: u32| -> Vec<Option<u64>> {
        let groups = [-7, -8];
        let recent = store.recent_samples(&groups, at(since), each, partitions);
        let recent = recent.await.unwrap();
        recent.iter().map(|sample| sample.lag_messages).collect()
    };
    assert_eq!(told(0, 3, 2).await, [Some(5), Some(6), Some(7)]);
    assert_eq!(told(35, 3, 2).await, [Some(7)]);
    assert!(told(0, 3, 1).await.is_empty(), "on too many partitions");
}

#[tokio::test]
async fn events_of_a_group_are_told_the_newest_first() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let event = |second: i64, kind| GroupEvent {
        at: noon().plus_ms(second * 1_000),
        kind,
        destination: Some("a\0'b".into()),
        partition: None,
        from: Some(second),
        to: None,
    };
    let events = [
        (-7, event(0, GroupEventKind::Rebalance)),
        (-7, event(5, GroupEventKind::Rewind)),
        (-8, event(7, GroupEventKind::MadeAgain)),
    ];
    store.save_group_events(&events).await.unwrap();
    let told = store.group_events(-7, hour(), 10).await.unwrap();
    let kinds: Vec<GroupEventKind> = told.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [GroupEventKind::Rewind, GroupEventKind::Rebalance]);
    assert_eq!((told[0].from, told[0].to), (Some(5), None));
    assert_eq!(store.group_events(-7, hour(), 1).await.unwrap().len(), 1);
    assert!(store.group_events(-9, hour(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_pollers_of_one_minute_both_count() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let batch = |minutes| ReadingBatch {
        minutes,
        read_minutes: vec![(noon(), 6)],
        ..ReadingBatch::default()
    };
    let (some, none) = ([Some(4), Some(9), Some(5)], [None; 3]);
    let first = batch(vec![
        rollup(1, 0, some, Some(10)),
        rollup(2, 0, none, Some(1)),
    ]);
    store.save_readings("east", &first).await.unwrap();
    let later = [Some(2), Some(6), Some(6)];
    let second = batch(vec![rollup(1, 0, later, Some(5)), rollup(2, 0, some, None)]);
    store.save_readings("east", &second).await.unwrap();
    let one = store.reading_minutes(1, hour()).await.unwrap();
    let both = ReadingRollup {
        removed: Some(2),
        ..rollup(1, 0, [Some(2), Some(9), Some(6)], Some(15))
    };
    assert_eq!(one, [both]);
    let two = store.reading_minutes(2, hour()).await.unwrap().remove(0);
    assert_eq!(
        (two.least, two.received),
        (Some(4), None),
        "a part that is unknown makes it so"
    );
    assert_eq!(store.read_minutes("east", hour()).await.unwrap(), [noon()]);
    assert!(store.read_minutes("west", hour()).await.unwrap().is_empty());
    let moved = store.moved(&[1, 2, 3], hour()).await.unwrap();
    let all = Moved {
        object: 1,
        received: Some(15),
        removed: Some(2),
        ..Moved::default()
    };
    let part = Moved {
        object: 2,
        received: None,
        removed: Some(2),
        received_unknown: vec![noon()],
        ..Moved::default()
    };
    assert_eq!(moved.len(), 2);
    assert!(moved.contains(&all) && moved.contains(&part), "{moved:?}");
}

#[tokio::test]
async fn parts_of_an_hour_add_up_in_one_batch_and_over_many() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let batch = ReadingBatch {
        hours: vec![
            rollup(1, 0, [Some(4), Some(9), Some(5)], Some(10)),
            rollup(1, 0, [Some(2), Some(3), Some(3)], Some(5)),
            rollup(2, 0, [None; 3], None),
        ],
        ..ReadingBatch::default()
    };
    store.save_readings("east", &batch).await.unwrap();
    let batch = ReadingBatch {
        hours: vec![
            rollup(1, 0, [None; 3], Some(1)),
            rollup(2, 0, [Some(1); 3], Some(1)),
        ],
        ..ReadingBatch::default()
    };
    store.save_readings("east", &batch).await.unwrap();
    let one = store.reading_hours(1, hour()).await.unwrap();
    let sum = ReadingRollup {
        removed: Some(3),
        ..rollup(1, 0, [Some(2), Some(9), None], Some(16))
    };
    assert_eq!(one, [sum]);
    let two = store.reading_hours(2, hour()).await.unwrap().remove(0);
    assert_eq!((two.last, two.received), (Some(1), None));
}

#[tokio::test]
async fn days_are_made_when_needed_and_dropped_with_the_others() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let figures = [Some(1), Some(1), Some(1)];
    let batch = ReadingBatch {
        samples: vec![sample(noon(), Some(1))],
        superseded: Vec::new(),
        minutes: vec![
            rollup(1, 0, figures, Some(1)),
            rollup(1, 24 * 60, figures, Some(1)),
        ],
        hours: vec![rollup(1, 0, figures, Some(1))],
        read_minutes: vec![(noon(), 1)],
    };
    store.save_readings("east", &batch).await.unwrap();
    let two_days = TimeRange {
        from: noon(),
        to: noon().plus_ms(48 * 60 * MINUTE),
    };
    assert_eq!(store.reading_minutes(1, two_days).await.unwrap().len(), 2);
    assert_eq!(store.reading_hours(1, two_days).await.unwrap().len(), 1);
    let policy = RetentionPolicy {
        age: Some(Duration::from_secs(36 * 3_600)),
        ..RetentionPolicy::default()
    };
    store
        .retention_at(policy, noon().plus_ms(60 * 60 * MINUTE))
        .await
        .unwrap();
    assert_eq!(store.reading_minutes(1, two_days).await.unwrap().len(), 1);
    assert!(store.reading_hours(1, two_days).await.unwrap().is_empty());
    assert_eq!(store.group_sample(-7).await.unwrap(), None);
}
