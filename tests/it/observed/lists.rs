use std::collections::BTreeSet;

use serde_json::json;
use waybill_broker::sim::{depth, queue};
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{DestinationKind, Finding, FindingKind, Route, RouteKind, Setting};
use waybill_tests::otlp::{self, PRODUCER, a_span, random_id, text};

use super::*;

const EVERY: Duration = Duration::from_millis(200);

/// Every item, page by page, as (path, whole list).
async fn walk(observed: &Observed, path: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = observed.api(&format!("{path}&limit={limit}{cursor}")).await;
        assert!(items(&page).len() <= limit);
        all.extend(items(&page).iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_destinations_are_paged() {
    let mut script = Script::default();
    for n in 0..10_000u64 {
        let name = format!("queue-{n:05}");
        script.topology.destinations.push(queue("/", &name));
        // Some are not told: they are not zero.
        if n % 10 != 0 {
            script.readings.depths.push(depth("/", &name, n % 500));
        }
    }
    let sim = Sim::new(script);
    let observed = start(&[("east", &sim, Duration::from_secs(1))]).await;
    observed
        .until("depths", "/destinations?sort=depth&limit=1", |page| {
            (items(page).first()?["depth"] == 499).then_some(())
        })
        .await;
    for (sort, limit) in [("name", 1_000), ("depth", 700)] {
        let began = std::time::Instant::now();
        let all = walk(&observed, &format!("/destinations?sort={sort}"), limit).await;
        println!(
            "{sort}: {} pages in {:?}",
            10_000_usize.div_ceil(limit),
            began.elapsed()
        );
        let names: BTreeSet<&str> = all
            .iter()
            .map(|line| line["destination"].as_str().unwrap())
            .collect();
        assert_eq!((all.len(), names.len()), (10_000, 10_000), "{sort}");
        let depths: Vec<Option<u64>> = all.iter().map(|line| line["depth"].as_u64()).collect();
        if sort == "depth" {
            assert!(
                depths.is_sorted_by(|a, b| a >= b),
                "greatest first, unknown last"
            );
        }
        assert_eq!(depths.iter().filter(|depth| depth.is_none()).count(), 1_000);
    }
    let few = walk(
        &observed,
        "/destinations?q=queue-0001&kind=queue&cluster=east",
        3,
    )
    .await;
    assert_eq!(few.len(), 10);
    assert!(
        walk(&observed, "/destinations?kind=topic", 10)
            .await
            .is_empty()
    );
    observed.end().await;
}

fn shop() -> Script {
    let mut script = Script::of_topics(&[("orders", 2), ("orders.DLT", 1)], "billing");
    script.head("orders", 0, 40);
    let orders = &mut script.topology.destinations[0];
    orders.settings.push(Setting {
        name: "retention.ms".into(),
        value: Some("604800000".into()),
        source: "topic".into(),
    });
    orders.findings.push(Finding {
        kind: FindingKind::UnderReplicated,
        detail: "partition 1".into(),
    });
    script.topology.destinations[1].role = DestinationRole::DeadLetter;
    script.topology.routes.push(Route {
        kind: RouteKind::DeadLetter,
        namespace: None,
        from: "orders".into(),
        to: "orders.DLT".into(),
        to_kind: DestinationKind::Topic,
        routing_key: None,
        guarantee: None,
    });
    script
}

/// Through the front door of ingest, as a client would.
async fn send(observed: &Observed, spans: Vec<opentelemetry_proto::tonic::trace::v1::Span>) {
    let door = observed.app.addresses().otlp_http.unwrap();
    let request = otlp::request("shop", spans);
    assert!(
        otlp::post(&format!("http://{door}"), &request)
            .await
            .is_success()
    );
}

fn put(destination: &str) -> opentelemetry_proto::tonic::trace::v1::Span {
    let attributes = vec![
        text("messaging.system", SYSTEM),
        text("messaging.destination.name", destination),
        text("messaging.operation.type", "send"),
    ];
    let name = format!("send {destination}");
    a_span(&random_id::<16>(), &[], &name, PRODUCER, attributes)
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_and_brokers_tell_of_one_destination_in_one_line() {
    let sim = Sim::new(shop());
    let observed = start(&[("east", &sim, EVERY)]).await;
    send(
        &observed,
        vec![put("orders"), put("orders"), put("unheard")],
    )
    .await;
    let list = observed
        .until("both", "/destinations?sort=name", |list| {
            let both = items(list).len() == 3
                && items(list)
                    .iter()
                    .any(|line| line["depth"] == 40 && line["published_per_s"] != 0.0);
            both.then(|| list.clone())
        })
        .await;
    let named: Vec<(&str, &Value)> = items(&list)
        .iter()
        .map(|line| (line["destination"].as_str().unwrap(), line))
        .collect();
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["orders", "orders.DLT", "unheard"]);
    let (orders, dead, unheard) = (named[0].1, named[1].1, named[2].1);
    assert_eq!(
        (&orders["cluster"], &orders["partitions"]),
        (&json!("east"), &json!(2))
    );
    assert_eq!(
        (&orders["kind"], &dead["kind"]),
        (&json!("topic"), &json!("dead_letter"))
    );
    assert_eq!(orders["dead_letters"], json!(["orders.DLT"]));
    assert_eq!(
        (&orders["finding_count"], &orders["group_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&orders["stale"], &orders["lag_messages"]),
        (&json!(false), &json!(40))
    );
    assert_eq!(
        (&dead["published_per_s"], &dead["last_at"]),
        (&json!(0.0), &Value::Null)
    );
    // Only spans name it: what a broker would tell is not known.
    for name in ["depth", "partitions", "in_per_s", "group_count", "coverage"] {
        assert!(unheard[name].is_null());
        assert!(
            unheard["unknown"]
                .as_array()
                .unwrap()
                .contains(&json!(name)),
            "{name}"
        );
    }
    // Pages of what changes meanwhile would not be those of one list: of two readings that are alike
    // come rates that stay.
    let rates_stay = |list: &Value| {
        let is_still = |name: &&str| {
            let mut lines = items(list).iter();
            lines.any(|line| line["destination"] == *name && line["in_per_s"] == 0.0)
        };
        ["orders", "orders.DLT"].iter().all(is_still).then_some(())
    };
    observed
        .until("rates", "/destinations?sort=name", rates_stay)
        .await;
    for sort in [
        "published",
        "depth",
        "lag",
        "in",
        "out",
        "partitions",
        "bytes",
    ] {
        let all = walk(&observed, &format!("/destinations?sort={sort}"), 1).await;
        let first = all[0]["destination"].as_str().unwrap();
        assert_eq!(all.len(), 3, "{sort}");
        if ["published", "depth", "lag", "partitions"].contains(&sort) {
            assert_eq!(first, "orders", "{sort}");
        }
    }

    let id = orders["id"].as_str().unwrap();
    let page = observed.api(&format!("/destinations/{id}")).await;
    assert_eq!(page["config"][0]["value"], "604800000");
    assert_eq!(page["findings"][0]["kind"], "under_replicated");
    assert_eq!(page["routes"][0]["to"], "orders.DLT");
    assert_eq!(page["partitions"][1]["leader"], "n1");
    assert_eq!(page["partitions"][0]["head"], 40, "{page}");
    assert!(page["consumers"].is_array(), "{page}");
    let group = &page["groups"][0];
    assert_eq!(
        (&group["name"], &group["lag_messages"]),
        (&json!("billing"), &json!(40))
    );
    assert_eq!(page["publishers"][0]["service"], "shop");
    let group = observed
        .api(&format!("/groups/{}", group["id"].as_str().unwrap()))
        .await;
    assert_eq!(group["lag_messages"], 40);
    assert_eq!(group["partitions"].as_array().unwrap().len(), 3);
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clusters_with_one_name_are_told_apart() {
    let (east, west) = (orders(1), orders(2));
    let observed = start(&[("east", &east, EVERY), ("west", &west, EVERY)]).await;
    send(&observed, vec![put("orders")]).await;
    let list = observed
        .until("both, and what spans tell", "/destinations", |list| {
            (items(list).len() == 3).then(|| list.clone())
        })
        .await;
    let mut seen = BTreeSet::new();
    for line in items(&list) {
        let id = line["id"].as_str().unwrap();
        assert!(seen.insert(id.to_owned()), "{list}");
        let page = observed.api(&format!("/destinations/{id}")).await;
        assert_eq!(
            (&page["cluster"], &page["depth"]),
            (&line["cluster"], &line["depth"])
        );
        // Which of the two the spans mean is not guessed.
        let of_spans = line["depth"].is_null();
        assert_eq!(
            page["publishers"].as_array().unwrap().is_empty(),
            !of_spans,
            "{page}"
        );
    }
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_told_over_time() {
    let sim = orders(5);
    let observed = start(&[("east", &sim, EVERY)]).await;
    let group = observed
        .until("the group", "/groups?sort=lag", |groups| {
            items(groups)
                .first()
                .filter(|group| group["lag_messages"] == 5)
                .cloned()
        })
        .await;
    let id = group["id"].as_str().unwrap();
    let series = observed.api(&format!("/groups/{id}/lag")).await;
    assert_eq!(
        (&series["step_ms"], &series["stale"]),
        (&json!(60_000), &json!(false))
    );
    let points = series["points"].as_array().unwrap();
    assert!((60..=61).contains(&points.len()));
    // Before the cluster was first read nothing is known.
    assert!(points[0]["last"].is_null());
    for wrong in [
        "step=7s",
        "step=x",
        "from=yesterday",
        "from=2020-01-01T00:00:00Z&step=1m",
    ] {
        let (status, body) = observed
            .api_as(&observed.cookie, &format!("/groups/{id}/lag?{wrong}"))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {body}");
    }
    for path in [
        "/groups/gr-00-00",
        "/groups/nonsense",
        "/groups/gr-00-00/lag",
    ] {
        let (status, _) = observed.api_as(&observed.cookie, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    observed.end().await;
}
