mod timeouts;

use std::sync::Arc;

use waybill_model::journey::{Attempt, Outcome};
use waybill_model::signal::MetricValue;
use waybill_model::span::Resource;

use super::*;
use crate::journey::fixture::{attributes, span_id, trace_id};

/// The clock of these tests, in seconds.
fn at(s: f64) -> Timestamp {
    Timestamp::from_unix_millis(1_795_444_307_000).plus_ms((s * 1e3) as i64)
}

fn attempt(from_s: f64, to_s: f64) -> Attempt {
    Attempt {
        n: 1,
        hop: 0,
        service: "inventory".into(),
        version: None,
        instance: None,
        trace_id: trace_id(1),
        span_id: span_id(1),
        started_at: at(from_s),
        ended_at: at(to_s),
        outcome: Outcome::Ok,
        error: None,
        joined_by: None,
        backoff_ms: 0.0,
        cause: None,
    }
}

fn point(
    name: &str,
    unit: &str,
    labels: &[(&str, &str)],
    s: f64,
    value: MetricValue,
) -> MetricPoint {
    MetricPoint {
        name: name.into(),
        unit: unit.into(),
        at: at(s),
        started_at: at(-3_600.0),
        value,
        attributes: attributes(labels),
        resource: Arc::new(Resource::default()),
    }
}

fn level(value: f64) -> MetricValue {
    MetricValue::Sum {
        value,
        cumulative: true,
    }
}

fn histogram(count: u64, sum: f64, cumulative: bool) -> MetricValue {
    MetricValue::Histogram {
        count,
        sum,
        min: None,
        max: (!cumulative && count > 0).then_some(sum / count as f64),
        cumulative: Some(cumulative),
    }
}

/// A pool by the conventions of now, read each 5 s: (at, used, pending, waits, waited s).
fn pool(name: &str, most: f64, readings: &[(f64, f64, f64, u64, f64)]) -> Vec<MetricPoint> {
    let of = [("db.client.connection.pool.name", name)];
    let used = [of[0], ("db.client.connection.state", "used")];
    let idle = [of[0], ("db.client.connection.state", "idle")];
    let mut points = Vec::new();
    for &(s, in_use, pending, count, sum) in readings {
        let prefix = "db.client.connection";
        points.extend([
            point(
                &format!("{prefix}.count"),
                "{connection}",
                &used,
                s,
                level(in_use),
            ),
            point(
                &format!("{prefix}.count"),
                "{connection}",
                &idle,
                s,
                level(most - in_use),
            ),
            point(
                &format!("{prefix}.max"),
                "{connection}",
                &of,
                s,
                level(most),
            ),
            point(
                &format!("{prefix}.pending_requests"),
                "{request}",
                &of,
                s,
                level(pending),
            ),
            point(
                &format!("{prefix}.wait_time"),
                "s",
                &of,
                s,
                histogram(count, sum, true),
            ),
        ]);
    }
    points
}

fn sentence(attempt: &Attempt, points: &[MetricPoint]) -> Option<(String, String)> {
    told(attempt, points).map(|cause| (cause.rule, cause.sentence))
}

fn exhausted(text: &str) -> Option<(String, String)> {
    Some(("connection_pool_exhausted".into(), text.into()))
}

#[test]
fn an_exhausted_pool_is_named_with_its_numbers() {
    let mut points = pool(
        "orders",
        10.0,
        &[
            (0.0, 10.0, 30.0, 100, 50.0),
            (5.0, 10.0, 37.0, 104, 61.04),
            (10.0, 9.0, 0.0, 120, 70.0),
        ],
    );
    // Between 0 and 5 s, four took 2.76 s each, of an attempt of 3 s.
    let slow = attempt(1.0, 4.0);
    let expected = "92 % of processing waits for a database connection (pool orders: 10 of 10 in use, 37 waiting)";
    assert_eq!(sentence(&slow, &points), exhausted(expected));
    // Where all processing is measured, waiting is a share of that.
    for (s, count, sum) in [(0.0, 10, 20.0), (5.0, 14, 36.0)] {
        let process = histogram(count, sum, true);
        points.push(point("messaging.process.duration", "s", &[], s, process));
    }
    let expected = "69 % of processing waits for a database connection (pool orders: 10 of 10 in use, 37 waiting)";
    assert_eq!(sentence(&slow, &points), exhausted(expected));
    // A quick one waited for nothing that matters.
    assert_eq!(sentence(&attempt(1.0, 1.2), &points), None);
}

