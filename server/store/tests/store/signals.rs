//! Logs and metric points: found by trace or process, within a time and a limit.

use std::collections::BTreeSet;
use std::sync::Arc;

use waybill_model::id::TraceId;
use waybill_model::signal::{LogRecord, MetricPoint, MetricValue};
use waybill_model::span::{Attribute, Resource, Value};
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::signals::{Most, ProcessOf};
use waybill_store::testing::TestDatabase;

const MOST: Most = Most {
    blocks: 10,
    records: 100,
};

fn now() -> Timestamp {
    Timestamp::from_offset_date_time(time::OffsetDateTime::now_utc())
}

/// A minute on both sides of now.
fn about_now() -> Vec<TimeRange> {
    let now = now();
    vec![TimeRange {
        from: now.plus_ms(-60_000),
        to: now.plus_ms(60_000),
    }]
}

fn resource(service: &str, instance: &str) -> Arc<Resource> {
    let attribute = |key: &str, value: &str| Attribute {
        key: key.into(),
        value: Value::String(value.into()),
    };
    Arc::new(Resource {
        attributes: vec![
            attribute("service.name", service),
            attribute("service.instance.id", instance),
        ],
        ..Resource::default()
    })
}

fn log(trace: Option<u8>, service: &str, body: &str) -> LogRecord {
    LogRecord {
        trace_id: trace.map(|id| TraceId::new([id; 16]).unwrap()),
        span_id: None,
        at: now(),
        observed_at: now(),
        severity: 17,
        severity_text: "ERROR".into(),
        event_name: String::new(),
        body: Value::String(body.into()),
        attributes: Vec::new(),
        resource: resource(service, "1"),
        scope: Arc::default(),
    }
}

fn point(name: &str, service: &str, instance: &str) -> MetricPoint {
    MetricPoint {
        name: name.into(),
        unit: "s".into(),
        at: now(),
        started_at: now(),
        value: MetricValue::Histogram {
            count: 2,
            sum: 3.0,
            min: Some(1.0),
            max: Some(2.0),
            cumulative: Some(true),
        },
        attributes: Vec::new(),
        resource: resource(service, instance),
    }
}

fn process(service: &str, instance: Option<&str>) -> BTreeSet<ProcessOf> {
    BTreeSet::from([ProcessOf {
        service: service.into(),
        instance: instance.map(str::to_owned),
    }])
}

fn traces(ids: &[u8]) -> BTreeSet<TraceId> {
    ids.iter()
        .map(|id| TraceId::new([*id; 16]).unwrap())
        .collect()
}

#[tokio::test]
async fn logs_are_found_by_their_traces_and_those_of_none_by_their_process() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let logs = [
        log(Some(1), "shop", "a\0"),
        log(Some(2), "shop", "b"),
        log(Some(1), "shop", "c"),
        log(None, "shop", "d"),
        log(None, "bank", "e"),
    ];
    store.append_logs(&logs).await.unwrap();
    let found = store
        .logs_of_traces(&traces(&[1, 9]), &about_now(), MOST, |_| true)
        .await
        .unwrap();
    assert_eq!(found.records, [logs[0].clone(), logs[2].clone()]);
    assert!(!found.truncated);
    let earlier = [TimeRange {
        from: now().plus_ms(-120_000),
        to: now().plus_ms(-60_000),
    }];
    let none = store
        .logs_of_traces(&traces(&[1]), &earlier, MOST, |_| true)
        .await
        .unwrap();
    assert_eq!(none.records, []);
    let untied = store
        .logs_without_trace(&process("shop", Some("1")), &about_now(), MOST, |_| true)
        .await
        .unwrap();
    assert_eq!(untied.records, [logs[3].clone()]);
    let other = process("shop", Some("2"));
    let untied = store
        .logs_without_trace(&other, &about_now(), MOST, |_| true)
        .await
        .unwrap();
    assert_eq!(untied.records, []);
}

#[tokio::test]
async fn an_answer_that_was_cut_says_so() {
    let db = TestDatabase::new().await;
    let store = db.store();
    for n in 0..5 {
        let logs = [log(Some(1), "shop", &n.to_string())];
        store.append_logs(&logs).await.unwrap();
    }
    for (blocks, records, expected, truncated) in
        [(5, 5, 5, false), (3, 100, 3, true), (100, 2, 2, true)]
    {
        let most = Most { blocks, records };
        let found = store
            .logs_of_traces(&traces(&[1]), &about_now(), most, |_| true)
            .await
            .unwrap();
        let told = (found.records.len(), found.truncated);
        assert_eq!(told, (expected, truncated), "{most:?}");
        assert_eq!(found.records[0].body, Value::String("4".into()), "newest");
    }
}

#[tokio::test]
async fn points_are_found_by_service_and_instance() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let points = [
        point("jvm.gc.duration", "shop", "1"),
        point("jvm.gc.duration", "shop", "2"),
        point("jvm.threads", "shop", "1"),
    ];
    store.append_metrics(&points).await.unwrap();
    let bank = [point("jvm.gc.duration", "bank", "1")];
    store.append_metrics(&bank).await.unwrap();
    let is_gc = |point: &MetricPoint| point.name == "jvm.gc.duration";
    let found = store
        .metrics_of(&process("shop", Some("1")), &about_now(), MOST, is_gc)
        .await
        .unwrap();
    assert_eq!(found.records, [points[0].clone()]);
    let found = store
        .metrics_of(&process("shop", None), &about_now(), MOST, |_| true)
        .await
        .unwrap();
    assert_eq!(found.records, points);

    // A block of a version that wrote no terms is looked into too.
    sqlx::query("UPDATE signal_block SET terms = '{}'")
        .execute(store.pool())
        .await
        .unwrap();
    let found = store
        .metrics_of(&process("bank", None), &about_now(), MOST, |_| true)
        .await
        .unwrap();
    assert_eq!(found.records, bank);
}
