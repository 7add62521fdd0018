use serde_json::json;

use super::*;

const QUICK: Duration = Duration::from_millis(100);
/// Of a cluster that must not be stale at any one moment: stale is what is older than two intervals,
/// and of the quick ones any moment of a busy machine is.
const STEADY: Duration = Duration::from_secs(2);

/// Fresh, and with this lag in its one group.
async fn until_lag(observed: &Observed, cluster: &str, lag: u64) -> Value {
    let what = format!("{cluster} fresh with a lag of {lag}");
    let path = format!("/groups?cluster={cluster}");
    observed
        .until(&what, &path, |groups| {
            let group = items(groups).first()?;
            (group["lag_messages"] == lag && group["stale"] == false).then(|| group.clone())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_a_slow_and_a_recovering_cluster_age_alone() {
    let (healthy, dying, slow) = (orders(1), orders(7), orders(3));
    let observed = start(&[
        ("healthy", &healthy, STEADY),
        ("dying", &dying, QUICK),
        ("slow", &slow, QUICK),
    ])
    .await;
    for (cluster, lag) in [("healthy", 1), ("dying", 7), ("slow", 3)] {
        until_lag(&observed, cluster, lag).await;
    }
    dying.go_down();
    slow.change(|script| script.delay = Duration::from_secs(3_600));
    let dead = observed
        .until(
            "the dead one is stale and says why",
            "/clusters/dying",
            |cluster| {
                (cluster["stale"] == true && !cluster["refused"].is_null()).then(|| cluster.clone())
            },
        )
        .await;
    assert_eq!(dead["refused"]["reason"], "unreachable");
    assert!(!dead["refused"]["hint"].as_str().unwrap().is_empty());
    assert!(dead["poll_age_ms"].as_u64().unwrap() > 0);
    assert_eq!(dead["version"], "1.0", "what was told stays");
    assert_eq!(dead["nodes"][0]["id"], "n1");
    observed
        .until("the slow one is stale", "/clusters/slow", |cluster| {
            (cluster["stale"] == true).then_some(())
        })
        .await;

    // Nothing turns to zero, and nothing vanishes.
    for (cluster, lag) in [("dying", 7), ("slow", 3)] {
        let group = observed.api(&format!("/groups?cluster={cluster}")).await;
        let group = &items(&group)[0];
        assert_eq!(
            (&group["lag_messages"], &group["stale"]),
            (&json!(lag), &json!(true))
        );
        let id = group["id"].as_str().unwrap();
        let page = observed.api(&format!("/groups/{id}")).await;
        assert_eq!(page["partitions"][1]["lag"], lag);
        assert_eq!(page["members"][0]["id"], "m1");
        let lines = observed
            .api(&format!("/destinations?cluster={cluster}"))
            .await;
        let line = &items(&lines)[0];
        assert_eq!(
            (&line["depth"], &line["stale"]),
            (&json!(lag), &json!(true)),
            "{line}"
        );
    }

    // The healthy one is read on, and the process works.
    let before = observed.api("/clusters/healthy").await;
    assert_eq!(
        (&before["stale"], &before["refused"]),
        (&json!(false), &Value::Null)
    );
    observed
        .until(
            "the healthy one is read on",
            "/clusters/healthy",
            |cluster| {
                (cluster["as_of"] != before["as_of"] && cluster["stale"] == false).then_some(())
            },
        )
        .await;
    healthy.change(|script| script.head("orders", 1, 2));
    until_lag(&observed, "healthy", 2).await;
    let status = observed.api("/status").await;
    let part = |name: &str| {
        let parts = status["components"].as_array().unwrap();
        parts
            .iter()
            .find(|part| part["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(part("cluster healthy")["state"], "ok");
    assert_eq!(part("cluster dying")["state"], "down");
    assert!(
        part("cluster dying")["last_error"]
            .as_str()
            .unwrap()
            .contains("unreachable")
    );
    let ready = observed
        .client
        .get(format!("{}/readyz", observed.console))
        .send()
        .await;
    assert_eq!(
        ready.unwrap().status().as_u16(),
        200,
        "a broker that is down is no fault here"
    );

    dying.change(|script| script.head("orders", 1, 9));
    dying.come_back();
    until_lag(&observed, "dying", 9).await;
    observed
        .until("the refusal is over", "/clusters/dying", |cluster| {
            cluster["refused"].is_null().then_some(())
        })
        .await;
    observed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_read_is_null_and_says_why() {
    let never = orders(7);
    never.go_down();
    let observed = start(&[("never", &never, QUICK)]).await;
    let cluster = observed
        .until("a refusal", "/clusters/never", |cluster| {
            (!cluster["refused"].is_null()).then(|| cluster.clone())
        })
        .await;
    for name in [
        "version",
        "nodes",
        "as_of",
        "poll_age_ms",
        "missing_rights",
        "destination_count",
    ] {
        assert!(cluster[name].is_null(), "{name}: {cluster}");
        assert!(
            cluster["unknown"]
                .as_array()
                .unwrap()
                .contains(&json!(name)),
            "{name}"
        );
    }
    assert_eq!(cluster["stale"], true);
    assert!(items(&observed.api("/groups").await).is_empty());
    // Topology comes, readings do not.
    never.change(|script| {
        script.readings = Default::default();
        script.refusal = None;
    });
    let group = observed
        .until("the group without a position", "/groups", |groups| {
            items(groups).first().cloned()
        })
        .await;
    assert!(group["lag_messages"].is_null(), "{group}");
    assert!(
        group["unknown"]
            .as_array()
            .unwrap()
            .contains(&json!("lag_messages"))
    );
    let reasons = group["reasons"].as_array().unwrap();
    assert!(
        reasons
            .iter()
            .any(|reason| reason["member"] == "lag_messages")
    );
    observed.end().await;
}
