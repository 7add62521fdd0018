//! Causes that metrics tell after the finder wrote a row.

use std::sync::Arc;

use waybill_broker::Dialects;
use waybill_model::failure::{FailureCause, FailureQuery};
use waybill_model::signal::{MetricPoint, MetricValue};
use waybill_model::span::{Attribute, Resource, Value};
use waybill_model::time::Timestamp;
use waybill_server::clock;
use waybill_server::journey::{self, Clusters, Owners, SearchAttributes};
use waybill_server::query::Query;
use waybill_server::query::finder::Finder;
use waybill_store::testing::TestDatabase;
use waybill_store::{IndexedSpan, Store};
use waybill_tests::otlp::{self, failed, process_of};

use super::message;
use crate::recordings::read;

const PROCESS: (&str, &str) = ("inventory", "i-1");

fn query(store: &Store) -> Query {
    Query::new(
        store.clone(),
        Dialects::builtin(),
        Arc::new(SearchAttributes::default()),
        Clusters(Vec::new()),
        Owners::default(),
    )
}

/// A message whose one attempt of three seconds failed, as ingest writes it; when that began.
async fn send_failed(store: &Store) -> Timestamp {
    let mut message = message("late", 60, 3.0);
    message.consumer = failed(message.consumer, "shop.Refused", "order refused");
    let dialects = Dialects::builtin();
    let mut consumer = otlp::request(PROCESS.0, vec![message.consumer]);
    consumer.resource_spans[0].resource = Some(process_of(PROCESS.0, PROCESS.1));
    let producer = otlp::request("shop", vec![message.producer]);
    let spans = [producer, consumer].into_iter().flat_map(read::request);
    let indexed = spans.map(|span| {
        let facts = dialects.facts(&span);
        IndexedSpan {
            terms: journey::terms(&span, facts.as_ref(), &SearchAttributes::default()),
            troubled: facts.as_ref().is_some_and(journey::tells_trouble),
            tried: Vec::new(),
            rollup: None,
            span: Arc::unwrap_or_clone(span),
        }
    });
    let indexed: Vec<IndexedSpan> = indexed.collect();
    let began = indexed.last().unwrap().span.started_at;
    store.append(&indexed).await.unwrap();
    began
}

/// Before and after the attempt: a pool of ten is full, and four waited 2.76 s each.
async fn send_metrics(store: &Store, began: Timestamp) {
    let attribute = |key: &str, value: &str| Attribute {
        key: key.into(),
        value: Value::String(value.into()),
    };
    let resource = Arc::new(Resource {
        attributes: vec![
            attribute("service.name", PROCESS.0),
            attribute("service.instance.id", PROCESS.1),
        ],
        ..Resource::default()
    });
    let mut points = Vec::new();
    for (ms, pending, count, sum) in [(-1_000, 30.0, 50, 7.0), (4_000, 37.0, 54, 18.04)] {
        let at = began.plus_ms(ms);
        let waited = MetricValue::Histogram {
            count,
            sum,
            min: None,
            max: None,
            cumulative: Some(true),
        };
        for (name, unit, value) in [
            ("hikaricp.connections.active", "", MetricValue::Gauge(10.0)),
            ("hikaricp.connections.max", "", MetricValue::Gauge(10.0)),
            (
                "hikaricp.connections.pending",
                "",
                MetricValue::Gauge(pending),
            ),
            ("hikaricp.connections.acquire", "s", waited),
        ] {
            points.push(MetricPoint {
                name: name.into(),
                unit: unit.into(),
                at,
                started_at: began.plus_ms(-3_600_000),
                value,
                attributes: vec![attribute("pool", "orders")],
                resource: resource.clone(),
            });
        }
    }
    store.append_metrics(&points).await.unwrap();
}

async fn cause(query: &Query) -> Option<FailureCause> {
    let asked = FailureQuery {
        limit: 10,
        ..FailureQuery::default()
    };
    let mut groups = query.failures(asked).await.unwrap().items;
    assert_eq!(groups.len(), 1, "{groups:?}");
    let group = groups.remove(0);
    assert_eq!(group.attempts, 1);
    group.cause
}

#[tokio::test]
async fn a_failure_has_the_cause_that_metrics_tell_later() {
    // So long after the row was written metrics arrive, and so long after it are they seen.
    for (arrive_ms, seen_ms) in [(10_000, 75_000), (80_000, 150_000)] {
        let database = TestDatabase::new().await;
        let store = database.store();
        let query = query(store);
        let now = clock::now();
        let mut finder = Finder::resume(query.clone(), now).await.unwrap();
        let began = send_failed(store).await;
        let found = finder.step(now).await.unwrap();
        assert_eq!(found.journeys.len(), 1);
        assert_eq!(cause(&query).await, None);
        let mut has_arrived = false;
        for ms in [75_000, 150_000] {
            if !has_arrived && arrive_ms < ms {
                send_metrics(store, began).await;
                has_arrived = true;
            }
            let early = finder.step(now.plus_ms(ms - 1)).await.unwrap();
            assert_eq!(early.journeys.len(), 0, "before {ms}");
            let found = finder.step(now.plus_ms(ms)).await.unwrap();
            let is_told = ms == seen_ms;
            assert_eq!(found.journeys.len(), usize::from(is_told), "at {ms}");
            assert_eq!(cause(&query).await.is_some(), ms >= seen_ms, "at {ms}");
        }
        let cause = cause(&query).await.unwrap();
        assert_eq!(cause.rule, "connection_pool_exhausted");
        let sentence = "92 % of processing waits for a database connection \
                        (pool orders: 10 of 10 in use, 37 waiting)";
        assert_eq!(cause.sentence.as_deref(), Some(sentence));
    }
}

#[tokio::test]
async fn a_cause_is_told_later_also_after_a_restart() {
    let database = TestDatabase::new().await;
    let store = database.store();
    let query = query(store);
    let now = clock::now();
    let mut finder = Finder::resume(query.clone(), now).await.unwrap();
    let began = send_failed(store).await;
    assert_eq!(finder.step(now).await.unwrap().journeys.len(), 1);
    drop(finder);
    send_metrics(store, began).await;
    let later = now.plus_ms(75_000);
    let mut finder = Finder::resume(query.clone(), later).await.unwrap();
    assert_eq!(finder.step(later).await.unwrap().journeys.len(), 1);
    let cause = cause(&query).await.unwrap();
    assert_eq!(cause.rule, "connection_pool_exhausted");
}
