use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, NumberDataPoint, Sum,
    metric::Data, number_data_point,
};
use waybill_store::Store;
use waybill_store::testing::TestDatabase;
use waybill_store::troubled::TroubledFilter;
use waybill_tests::otlp::{failed, process_of, text};
use waybill_tests::server::Home;
use waybill_tests::wait;

use super::*;

const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;

/// A count of what there is now, as UpDownCounters send it: (labels, at, value).
fn levels(name: &str, readings: Vec<(Vec<KeyValue>, u64, i64)>) -> Metric {
    let points = readings
        .into_iter()
        .map(|(attributes, at, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano: at - 3_600 * SECOND,
            time_unix_nano: at,
            value: Some(number_data_point::Value::AsInt(value)),
            ..Default::default()
        });
    Metric {
        name: name.into(),
        data: Some(Data::Sum(Sum {
            data_points: points.collect(),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: false,
        })),
        ..Default::default()
    }
}

/// (at, count, sum) since one start.
fn histogram(name: &str, unit: &str, labels: &[KeyValue], readings: &[(u64, u64, f64)]) -> Metric {
    let started = readings[0].0 - 3_600 * SECOND;
    let points = readings.iter().map(|&(at, count, sum)| HistogramDataPoint {
        attributes: labels.to_vec(),
        start_time_unix_nano: started,
        time_unix_nano: at,
        count,
        sum: Some(sum),
        ..Default::default()
    });
    Metric {
        name: name.into(),
        unit: unit.into(),
        data: Some(Data::Histogram(Histogram {
            data_points: points.collect(),
            aggregation_temporality: CUMULATIVE,
        })),
        ..Default::default()
    }
}

/// How a version of the conventions names what a pool tells.
struct Names {
    count: &'static str,
    max: &'static str,
    pending: &'static str,
    wait: &'static str,
    unit: &'static str,
    pool: &'static str,
    state: &'static str,
}

const NOW: Names = Names {
    count: "db.client.connection.count",
    max: "db.client.connection.max",
    pending: "db.client.connection.pending_requests",
    wait: "db.client.connection.wait_time",
    unit: "s",
    pool: "db.client.connection.pool.name",
    state: "db.client.connection.state",
};

/// The Java agent's, until its third version.
const BEFORE: Names = Names {
    count: "db.client.connections.usage",
    max: "db.client.connections.max",
    pending: "db.client.connections.pending_requests",
    wait: "db.client.connections.wait_time",
    unit: "ms",
    pool: "pool.name",
    state: "state",
};

/// Two readings of a pool of ten: when, in use, waiting; so many waited between them, seconds each.
fn pool(names: &Names, readings: [(u64, i64, i64); 2], waits: u64, each_s: f64) -> Vec<Metric> {
    let name = text(names.pool, "orders");
    let of = |value: fn(i64, i64) -> i64, state: Option<&str>| {
        let labels = |state: Option<&str>| {
            let state = state.map(|state| text(names.state, state));
            [name.clone()].into_iter().chain(state).collect::<Vec<_>>()
        };
        readings
            .iter()
            .map(|&(at, used, pending)| (labels(state), at, value(used, pending)))
            .collect::<Vec<_>>()
    };
    let mut count = of(|used, _| used, Some("used"));
    count.extend(of(|used, _| 10 - used, Some("idle")));
    let scale = if names.unit == "ms" { 1e3 } else { 1.0 };
    let waited = waits as f64 * each_s * scale;
    vec![
        levels(names.count, count),
        levels(names.max, of(|_, _| 10, None)),
        levels(names.pending, of(|_, pending| pending, None)),
        histogram(
            names.wait,
            names.unit,
            std::slice::from_ref(&name),
            &[
                (readings[0].0, 50, 7.0),
                (readings[1].0, 50 + waits, 7.0 + waited),
            ],
        ),
    ]
}