#[test]
fn the_java_agents_old_names_and_units_are_read() {
    let of = [("pool.name", "HikariPool-1")];
    let used = [of[0], ("state", "used")];
    let prefix = "db.client.connections";
    let mut points = Vec::new();
    for (s, pending, timeouts, count, sum_ms) in [
        (0.0, 0.0, 4.0, 100, 1_000.0),
        (60.0, 12.0, 7.0, 103, 91_000.0),
    ] {
        points.extend([
            point(
                &format!("{prefix}.usage"),
                "{connections}",
                &used,
                s,
                level(10.0),
            ),
            point(
                &format!("{prefix}.max"),
                "{connections}",
                &of,
                s,
                level(10.0),
            ),
            point(
                &format!("{prefix}.pending_requests"),
                "{requests}",
                &of,
                s,
                level(pending),
            ),
            point(
                &format!("{prefix}.timeouts"),
                "{timeouts}",
                &of,
                s,
                level(timeouts),
            ),
            point(
                &format!("{prefix}.wait_time"),
                "ms",
                &of,
                s,
                histogram(count, sum_ms, true),
            ),
        ]);
    }
    let expected = "97 % of processing waits for a database connection \
                    (pool HikariPool-1: 10 of 10 in use, 12 waiting, 3 timed out)";
    assert_eq!(sentence(&attempt(25.0, 56.0), &points), exhausted(expected));
}

#[test]
fn micrometers_pool_is_read() {
    let of = [("pool", "orders")];
    let points: Vec<MetricPoint> = [(0.0, 0.0), (10.0, 5.0)]
        .into_iter()
        .flat_map(|(s, pending)| {
            let gauge = |name: &str, value| point(name, "", &of, s, MetricValue::Gauge(value));
            [
                gauge("hikaricp.connections.active", 8.0),
                gauge("hikaricp.connections.max", 8.0),
                gauge("hikaricp.connections.pending", pending),
                MetricPoint {
                    started_at: at(s - 10.0),
                    ..point(
                        "hikaricp.connections.acquire",
                        "milliseconds",
                        &of,
                        s,
                        histogram(4, 8_000.0, false),
                    )
                },
            ]
        })
        .collect();
    let expected = "67 % of processing waits for a database connection (pool orders: 8 of 8 in use, 5 waiting)";
    assert_eq!(sentence(&attempt(2.0, 5.0), &points), exhausted(expected));
}

#[test]
fn a_healthy_process_is_named_nothing() {
    let mut points = pool(
        "orders",
        10.0,
        &[
            (0.0, 3.0, 0.0, 100, 0.1),
            (5.0, 10.0, 0.0, 200, 0.2),
            (10.0, 4.0, 0.0, 300, 0.3),
        ],
    );
    for (s, sum) in [(0.0, 1.0), (10.0, 1.2)] {
        let gc = [("jvm.gc.name", "G1 Young Generation")];
        points.push(point(
            "jvm.gc.duration",
            "s",
            &gc,
            s,
            histogram(10, sum, true),
        ));
        points.push(point(
            "jvm.cpu.recent_utilization",
            "1",
            &[],
            s,
            MetricValue::Gauge(0.4),
        ));
    }
    assert_eq!(sentence(&attempt(1.0, 9.0), &points), None);
    assert_eq!(sentence(&attempt(1.0, 9.0), &[]), None);
    // A request that waits for a moment while all are used, and is served at once.
    let brief = pool(
        "orders",
        2.0,
        &[
            (0.0, 2.0, 1.0, 100, 0.1),
            (5.0, 2.0, 1.0, 900, 4.1),
            (10.0, 2.0, 1.0, 1_700, 8.1),
        ],
    );
    assert_eq!(sentence(&attempt(1.0, 9.0), &brief), None);
}

