use waybill_store::testing::TestDatabase;
use waybill_tests::otlp::process_of;
use waybill_tests::server::Home;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn logs_without_a_trace_are_kept_where_they_are_wanted_and_shown_where_they_are_asked_for() {
    let home = Home::Shared(TestDatabase::new().await);
    // `[ingest]` stands in the file already.
    let server = Server::start_ingesting(home, "logs_without_trace = true").await;
    let message = message("untied", 60, 2.0);
    send_message(&server, &message, "i-1").await;
    let got = &message.consumer;
    let untied = |after_ms: u64, body: &str| LogRecord {
        trace_id: vec![],
        span_id: vec![],
        ..record(got, after_ms, 9, body)
    };
    let tied = record(got, 10, 9, "tied");
    let own = vec![tied, untied(20, "meanwhile"), untied(2_500, "afterwards")];
    send_logs(&server, process_of("inventory", "i-1"), own).await;
    let others = vec![untied(20, "of another process")];
    send_logs(&server, process_of("inventory", "i-2"), others).await;
    let status = server.api("/status").await;
    assert_eq!(status["ingest"]["accepted_logs"], 4, "{status}");

    let told = journey(&server, "untied", "").await;
    assert_eq!(bodies(&told), ["tied"]);
    let told = journey(&server, "untied", "?untied=true").await;
    assert_eq!(bodies(&told), ["tied", "meanwhile"], "{told}");
    let line = lines(&told)[1];
    assert_eq!(
        (&line["tied"], &line["trace_id"]),
        (&false.into(), &Value::Null)
    );
    assert_eq!(line["attempt"]["n"], 1);

    let plain = page(&server, "untied", "", "en").await;
    assert!(plain.contains("?untied=true#logs-title"), "{plain}");
    assert!(!plain.contains("meanwhile<"), "{plain}");
    let asked = page(&server, "untied", "?untied=true", "en").await;
    assert!(asked.contains("meanwhile<"), "{asked}");
    assert!(asked.contains("not tied by a trace"), "{asked}");
}
