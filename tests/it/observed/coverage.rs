//! Spans against what brokers moved, of minutes that are over.

use waybill_model::time::Timestamp;
use waybill_model::topology::DestinationKind;
use waybill_server::clock;
use waybill_store::readings::{ReadingBatch, ReadingRollup};
use waybill_store::topology::{destination_key, group_key};
use waybill_tests::otlp::{self, CONSUMER, PRODUCER, a_span, random_id, text};

use super::*;

const MINUTE_MS: i64 = 60_000;

fn minutes_ago(minutes: i64) -> Timestamp {
    let now = clock::now().unix_millis();
    Timestamp::from_unix_millis((now.div_euclid(MINUTE_MS) - minutes) * MINUTE_MS)
}

/// `count` spans in the middle of that minute.
fn spans(
    kind: i32,
    minutes: i64,
    count: usize,
) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
    let (operation, name) = match kind {
        PRODUCER => ("send", "send orders"),
        _ => ("process", "process orders"),
    };
    let start = minutes_ago(minutes).plus_ms(30_000).unix_nanos() as u64;
    let span = |_| {
        let attributes = vec![
            text("messaging.system", SYSTEM),
            text("messaging.destination.name", "orders"),
            text("messaging.operation.type", operation),
            text("messaging.consumer.group.name", "billing"),
        ];
        let mut span = a_span(&random_id::<16>(), &[], name, kind, attributes);
        (span.start_time_unix_nano, span.end_time_unix_nano) = (start, start + 1_000_000);
        span
    };
    (0..count).map(span).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_is_spans_over_messages_where_both_were_seen() {
    let sim = orders(0);
    let observed = start(&[("east", &sim, Duration::from_millis(200))]).await;
    let moved = |object: i64, minutes: i64, count: Option<u64>| ReadingRollup {
        object,
        start: minutes_ago(minutes),
        least: Some(0),
        greatest: Some(0),
        last: Some(0),
        received: count,
        removed: count,
    };
    let topic = destination_key("east", None, DestinationKind::Topic, "orders");
    let group = group_key("east", None, "billing");
    let batch = ReadingBatch {
        minutes: vec![
            moved(topic, 5, Some(20)),
            moved(group, 5, Some(10)),
            // A poller began here: what moved is not known, and its spans do not count.
            moved(topic, 6, None),
            moved(group, 6, None),
        ],
        read_minutes: [4, 5, 6].map(|minutes| (minutes_ago(minutes), 12)).into(),
        ..ReadingBatch::default()
    };
    observed
        .database
        .store()
        .save_readings("east", &batch)
        .await
        .unwrap();
    let mut sent = spans(PRODUCER, 5, 5);
    sent.extend(spans(CONSUMER, 5, 10));
    // Of minutes that cannot be compared: not told by the broker, and not read at all.
    for minutes in [6, 9] {
        sent.extend(spans(PRODUCER, minutes, 7));
        sent.extend(spans(CONSUMER, minutes, 7));
    }
    let door = observed.app.addresses().otlp_http.unwrap();
    let request = otlp::request("shop", sent);
    assert!(
        otlp::post(&format!("http://{door}"), &request)
            .await
            .is_success()
    );
    let line = observed
        .until(
            "the coverage of the topic",
            "/destinations?q=orders",
            |list| {
                items(list)
                    .first()
                    .filter(|line| line["coverage"].is_f64())
                    .cloned()
            },
        )
        .await;
    assert_eq!(line["coverage"], 0.25, "{line}");
    let group = observed
        .until("the coverage of the group", "/groups", |list| {
            items(list)
                .first()
                .filter(|group| group["coverage"].is_f64())
                .cloned()
        })
        .await;
    assert_eq!(group["coverage"], 1.0, "{group}");
    observed.end().await;
}
