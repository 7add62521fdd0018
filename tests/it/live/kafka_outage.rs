//! Kafka in trouble beside a RabbitMQ that is well, through the API of a real server: figures keep
//! their values and show their age, nothing turns to zero or vanishes, and nothing is restarted.

use std::time::{Duration, Instant};

use serde_json::Value;
use waybill_tests::kafka::tool;
use waybill_tests::server::Server;
use waybill_tests::tap::Behaviour;

use super::kafka_figures;
use super::kafka_lab::{TOPICS, commit, produce};
use super::kafka_site::{Expected, Site, Watch};
use super::scene::{fresh, items, one, serve};

/// After refusals a cluster is asked every half minute, and its nodes elect leaders.
const RECOVERY: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_secs(30);
const GROUPS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kafka_in_trouble_ages_alone_and_loses_nothing() {
    let mut site = Site::start().await;
    let expected = furnish(&site).await;
    let members = kafka_figures::members(&site);
    let server = serve(&site.configuration()).await;
    for cluster in ["orders", "billing"] {
        fresh(&server, cluster).await;
    }
    kafka_figures::agree(&site, &server).await;
    drop(members);

    let watch = Watch::over(&server, expected);
    a_node_pauses(&site, &server, &watch).await;
    a_node_is_killed(&mut site, &server, &watch).await;
    all_are_killed(&mut site, &server, &watch).await;
    answers_come_late(&site, &server, &watch).await;
    nothing_comes_back(&site, &server, &watch).await;
}

async fn furnish(site: &Site) -> Expected {
    let bootstrap = site.bootstrap();
    tokio::task::block_in_place(|| {
        let create = [
            "--create",
            "--topic",
            "orders",
            "--partitions",
            "6",
            "--replication-factor",
            "3",
            "--config",
            "retention.ms=3600000",
        ];
        tool(
            TOPICS,
            &[&["--bootstrap-server", &bootstrap][..], &create[..]].concat(),
        );
    });
    produce(&bootstrap, "orders", 6, 10).await;
    let mut expected = Expected::default();
    // Enough that each node coordinates some. Four of six partitions were never committed.
    for n in 0..GROUPS {
        let name = format!("idle-{n}");
        commit(&bootstrap, &name, "orders", &[(0, n as i64), (3, 2)]).await;
        expected.groups.insert(name, 75 - n as u64 - 2);
    }
    expected.depths.insert("orders".into(), 75);
    site.rabbit.queue("bills", &[]).await;
    site.rabbit.publish("bills", 5).await;
    expected.depths.insert("bills".into(), 5);
    expected.fresh.push("billing".into());
    expected
}

/// For 30 s: the others take over what it led, so that everything is read again meanwhile.
async fn a_node_pauses(site: &Site, server: &Server, watch: &Watch) {
    let began = Instant::now();
    site.kafka.signal(1, "STOP");
    all_groups_fresh(server, "while a node is paused").await;
    tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())).await;
    site.kafka.signal(1, "CONT");
    recovered(server, "after the pause").await;
    watch.check("a node paused");
}

async fn a_node_is_killed(site: &mut Site, server: &Server, watch: &Watch) {
    site.kafka.kill(2);
    all_groups_fresh(server, "without a node").await;
    watch.check("a node killed");
    site.kafka.launch(2);
    tokio::task::block_in_place(|| site.kafka.wait_started(2));
    recovered(server, "with the node again").await;
    watch.check("a node started again");
}

async fn all_are_killed(site: &mut Site, server: &Server, watch: &Watch) {
    (0..3).for_each(|node| site.kafka.kill(node));
    let down = wait(server, "Kafka down", |told| {
        told["stale"] == true && !told["refused"].is_null()
    })
    .await;
    assert_eq!(down["refused"]["reason"], "unreachable", "{down:#}");
    assert!(!down["refused"]["hint"].as_str().unwrap().is_empty());
    assert!(down["poll_age_ms"].as_u64() > Some(2_000), "{down:#}");
    assert_eq!(down["nodes"].as_array().unwrap().len(), 3);
    for list in ["groups", "destinations"] {
        let list = server.api(&format!("/{list}?cluster=orders")).await;
        assert!(
            items(&list).iter().all(|item| item["stale"] == true),
            "{list:#}"
        );
    }
    // The other one is not only fresh: it is read on.
    site.rabbit.publish("bills", 1).await;
    watch.expect(|expected| {
        expected.depths.remove("bills");
    });
    let deadline = Instant::now() + RECOVERY;
    loop {
        let list = server.api("/destinations?cluster=billing").await;
        if one(&list, "destination", "bills").is_some_and(|bills| bills["depth"] == 6) {
            break;
        }
        assert!(Instant::now() < deadline, "{list:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let later = server.api("/clusters/orders").await;
    assert_eq!(later["as_of"], down["as_of"], "its age shows");
    watch.expect(|expected| {
        expected.depths.insert("bills".into(), 6);
    });
    watch.check("all nodes killed");

    (0..3).for_each(|node| site.kafka.launch(node));
    tokio::task::block_in_place(|| (0..3).for_each(|node| site.kafka.wait_started(node)));
    recovered(server, "with all nodes again").await;
    watch.check("all nodes started again");
}

/// 2 s for each answer: it is read, slowly.
async fn answers_come_late(site: &Site, server: &Server, watch: &Watch) {
    site.behave(Behaviour::Slow(Duration::from_secs(2)));
    for round in 0..2 {
        let before = server.api("/clusters/orders").await["as_of"].clone();
        wait(server, &format!("slow round {round}"), |told| {
            told["as_of"] != before
        })
        .await;
    }
    watch.check("answers come late");
    site.behave(Behaviour::Passes);
    recovered(server, "quick again").await;
}

async fn nothing_comes_back(site: &Site, server: &Server, watch: &Watch) {
    site.behave(Behaviour::Deaf);
    let deaf = wait(server, "silence", |told| {
        told["stale"] == true && !told["refused"].is_null()
    })
    .await;
    assert_eq!(deaf["refused"]["reason"], "too_slow", "{deaf:#}");
    watch.check("nothing comes back");
    site.behave(Behaviour::Passes);
    recovered(server, "after the silence").await;
    watch.check("after the silence");
}

async fn wait(server: &Server, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let told = server.api("/clusters/orders").await;
        if is_so(&told) {
            return told;
        }
        assert!(
            Instant::now() < deadline,
            "gave up waiting for {what}: {told:#}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn recovered(server: &Server, what: &str) {
    wait(server, what, |told| {
        told["stale"] == false && told["refused"].is_null()
    })
    .await;
    all_groups_fresh(server, what).await;
}

async fn all_groups_fresh(server: &Server, what: &str) {
    let deadline = Instant::now() + RECOVERY;
    loop {
        let list = server.api("/groups?cluster=orders").await;
        let all = items(&list);
        if all.len() >= GROUPS && all.iter().all(|group| group["stale"] == false) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "gave up waiting for fresh groups {what}: {list:#}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
