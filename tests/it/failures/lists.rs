//! Lists and single kinds.

use reqwest::StatusCode;
use serde_json::{Value, json};
use waybill_server::clock;

use super::{FRAME, some_failures, start};

#[tokio::test(flavor = "multi_thread")]
async fn one_kind_is_told_over_brokers_services_and_versions() {
    let (server, _) = start().await;
    some_failures(&server).await;
    let list = server.api("/failures?sort=attempts").await;
    let declined = &list["items"][0];
    assert_eq!(declined["error_type"], "shop.Declined", "{list}");
    assert_eq!(
        (&declined["kind"], &declined["evidence"]),
        (&json!("error"), &Value::Null)
    );
    assert_eq!(
        (&declined["attempts"], &declined["first_frame"]),
        (&json!(3), &json!(FRAME))
    );
    let expected = json!({"total": 3, "dead_lettered": 0, "failed": 3, "retrying": 0,
        "delivered": 0, "other": 0});
    assert_eq!(declined["journeys"], expected);
    assert_eq!(declined["first_version"], "1.0");
    let versions = declined["versions"].as_array().unwrap();
    let versions: Vec<_> = versions
        .iter()
        .map(|v| (&v["version"], &v["attempts"]))
        .collect();
    assert_eq!(
        versions,
        [(&json!("1.0"), &json!(1)), (&json!("1.1"), &json!(2))]
    );
    for (member, mut expected) in [
        ("systems", vec!["kafka", "rabbitmq"]),
        ("destinations", vec!["mails", "orders"]),
        ("services", vec!["billing"]),
    ] {
        let told = declined[member].as_array().unwrap().iter();
        let mut told: Vec<&str> = told.map(|name| name.as_str().unwrap()).collect();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected, "{member}");
    }
    let trend = &declined["trend"];
    let points = trend["points"].as_array().unwrap();
    let sum: u64 = points.iter().map(|p| p["attempts"].as_u64().unwrap()).sum();
    assert_eq!(
        (&trend["step_ms"], points.len(), sum),
        (&json!(3_600_000), 24, 3)
    );
    // The rule of its most frequent destination.
    assert_eq!(declined["owner"], "order-desk");
    assert_eq!(declined["owner_set_by"], "rule");
    assert!(declined["cause"].is_null());
    assert!(
        declined["unknown"]
            .as_array()
            .unwrap()
            .contains(&json!("cause"))
    );

    let count = async |query: &str| {
        let list = server.api(&format!("/failures?{query}")).await;
        let items = list["items"].as_array().unwrap().clone();
        let attempts = items.iter().map(|item| item["attempts"].as_u64().unwrap());
        (items.len(), attempts.sum::<u64>())
    };
    for (query, expected) in [
        ("destination=orders", (2, 3)),
        ("destination=mails", (1, 1)),
        ("q=Broken", (1, 1)),
        ("q=Charge.run", (2, 4)),
        ("q=k2%20declined", (1, 1)),
        ("group=billing", (2, 4)),
        ("group=nobody", (0, 0)),
        ("cluster=nowhere", (0, 0)),
        ("muted=true", (0, 0)),
        ("to=2020-01-01T00:00:00Z", (0, 0)),
        ("from=2020-01-01T00:00:00Z", (2, 4)),
        ("limit=1", (1, 1)),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let first = server.api("/failures?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second = server
        .api(&format!("/failures?limit=1&cursor={next}"))
        .await;
    assert_eq!(
        second["items"][0]["error_type"], "shop.Declined",
        "{second}"
    );
    assert!(second["next"].is_null());

    let id = declined["id"].as_str().unwrap();
    let one = server.api(&format!("/failures/{id}")).await;
    for member in ["id", "attempts", "journeys", "first_version", "owner"] {
        assert_eq!(one[member], declined[member], "{member}");
    }
    assert_eq!(one["places"].as_array().unwrap().len(), 2, "{one}");
    assert_eq!(one["recent"][0]["message"]["key"], "k2");
    let tried = &one["history"][0];
    for (member, expected) in [
        ("service", "billing"),
        ("version", "1.1"),
        ("instance", "billing-7"),
        ("error_type", "shop.Declined"),
        ("first_frame", FRAME),
        ("message", "order k2 declined"),
        ("fingerprint", id),
    ] {
        assert_eq!(tried[member], expected, "{member}: {tried}");
    }
    let now = clock::now();
    let from = now.plus_ms(-600_000);
    let minutes = server.api(&format!("/failures/{id}?from={from}")).await;
    let trend = &minutes["trend"];
    let points = trend["points"].as_array().unwrap();
    assert_eq!((&trend["step_ms"], points.len()), (&json!(60_000), 10));

    // The journey names its kind.
    let journey = one["recent"][0]["id"].as_str().unwrap();
    let journey = server.api(&format!("/journeys/{journey}")).await;
    let error = &journey["deliveries"][0]["attempts"][0]["error"];
    assert_eq!(
        (&error["fingerprint"], &error["frame"]),
        (&json!(id), &json!(FRAME))
    );
    for (path, status) in [
        ("/failures/0", StatusCode::NOT_FOUND),
        ("/failures?sort=colour", StatusCode::BAD_REQUEST),
        ("/failures?mutd=true", StatusCode::BAD_REQUEST),
        ("/failures?cursor=x", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(server.api_status(path).await.0, status, "{path}");
    }
}
