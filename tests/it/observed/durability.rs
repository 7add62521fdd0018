//! What of a cluster can lose messages, by API and page.

use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{Setting, Unknown, Why};
use waybill_tests::story::HOSTILE;

use super::*;

const EVERY: Duration = Duration::from_millis(200);

fn setting(name: &str, value: &str) -> Setting {
    Setting {
        name: name.into(),
        value: Some(value.into()),
        source: "topic".into(),
    }
}

/// One at high risk, one at medium, one that nobody can judge, one that is safe.
fn troubled() -> Script {
    let topics = [("orders", 1), (HOSTILE, 1), ("closed", 1), ("safe", 1)];
    let mut script = Script::of_topics(&topics, "billing");
    let all = &mut script.topology.destinations;
    all[0].settings.push(setting("copies", "1"));
    all[1].settings.push(setting("keeps", "false"));
    all[1].role = DestinationRole::Retry;
    all[2].unknown.push(Unknown {
        member: "settings".into(),
        why: Why::Forbidden,
        detail: Some("Describe on closed".into()),
    });
    all[3].settings.push(setting("copies", "3"));
    script
}

fn names(list: &Value) -> Vec<&str> {
    let places = list.as_array().unwrap().iter();
    places
        .map(|one| one["place"]["destination"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_destination_that_can_lose_messages_is_named_with_its_setting_and_its_cure() {
    let (east, empty) = (Sim::new(troubled()), Sim::new(Script::default()));
    empty.go_down();
    let clusters = [("east", &east, EVERY), ("west", &empty, EVERY)];
    let observed = start(&clusters).await;
    let told = observed
        .until("it is judged", "/clusters/east/durability", |told| {
            told["counts"].is_object().then(|| told.clone())
        })
        .await;
    assert_eq!(names(&told["items"]), ["orders", HOSTILE]);
    assert_eq!(names(&told["unjudged"]), ["closed"]);
    let orders = &told["items"][0];
    for (member, value) in [
        ("severity", serde_json::json!("high")),
        ("risk", serde_json::json!("one_copy")),
        ("how", serde_json::json!("it has one copy")),
        (
            "setting",
            serde_json::json!({"name": "copies", "value": "1", "source": "topic"}),
        ),
        (
            "cure",
            serde_json::json!({"kind": "replicate", "change": "copies=3"}),
        ),
    ] {
        assert_eq!(orders[member], value, "{told:#}");
    }
    assert_eq!(told["unjudged"][0]["unknown"][0]["why"], "forbidden");
    let counts = serde_json::json!({"high": 1, "medium": 1, "low": 0, "unjudged": 1});
    assert_eq!(told["counts"], counts);
    assert!(told["as_of"].is_string() && told["stale"] == false);
    let list = observed.api("/clusters").await;
    assert_eq!(items(&list)[0]["risks"], counts);

    // The id leads to the destination that is meant.
    let id = orders["place"]["id"].as_str().unwrap();
    let page = observed.api(&format!("/destinations/{id}")).await;
    assert_eq!(page["destination"], "orders");

    // Asked for in part, and page by page.
    for (query, wanted) in [
        ("severity=medium", &[HOSTILE][..]),
        ("risk=one_copy", &["orders"]),
        ("severity=low", &[]),
    ] {
        let some = observed
            .api(&format!("/clusters/east/durability?{query}"))
            .await;
        assert_eq!(names(&some["items"]), wanted, "{query}");
        assert_eq!(some["counts"], counts, "{query}");
    }
    let first = observed.api("/clusters/east/durability?limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let second = observed
        .api(&format!(
            "/clusters/east/durability?limit=1&cursor={cursor}"
        ))
        .await;
    assert_eq!(
        (names(&first["items"]), names(&second["items"])),
        (vec!["orders"], vec![HOSTILE])
    );
    assert!(second["next"].is_null());
    let wrong = "/clusters/east/durability?severity=grave";
    let (status, problem) = observed.api_as(&observed.cookie, wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");

    // What was never read is not safe.
    let never = observed.api("/clusters/west/durability").await;
    assert!(never["counts"].is_null() && items(&never).is_empty());
    assert_eq!(never["unknown"][0]["why"], "not_asked", "{never:#}");
    let (status, _) = observed
        .api_as(&observed.cookie, "/clusters/nowhere/durability")
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    // What ends a risk is seen by the next topology.
    east.change(|script| {
        script.topology.destinations[0].settings = vec![setting("copies", "3")];
    });
    observed
        .until("it is cured", "/clusters/east/durability", |told| {
            (told["counts"]["high"] == 0).then_some(())
        })
        .await;
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_it_in_every_language() {
    let east = Sim::new(troubled());
    let observed = start(&[("east", &east, EVERY)]).await;
    observed
        .until("it is judged", "/clusters/east", |told| {
            told["risks"].is_object().then_some(())
        })
        .await;
    let path = "/clusters/east/durability";
    for (language, words) in [
        (
            "en",
            ["There is one copy", "add copies", "Not judged", "high"],
        ),
        ("zh-CN", ["只有一个副本", "增加副本", "未评估", "高"]),
    ] {
        let cookie = format!("{}; lang={language}", observed.cookie);
        let (status, html) = observed.html(&cookie, path).await;
        assert_eq!(status, StatusCode::OK);
        for word in words.iter().chain(&["copies=3", "it has one copy"]) {
            assert!(html.contains(word), "{language}: {word}: {html}");
        }
        assert!(!html.contains("<img src=x"), "{language}");
    }
    let (_, list) = observed.page("/clusters").await;
    assert!(
        list.contains("href=\"/clusters/east/durability\""),
        "{list}"
    );
    let (_, some) = observed.page(&format!("{path}?severity=medium")).await;
    assert!(!some.contains("it has one copy") && some.contains("it forgets what it holds"));
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_nobody_can_judge_some_are_named_and_all_are_counted() {
    let mut script = Script::of_topics(&[], "billing");
    for n in 0..201 {
        let mut closed = waybill_broker::sim::topic(&format!("closed-{n}"), 1);
        closed.unknown.push(Unknown {
            member: "settings".into(),
            why: Why::Forbidden,
            detail: None,
        });
        script.topology.destinations.push(closed);
    }
    let sim = Sim::new(script);
    let observed = start(&[("east", &sim, EVERY)]).await;
    let told = observed
        .until("it is judged", "/clusters/east/durability", |told| {
            told["counts"].is_object().then(|| told.clone())
        })
        .await;
    assert_eq!(told["counts"]["unjudged"], 201);
    assert_eq!(names(&told["unjudged"]).len(), 200);
    observed.end().await;
}
