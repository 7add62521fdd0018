//! Failures that no span names.

use reqwest::StatusCode;
use serde_json::json;
use waybill_tests::otlp::{PRODUCER, a_span, one_message, text};
use waybill_tests::server::ADMIN;

use super::{failed_attempts, send, start};

#[tokio::test(flavor = "multi_thread")]
async fn what_no_span_names_is_a_kind_of_its_evidence() {
    let (server, _) = start().await;
    for offset in 0..2 {
        let message = one_message("kafka", "orders", &format!("k{offset}"), offset);
        let mut laid_aside = a_span(
            &message.trace_id,
            &message.consumer.span_id,
            "orders.DLT publish",
            PRODUCER,
            vec![
                text("messaging.system", "kafka"),
                text("messaging.operation", "publish"),
                text("messaging.destination.name", "orders.DLT"),
            ],
        );
        laid_aside.start_time_unix_nano = message.consumer.start_time_unix_nano + 1;
        laid_aside.end_time_unix_nano = message.consumer.end_time_unix_nano;
        send(&server, "shop", "1", vec![message.producer]).await;
        // Neither span says that anything went wrong.
        send(&server, "billing", "1", vec![message.consumer, laid_aside]).await;
    }
    let list = failed_attempts(&server, 2).await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "one a service and destination: {list}");
    let group = &items[0];
    assert_eq!(
        (&group["kind"], &group["evidence"]),
        (&json!("evidence"), &json!("dead_lettered"))
    );
    for member in ["error_type", "first_frame", "message"] {
        assert!(group[member].is_null(), "{member} is invented: {group}");
    }
    assert_eq!(group["journeys"]["dead_lettered"], 2);
    let id = group["id"].as_str().unwrap();
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let (status, page) = server.page(&format!("/failures/{id}"), &cookie).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("Dead-lettered; no span names an error"),
        "{page}"
    );
}
