use waybill_tests::otlp::{process_of, text};

use super::*;

const INFO: i32 = 9;
const ERROR: i32 = 17;

#[tokio::test(flavor = "multi_thread")]
async fn logs_stand_beside_the_attempt_that_wrote_them() {
    let server = Server::start().await;
    let message = message("logged", 60, 2.0);
    send_message(&server, &message, "i-1").await;
    let (put, got) = (&message.producer, &message.consumer);
    let mut secret = record(got, 20, INFO, "login user=ada password=hunter2");
    secret.attributes = vec![
        text("session.token", "hunter2"),
        text("url", "amqp://shop:hunter2@broker"),
    ];
    let mut spanless = record(got, 30, INFO, "without a span");
    spanless.span_id.clear();
    let inventory = || process_of("inventory", "i-1");
    let failed = record(got, 900, ERROR, "no stock\n  at reserve(Stock.java:7)");
    // Sent twice, as a sender does that got no answer.
    let records = vec![failed.clone(), secret, spanless, failed];
    send_logs(&server, inventory(), records).await;
    send_logs(
        &server,
        process_of("shop", "shop-1"),
        vec![record(put, 0, INFO, "placed")],
    )
    .await;

    let told = journey(&server, "logged", "").await;
    let expected = [
        "placed",
        "login user=ada password=••••",
        "without a span",
        "no stock\n  at reserve(Stock.java:7)",
    ];
    assert_eq!(bodies(&told), expected, "in order of time: {told}");
    assert!(!told.to_string().contains("hunter2"), "{told}");
    assert_eq!(told["logs"]["truncated"], false);
    let lines = lines(&told);
    assert_eq!(lines[0]["service"], "shop");
    assert_eq!(lines[0]["attempt"], Value::Null, "written by its producer");
    for line in &lines[1..] {
        assert_eq!(line["service"], "inventory");
        assert_eq!(line["instance"], "i-1");
        assert_eq!(line["attempt"]["n"], 1, "{line}");
        assert_eq!(line["attempt"]["group"], "billing");
        assert_eq!(line["tied"], true);
    }
    assert_eq!(lines[3]["severity"], "error");
    assert_eq!(lines[3]["span_id"], hex::encode(&got.span_id));

    let errors = journey(&server, "logged", "?severity=warn").await;
    assert_eq!(bodies(&errors), expected[3..]);
    let id = id_of(&server, "logged").await;
    let (status, problem) = server
        .api_status(&format!("/journeys/{id}?severity=loud"))
        .await;
    assert_eq!(status, 400, "{problem}");

    let english = page(&server, "logged", "", "en").await;
    for told in [
        "placed",
        "password=••••",
        "at reserve(Stock.java:7)",
        "?severity=error#logs-title",
        ">Logs</h2>",
    ] {
        assert!(english.contains(told), "{told}: {english}");
    }
    assert!(!english.contains("hunter2"), "{english}");
    let chinese = page(&server, "logged", "?severity=error", "zh").await;
    assert!(chinese.contains(">日志</h2>"), "{chinese}");
    assert!(
        chinese.contains("no stock") && !chinese.contains("placed"),
        "{chinese}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn late_logs_are_found_and_those_of_another_time_are_not_looked_for() {
    let server = Server::start().await;
    for (key, ago_s, found) in [("late", 600, 1), ("long-ago", 3_600, 0)] {
        let message = message(key, ago_s, 1.0);
        send_message(&server, &message, "i-1").await;
        let record = record(&message.consumer, 5, INFO, "written then, sent now");
        send_logs(&server, process_of("inventory", "i-1"), vec![record]).await;
        let told = journey(&server, key, "").await;
        assert_eq!(lines(&told).len(), found, "{told}");
    }
    let none = page(&server, "long-ago", "", "en").await;
    assert!(
        none.contains("No log record of its traces was found."),
        "{none}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_logs_is_cut_and_says_so() {
    let server = Server::start().await;
    let message = message("flood", 30, 5.0);
    send_message(&server, &message, "i-1").await;
    let records = (0..600).map(|n| record(&message.consumer, n, INFO, &format!("line {n}")));
    let mut records: Vec<_> = records.collect();
    records.push(record(&message.consumer, 700, ERROR, &"x".repeat(20_000)));
    send_logs(&server, process_of("inventory", "i-1"), records).await;
    let told = journey(&server, "flood", "").await;
    assert_eq!(told["logs"]["truncated"], true);
    assert_eq!(lines(&told).len(), 500);
    let page = page(&server, "flood", "", "en").await;
    assert!(
        page.contains("There are more records than are shown"),
        "{page}"
    );
    // What is left by a severity is told whole, but for what no one reads to its end.
    let told = journey(&server, "flood", "?severity=error").await;
    assert_eq!(told["logs"]["truncated"], false);
    let body = bodies(&told)[0];
    assert!(body.ends_with('…') && body.chars().count() < 9_000);
}