fn cause(journey: &Value) -> &Value {
    &journey["deliveries"][0]["attempts"][0]["cause"]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_is_named_on_the_journeys_of_its_process() {
    let server = Server::start().await;
    for (key, instance, names) in [("now", "i-1", &NOW), ("before", "i-2", &BEFORE)] {
        let message = message(key, 60, 3.0);
        send_message(&server, &message, instance).await;
        let at = message.consumer.start_time_unix_nano;
        let readings = [(at - SECOND, 10, 30), (at + 4 * SECOND, 10, 37)];
        let metrics = pool(names, readings, 4, 2.76);
        send_metrics(&server, process_of("inventory", instance), metrics).await;

        let told = journey(&server, key, "").await;
        assert_eq!(cause(&told)["rule"], "connection_pool_exhausted", "{told}");
        let sentence = "92 % of processing waits for a database connection \
                        (pool orders: 10 of 10 in use, 37 waiting)";
        assert_eq!(cause(&told)["sentence"], sentence, "{told}");
        let diagnosis = told["diagnosis"].as_str().unwrap();
        assert!(
            diagnosis.ends_with(&format!("being processed: {sentence}.")),
            "{told}"
        );
        let english = page(&server, key, "", "en").await;
        assert!(english.contains(sentence), "{english}");
        let chinese = page(&server, key, "", "zh").await;
        assert!(chinese.contains("原因：连接池已耗尽"), "{chinese}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_process_and_another_one_are_named_nothing() {
    let server = Server::start().await;
    let healthy = message("healthy", 60, 3.0);
    send_message(&server, &healthy, "i-1").await;
    let at = healthy.consumer.start_time_unix_nano;
    let readings = [(at - SECOND, 4, 0), (at + 4 * SECOND, 5, 0)];
    let own = pool(&NOW, readings, 40, 0.002);
    send_metrics(&server, process_of("inventory", "i-1"), own).await;
    // The pool of another process, and a service of the same instance id, are nobody's here.
    let readings = [(at - SECOND, 10, 30), (at + 4 * SECOND, 10, 37)];
    for of in [process_of("inventory", "i-2"), process_of("shop", "i-1")] {
        send_metrics(&server, of, pool(&NOW, readings, 4, 2.76)).await;
    }
    let told = journey(&server, "healthy", "").await;
    assert_eq!(cause(&told), &Value::Null, "{told}");
    let diagnosis = told["diagnosis"].as_str().unwrap();
    assert!(diagnosis.ends_with("of it being processed."), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_the_jvm_is_named() {
    let server = Server::start().await;
    let message = message("paused", 60, 5.0);
    send_message(&server, &message, "i-1").await;
    let at = message.consumer.start_time_unix_nano;
    let gc = [
        text("jvm.gc.name", "G1 Old Generation"),
        text("jvm.gc.action", "end of major GC"),
    ];
    let readings = [(at - SECOND, 7, 2.0), (at + 5 * SECOND, 8, 6.0)];
    let metrics = vec![
        histogram("jvm.gc.duration", "s", &gc, &readings),
        Metric {
            name: "jvm.cpu.recent_utilization".into(),
            unit: "1".into(),
            data: Some(Data::Gauge(Gauge {
                data_points: vec![NumberDataPoint {
                    time_unix_nano: at,
                    value: Some(number_data_point::Value::AsDouble(0.99)),
                    ..Default::default()
                }],
            })),
            ..Default::default()
        },
    ];
    send_metrics(&server, process_of("inventory", "i-1"), metrics).await;
    let told = journey(&server, "paused", "").await;
    assert_eq!(cause(&told)["rule"], "jvm_pause", "{told}");
    let sentence = "a 4.0 s JVM pause in it (G1 Old Generation)";
    assert_eq!(cause(&told)["sentence"], sentence, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pools_timeout_is_named_by_its_error_with_the_pools_numbers_also_where_rows_are_kept() {
    let database = TestDatabase::new().await;
    let store = Store::connect(database.connect_options()).await.unwrap();
    let server = Server::start_with(Home::Shared(database), "").await;
    let mut message = message("timed-out", 60, 3.0);
    let at = message.consumer.start_time_unix_nano;
    // The metrics come first here: the finder looks at once.
    let readings = [(at - SECOND, 10, 30), (at + 4 * SECOND, 10, 37)];
    let metrics = pool(&NOW, readings, 0, 0.0);
    send_metrics(&server, process_of("inventory", "i-1"), metrics).await;
    let kind = "java.sql.SQLTransientConnectionException";
    let error = "HikariPool-1 - Connection is not available, request timed out after 3000ms.";
    message.consumer = failed(message.consumer, kind, error);
    send_message(&server, &message, "i-1").await;

    let told = journey(&server, "timed-out", "").await;
    assert_eq!(told["state"], "failed");
    assert_eq!(cause(&told)["rule"], "connection_pool_exhausted", "{told}");
    let sentence = "No connection of its pool became free in time: HikariPool-1 - Connection is not \
                    available, request timed out after 3000ms (pool orders: 10 of 10 in use, 37 waiting)";
    assert_eq!(cause(&told)["sentence"], sentence, "{told}");
    assert!(
        told["diagnosis"].as_str().unwrap().contains(sentence),
        "{told}"
    );
    wait::until("the row of the finder tells it", || async {
        let rows = store
            .troubled(&TroubledFilter::default(), 10)
            .await
            .unwrap();
        let diagnosis = rows.first()?.summary.diagnosis.clone().unwrap();
        assert!(diagnosis.contains(sentence), "{diagnosis}");
        Some(())
    })
    .await;
    let chinese = page(&server, "timed-out", "", "zh").await;
    assert!(chinese.contains("原因：连接池已耗尽（"), "{chinese}");
}
