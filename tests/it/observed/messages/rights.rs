use waybill_tests::wait;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_for_who_may_see_them_and_each_reading_is_a_line() {
    let sim = sim(shelf(1, 5));
    let observed = browsed(&sim, |_| {}).await;
    let viewer = observed.user("vera", "viewer").await;
    let operator = observed.user("otto", "operator").await;

    let (status, page) = observed.api_as(&viewer, &path("limit=1")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let item = &items(&page)[0];
    assert_eq!(page["withheld"], json!(["key", "value", "header_values"]));
    assert!(item["key"].is_null() && item["value"].is_null() && item["has_no_body"].is_null());
    assert_eq!(
        item["headers"][1],
        json!({"name": "authorization", "value": null})
    );
    assert_eq!(
        (&item["offset"], item["size_bytes"].as_u64().unwrap() > 0),
        (&json!(4), true)
    );
    assert!(!page.to_string().contains("hunter2"));
    let (status, page) = observed.api_as(&viewer, &path("filter=offset+<+2")).await;
    assert_eq!(
        (status, places(&page)),
        (StatusCode::OK, vec![at("0", 1), at("0", 0)])
    );
    // An answer to these would tell what is hidden.
    for query in [
        "filter=value.order.n+>+1",
        "filter=exists+headers.kind",
        "from=key:k1",
        "key=k1",
        "unmask=true",
    ] {
        let (status, problem) = observed.api_as(&viewer, &path(query)).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::FORBIDDEN, &json!("forbidden")),
            "{query}"
        );
    }
    let denied = observed.audited().await;
    assert_eq!(denied.len(), 5);
    for (actor, decision, detail) in &denied {
        assert_eq!((actor.as_str(), decision.as_str()), ("vera", "denied"));
        assert!(detail.contains("forbidden from 127.0.0.1"), "{detail}");
    }

    let (status, page) = observed
        .api_as(&operator, &path("from=earliest&limit=2"))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(page["withheld"], json!([]));
    let item = &items(&page)[0];
    assert_eq!(
        item["value"]["json"],
        json!({"order": {"id": "0", "n": 0}, "password": "••••"})
    );
    assert_eq!(item["headers"][1]["value"], "••••");
    assert!(!page.to_string().contains("hunter2"));
    let (status, _) = observed.api_as(&operator, &path("unmask=true")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, page) = observed
        .api_as(&operator, &path("filter=value.password+==+'hunter2'"))
        .await;
    assert_eq!(
        (status, places(&page)),
        (StatusCode::OK, vec![]),
        "what is masked cannot be probed"
    );
    let (status, page) = observed
        .api_as(&observed.cookie, &path("unmask=true&limit=1"))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(items(&page)[0]["value"]["json"]["password"], "hunter2");

    let lines = observed.audited().await;
    let of = |who: &str| -> Vec<&str> {
        let lines = lines.iter().filter(|(actor, _, _)| actor == who);
        lines.map(|(_, _, detail)| detail.as_str()).collect()
    };
    let operated = of("otto");
    assert_eq!(operated.len(), 5, "{operated:?}");
    assert_eq!(
        operated[0],
        "from earliest, partition all, limit 2, at most 4194304 bytes and 2000 ms"
    );
    assert!(
        operated[1].starts_with("outcome: done, 2 messages shown (0:0 to 0:1), 2 read, "),
        "{operated:?}"
    );
    assert!(operated[2].starts_with("forbidden"), "{operated:?}");
    assert!(
        of("ada")[0].starts_with("unmasked, from latest, "),
        "{:?}",
        of("ada")
    );
    let about = observed.api("/audit?action=message.read&limit=1").await;
    assert_eq!(items(&about)[0]["object"], "east/orders");
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_reading_is_a_line_too() {
    let sim = sim(shelf(1, 5));
    let observed = browsed(&sim, |_| {}).await;
    sim.go_down();
    let (status, _) = observed.api_as(&observed.cookie, &path("")).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    let lines = observed.audited().await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[1].2, "outcome: cluster_unreachable");
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_reads_a_destination_once_at_a_time() {
    let sim = sim(shelf(1, 50));
    let observed = browsed(&sim, |_| {}).await;
    let operator = observed.user("otto", "operator").await;
    sim.change(|script| script.delay_per_message = Duration::from_millis(400));
    let slow = path("from=earliest&max_ms=8000");
    let first = observed
        .client
        .get(format!("{}/api/v1{slow}", observed.console))
        .header("cookie", &observed.cookie)
        .send();
    let first = tokio::spawn(first);
    wait::until("the first is read", || async {
        (sim.asked().read > 0).then_some(())
    })
    .await;
    let (status, problem) = observed.api_as(&observed.cookie, &path("limit=1")).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("overloaded"))
    );
    sim.change(|script| script.delay_per_message = Duration::ZERO);
    let (status, _) = observed.api_as(&operator, &path("limit=1")).await;
    assert_eq!(status, StatusCode::OK, "another person reads beside");
    assert!(first.await.unwrap().unwrap().status().is_success());
    observed.end().await;
}