#[test]
fn trouble_at_another_time_says_nothing_of_an_attempt() {
    let points = pool(
        "orders",
        10.0,
        &[
            (0.0, 1.0, 0.0, 10, 0.0),
            (5.0, 1.0, 0.0, 20, 0.0),
            (600.0, 10.0, 37.0, 30, 300.0),
        ],
    );
    assert_eq!(sentence(&attempt(1.0, 3.0), &points), None);
    // So long after the last reading nothing is known.
    assert_eq!(sentence(&attempt(5_000.0, 5_003.0), &points), None);
}

#[test]
fn a_count_that_starts_anew_counts_from_zero() {
    let mut points = pool(
        "orders",
        10.0,
        &[(0.0, 10.0, 3.0, 1_000, 5_000.0), (5.0, 10.0, 3.0, 2, 5.0)],
    );
    for point in points.iter_mut().filter(|point| point.at == at(5.0)) {
        point.started_at = at(0.5);
    }
    let expected = "83 % of processing waits for a database connection (pool orders: 10 of 10 in use, 3 waiting)";
    assert_eq!(sentence(&attempt(1.0, 4.0), &points), exhausted(expected));
    // A smaller count says it too, where no start is told.
    for point in &mut points {
        point.started_at = Timestamp::EPOCH;
    }
    assert_eq!(sentence(&attempt(1.0, 4.0), &points), exhausted(expected));
}

#[test]
fn of_several_pools_the_one_that_is_waited_for_is_named() {
    let mut points = pool(
        "orders",
        10.0,
        &[(0.0, 2.0, 0.0, 10, 0.0), (5.0, 2.0, 0.0, 20, 0.0)],
    );
    points.extend(pool(
        "stock",
        4.0,
        &[(0.0, 4.0, 2.0, 10, 0.0), (5.0, 4.0, 9.0, 12, 5.0)],
    ));
    let expected =
        "83 % of processing waits for a database connection (pool stock: 4 of 4 in use, 9 waiting)";
    assert_eq!(sentence(&attempt(1.0, 4.0), &points), exhausted(expected));
}

#[test]
fn an_error_of_the_pool_is_told_with_the_pools_numbers() {
    let points = pool(
        "orders",
        10.0,
        &[(0.0, 10.0, 1.0, 10, 0.0), (5.0, 10.0, 37.0, 10, 0.0)],
    );
    let mut failed = attempt(1.0, 4.0);
    failed.cause = Some(cause(
        POOL_EXHAUSTED,
        "No connection became free: timed out".into(),
    ));
    let expected =
        "No connection became free: timed out (pool orders: 10 of 10 in use, 37 waiting)";
    assert_eq!(sentence(&failed, &points), exhausted(expected));
    // Another cause stands as it is.
    failed.cause = Some(cause("slow_dependency", "86 % is one query".into()));
    assert_eq!(told(&failed, &points), failed.cause);
}

