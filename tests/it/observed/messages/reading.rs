use std::collections::BTreeSet;

use waybill_broker::browse::Price;
use waybill_tests::otlp;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn reading_begins_where_it_is_told() {
    let sim = sim(shelf(2, 30));
    let observed = browsed(&sim, |_| {}).await;
    let newest = observed.api(&path("limit=3")).await;
    assert_eq!(places(&newest), [at("1", 29), at("0", 29), at("1", 28)]);
    assert_eq!(newest["price"]["messages"], 60);
    assert_eq!(newest["budget"], json!({"bytes": 4_194_304, "ms": 2_000}));
    assert_eq!(newest["read"]["ended"], "enough");
    assert_eq!(
        (&newest["cluster"], &newest["destination"]),
        (&json!("east"), &json!("orders"))
    );
    let first = &items(&newest)[0];
    assert_eq!(first["key"]["text"], "k9");
    assert_eq!(first["value"]["format"], "json");
    assert_eq!(first["value"]["json"]["order"]["n"], 29);
    assert_eq!(first["at"], "2026-11-23T14:27:39.000Z");
    assert_eq!(
        first["headers"][0],
        json!({"name": "kind", "value": "first"})
    );
    assert!(first["journey"].is_null());

    for (query, expected) in [
        ("from=earliest&limit=2", vec![at("0", 0), at("1", 0)]),
        (
            "from=offset&offset=28&partition=1",
            vec![at("1", 28), at("1", 29)],
        ),
        ("from=offset:29", vec![at("0", 29), at("1", 29)]),
        (
            "from=time:2026-11-23T14:27:38Z",
            vec![at("0", 29), at("1", 29)],
        ),
        (
            "from=key&key=k3&limit=3",
            vec![at("1", 23), at("0", 23), at("1", 13)],
        ),
        ("from=earliest&key=k3&limit=1", vec![at("0", 3)]),
        ("from=key:nobody", vec![]),
    ] {
        let page = observed.api(&path(query)).await;
        assert_eq!(places(&page), expected, "{query}");
    }
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_message_once() {
    let mut shelf = shelf(3, 40);
    shelf.drop_before("1", 17);
    let expected: BTreeSet<(String, i64)> = (0..3)
        .flat_map(|p| (if p == 1 { 17 } else { 0 }..40).map(move |o| at(&p.to_string(), o)))
        .collect();
    let sim = sim(shelf);
    let observed = browsed(&sim, |_| {}).await;
    for query in [
        "from=latest&limit=7",
        "from=earliest&limit=7",
        // Ends in the middle of a window: a few messages a page.
        "from=latest&limit=50&max_bytes=300",
        "from=earliest&limit=50&max_bytes=300",
        "from=latest&limit=7&filter=value.order.n+>=+0",
    ] {
        let (mut shown, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = observed.api(&path(&format!("{query}{cursor}"))).await;
            shown.extend(places(&page));
            pages += 1;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let once: BTreeSet<_> = shown.iter().cloned().collect();
        assert_eq!((shown.len(), &once), (once.len(), &expected), "{query}");
        assert!(pages > 10, "{query}: {pages} pages");
    }
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_and_filters_are_told() {
    let sim = sim(shelf(2, 100));
    let observed = browsed(&sim, |_| {}).await;
    let page = observed.api(&path("from=earliest&max_bytes=500")).await;
    assert_eq!(page["read"]["ended"], "bytes");
    assert!(
        page["read"]["bytes"].as_u64().unwrap() < 700,
        "{}",
        page["read"]
    );
    assert!(page["next"].is_string());
    sim.change(|script| script.delay_per_message = Duration::from_millis(40));
    let slow = observed.api(&path("from=earliest&max_ms=200")).await;
    assert_eq!(slow["read"]["ended"], "time");
    assert!(items(&slow).len() < 20, "{}", slow["read"]);
    sim.change(|script| script.delay_per_message = Duration::ZERO);

    let filter = r#"value.order.id == "42" && headers.kind == "retry" || key contains "nothing""#;
    let filter: String = form_encoded(filter);
    let page = observed.api(&path(&format!("filter={filter}"))).await;
    assert_eq!(places(&page), [at("1", 42), at("0", 42)]);
    assert_eq!(
        (&page["read"]["matched"], &page["read"]["ended"]),
        (&json!(2), &json!("end"))
    );

    for (query, hint) in [
        ("filter=value.order.id+=+1", "value.order.id ⟨here⟩= 1"),
        ("filter=valu.a", "⟨here⟩valu.a"),
        ("from=latst", "did you mean latest?"),
        ("from=offset", "offset: is wanted"),
        ("limit=1001", "limit: is a whole number from 1 to 1000"),
        ("max_bytes=999999999", "max_bytes: is a whole number"),
        ("cursor=f!0", "`next`"),
        ("filtr=1", "did you mean filter?"),
    ] {
        let (status, problem) = observed.api_as(&observed.cookie, &path(query)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        assert!(
            problem["hint"].as_str().unwrap().contains(hint),
            "{query}: {problem}"
        );
    }
    // A cursor of one way is none of the other's page, and no page is asked for beyond the end.
    let (status, _) = observed
        .api_as(&observed.cookie, &path("partition=9"))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    observed.end().await;
}

fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_disturb_is_refused_with_its_price() {
    let mut priced = shelf(1, 3);
    priced.price = Some(Price::Disturbs {
        cost: "each look is a delivery".into(),
        instead: "read the stream orders.copy".into(),
    });
    let sim = sim(priced);
    let observed = browsed(&sim, |_| {}).await;
    let told = observed.api(&path("price=only")).await;
    assert_eq!(told["price"]["disturbs"]["cost"], "each look is a delivery");
    assert!(told["read"].is_null() && items(&told).is_empty());
    for query in ["", "from=earliest", "tail"] {
        let path = match query {
            "tail" => path("").replace("/messages?", "/messages/tail?"),
            query => path(query),
        };
        let (status, problem) = observed.api_as(&observed.cookie, &path).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("would_disturb"))
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("each look is a delivery")
        );
        assert_eq!(problem["hint"], "read the stream orders.copy");
    }
    assert_eq!(sim.asked().read, 0);
    // The cluster goes: named, and no error of ours.
    sim.go_down();
    let (status, problem) = observed.api_as(&observed.cookie, &path("")).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_GATEWAY, &json!("cluster_unreachable"))
    );
    assert!(
        problem["detail"].as_str().unwrap().contains("east"),
        "{problem}"
    );
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_reads_nothing() {
    let sim = sim(shelf(1, 3));
    let observed = browsed(&sim, |_| {}).await;
    let told = observed.api(&path("price=only")).await;
    assert_eq!(told["price"]["messages"], 3);
    assert_eq!((sim.asked().price, sim.asked().read), (1, 0));
    assert!(observed.audited().await.is_empty());
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_leads_to_its_journey_and_spans_alone_to_none() {
    let sim = sim(shelf(2, 9));
    let observed = browsed(&sim, |_| {}).await;
    let mut message = otlp::one_message(SYSTEM, "orders", "k4", 4);
    let otlp_http = format!("http://{}", observed.app.addresses().otlp_http.unwrap());
    let spans = vec![message.producer.clone(), message.consumer.clone()];
    assert!(
        otlp::post(&otlp_http, &otlp::request("shop", spans))
            .await
            .is_success()
    );
    message = otlp::one_message(SYSTEM, "unheard", "k4", 4);
    let spans = vec![message.producer];
    assert!(
        otlp::post(&otlp_http, &otlp::request("shop", spans))
            .await
            .is_success()
    );

    let page = observed.api(&path("from=earliest&limit=100")).await;
    let linked: Vec<&Value> = items(&page)
        .iter()
        .filter(|item| item["journey"].is_string())
        .collect();
    assert_eq!(linked.len(), 1, "{page}");
    assert_eq!(linked[0]["offset"], 4);
    let journey = linked[0]["journey"].as_str().unwrap();
    let journey = observed.api(&format!("/journeys/{journey}")).await;
    assert_eq!(journey["message"]["offset"], 4, "{journey}");

    let unheard = DestinationId::of_spans(SYSTEM, "unheard");
    let (status, problem) = observed
        .api_as(
            &observed.cookie,
            &format!("/destinations/{unheard}/messages"),
        )
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("not_browsable"))
    );
    let nothing = DestinationId::of_spans(SYSTEM, "nothing");
    let (status, _) = observed
        .api_as(
            &observed.cookie,
            &format!("/destinations/{nothing}/messages"),
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    observed.end().await;
}
