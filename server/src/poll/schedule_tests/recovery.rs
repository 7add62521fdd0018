use waybill_model::status::ComponentState;
use waybill_model::topology::Commits;

use super::*;

#[tokio::test]
async fn a_dead_cluster_ages_and_comes_back_without_a_restart() {
    let database = TestDatabase::new().await;
    let sim = orders(7);
    let running = poll(&database, "east", &sim, "one");
    until_lag(&database, "east", 7).await;
    sim.go_down();
    let down = until("a refusal", async || {
        state(&database, "east")
            .await
            .filter(|state| state.refused.is_some())
    })
    .await;
    let refused = down.refused.unwrap();
    assert_eq!(refused.reason, "unreachable");
    assert!(!refused.hint.is_empty());
    let asked = sim.asked().readings;
    until("more refusals", async || {
        (sim.asked().readings > asked + 2).then_some(())
    })
    .await;
    let later = state(&database, "east").await.unwrap();
    assert_eq!(later.readings_at, down.readings_at, "it ages");
    assert_eq!(
        group(&database, "east").await.unwrap().lag_messages,
        Some(7)
    );
    let part = running.health.components().pop().unwrap();
    assert_eq!(
        (part.name.as_str(), part.state),
        ("cluster east", ComponentState::Down)
    );
    assert!(part.last_error.unwrap().starts_with("unreachable: "));
    assert!(
        running.health.not_ready().is_empty(),
        "the console works without it"
    );

    let topologies = sim.asked().topology;
    sim.change(|script| script.head("orders", 0, 9));
    sim.come_back();
    until_lag(&database, "east", 9).await;
    until("the refusal is over", async || {
        state(&database, "east")
            .await
            .filter(|state| state.refused.is_none())
    })
    .await;
    until("the topology read anew", async || {
        (sim.asked().topology > topologies).then_some(())
    })
    .await;
    until("the part works", async || {
        let part = running.health.components().pop().unwrap();
        (part.state == ComponentState::Ok).then_some(())
    })
    .await;
    running.end().await;
}

#[tokio::test]
async fn a_cluster_that_hangs_holds_up_no_other() {
    let database = TestDatabase::new().await;
    let (hung, healthy) = (orders(3), orders(1));
    hung.change(|script| script.hangs = true);
    let first = poll(&database, "hung", &hung, "one");
    let second = poll(&database, "healthy", &healthy, "one");
    until_lag(&database, "healthy", 1).await;
    let refused = until("the hung one is told too slow", async || {
        state(&database, "hung").await?.refused
    })
    .await;
    assert_eq!(refused.reason, "too_slow");
    let before = healthy.asked().readings;
    until("many readings beside it", async || {
        (healthy.asked().readings > before + 20).then_some(())
    })
    .await;
    // In the same time the other was asked a few times only: each took its whole patience.
    assert!(hung.asked().readings < healthy.asked().readings / 2);
    assert_eq!(
        group(&database, "hung").await,
        None,
        "never read is not zero"
    );
    hung.come_back();
    until_lag(&database, "hung", 3).await;
    first.end().await;
    second.end().await;
}

#[tokio::test]
async fn a_slow_cluster_is_read_within_its_patience() {
    let database = TestDatabase::new().await;
    let sim = orders(5);
    sim.change(|script| script.delay = Duration::from_millis(200));
    let running = poll(&database, "slow", &sim, "one");
    until_lag(&database, "slow", 5).await;
    assert_eq!(state(&database, "slow").await.unwrap().refused, None);
    running.end().await;
}

#[tokio::test]
async fn a_restart_beside_a_dead_broker_keeps_what_was_told() {
    let database = TestDatabase::new().await;
    let sim = orders(7);
    let running = poll(&database, "east", &sim, "one");
    until_lag(&database, "east", 7).await;
    running.end().await;
    let told = destination(&database, "east").await.unwrap();
    let before = state(&database, "east").await.unwrap();
    sim.go_down();
    let running = poll(&database, "east", &sim, "two");
    until("a refusal", async || {
        state(&database, "east").await?.refused
    })
    .await;
    assert_eq!(destination(&database, "east").await, Some(told.clone()));
    assert_eq!(
        state(&database, "east").await.unwrap().readings_at,
        before.readings_at
    );
    // The topology answers first, and the figures stay until readings come.
    sim.change(|script| {
        script.readings.heads.clear();
        script.readings.commits = Commits::default();
    });
    let read = sim.asked().readings;
    sim.come_back();
    until("readings", async || {
        (sim.asked().readings > read + 2).then_some(())
    })
    .await;
    let kept = destination(&database, "east").await.unwrap();
    assert_eq!(kept.depth_messages, told.depth_messages);
    running.end().await;
}

#[tokio::test]
async fn rights_that_are_missing_are_kept_by_name() {
    let database = TestDatabase::new().await;
    let sim = orders(1);
    sim.change(|script| {
        script.missing_rights.push(waybill_broker::MissingRight {
            right: "Describe on Cluster".into(),
            blank: "nodes".into(),
            grant: "acls --add …".into(),
        });
    });
    let running = poll(&database, "east", &sim, "one");
    let rights = until("rights", async || {
        state(&database, "east")
            .await?
            .missing_rights
            .filter(|rights| !rights.is_empty())
    })
    .await;
    assert_eq!(rights[0].right, "Describe on Cluster");
    running.end().await;
}