#[test]
fn a_pause_of_the_jvm_is_named() {
    let gc = [
        ("jvm.gc.name", "G1 Old Generation"),
        ("jvm.gc.action", "end of major GC"),
    ];
    let pauses = |name: &str, unit: &str, scale: f64, cumulative: bool| {
        let (first, then) = if cumulative {
            ((7, 2.0), (8, 6.0))
        } else {
            ((0, 0.0), (1, 4.0))
        };
        [(0.0, first), (10.0, then)].map(|(s, (count, sum))| {
            let mut point = point(
                name,
                unit,
                &gc,
                s,
                histogram(count, sum * scale, cumulative),
            );
            if !cumulative {
                point.started_at = at(s - 10.0);
            }
            point
        })
    };
    let around = "a 4.0 s JVM pause within the 10.0 s around it (G1 Old Generation)";
    for points in [
        pauses("jvm.gc.duration", "s", 1.0, true),
        pauses("jvm.gc.duration", "s", 1.0, false),
        pauses("process.runtime.jvm.gc.duration", "ms", 1e3, true),
        pauses("jvm.gc.pause", "milliseconds", 1e3, false),
    ] {
        let expected = Some(("jvm_pause".to_owned(), around.to_owned()));
        assert_eq!(sentence(&attempt(2.0, 7.0), &points), expected);
        // It has no room beside.
        let within = Some((
            "jvm_pause".to_owned(),
            "a 4.0 s JVM pause in it (G1 Old Generation)".to_owned(),
        ));
        assert_eq!(sentence(&attempt(0.0, 9.5), &points), within);
        // It was longer than the attempt.
        assert_eq!(sentence(&attempt(2.0, 3.5), &points), None);
    }
    let beside: Vec<MetricPoint> = pauses("jvm.gc.duration", "s", 1.0, true)
        .into_iter()
        .map(|mut point| {
            point.attributes = attributes(&[("jvm.gc.name", "G1 Concurrent GC")]);
            point
        })
        .collect();
    assert_eq!(sentence(&attempt(2.0, 7.0), &beside), None);
}

#[test]
fn a_saturated_cpu_and_a_full_heap_are_named_where_they_are_clear() {
    let share = |s, value| {
        point(
            "jvm.cpu.recent_utilization",
            "1",
            &[],
            s,
            MetricValue::Gauge(value),
        )
    };
    let busy = [share(0.0, 0.99), share(5.0, 0.97), share(10.0, 0.98)];
    let told = sentence(&attempt(1.0, 9.0), &busy).unwrap();
    assert_eq!(
        told,
        (
            "cpu_saturated".into(),
            "the CPU of its process is 97 % busy".into()
        )
    );
    let once = [share(0.0, 0.99), share(5.0, 0.5), share(10.0, 0.98)];
    assert_eq!(sentence(&attempt(1.0, 9.0), &once), None);
    let mode = |mode, value| {
        let labels = [("cpu.mode", mode)];
        point(
            "process.cpu.utilization",
            "1",
            &labels,
            5.0,
            MetricValue::Gauge(value),
        )
    };
    let by_mode = [mode("user", 0.7), mode("system", 0.28)];
    assert_eq!(
        sentence(&attempt(1.0, 9.0), &by_mode).unwrap().0,
        "cpu_saturated"
    );

    let of = [
        ("jvm.memory.pool.name", "Tenured Gen"),
        ("jvm.memory.type", "heap"),
    ];
    let heap = |name: &str, value| point(name, "By", &of, 5.0, level(value));
    let full = [
        heap("jvm.memory.used_after_last_gc", 970.0),
        heap("jvm.memory.limit", 1_000.0),
    ];
    let told = sentence(&attempt(1.0, 9.0), &full).unwrap();
    let expected = "its heap is 97 % full after garbage collection (Tenured Gen)";
    assert_eq!(told, ("memory_near_limit".into(), expected.into()));
    let roomy = [
        heap("jvm.memory.used_after_last_gc", 700.0),
        heap("jvm.memory.limit", 1_000.0),
    ];
    assert_eq!(sentence(&attempt(1.0, 9.0), &roomy), None);
}

#[test]
fn what_was_kept_without_its_temporality_is_not_counted() {
    let unknown = |count, sum| MetricValue::Histogram {
        count,
        sum,
        min: None,
        max: None,
        cumulative: None,
    };
    let gc = [(0.0, unknown(7, 2.0)), (10.0, unknown(8, 6.0))];
    let points = gc.map(|(s, value)| point("jvm.gc.duration", "s", &[], s, value));
    assert_eq!(sentence(&attempt(2.0, 7.0), &points), None);
}
