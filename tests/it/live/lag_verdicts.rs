//! Verdicts on real consumers of real brokers, beside the brokers' own tools.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use serde_json::{Value, json};
use waybill_tests::brokers::Brokers;
use waybill_tests::kafka::tool;

use super::kafka_lab::TOPICS;
use super::lag_consumers::{BACK, Does, Producing, Spans, Worker};
use super::rabbitmq::Rabbit;
use super::scene::{cluster, fresh, items, one, serve, until};

const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const NAMES: [&str; 6] = [
    "lag-healthy",
    "lag-dead",
    "lag-slow",
    "lag-poison",
    "lag-paused",
    "lag-reset",
];
/// Readings of a busy machine may come late, and are seen through the API later still.
const READINGS: usize = 3 + 3;

#[tokio::test(flavor = "multi_thread")]
async fn consumers_of_kafka_get_the_right_verdict_and_the_poison_message_is_named() {
    let bootstrap = Brokers::shared().address("KAFKA_BOOTSTRAP");
    for topic in NAMES {
        let create = [
            "--bootstrap-server",
            bootstrap,
            "--create",
            "--topic",
            topic,
        ];
        let one = ["--partitions", "1"];
        tokio::task::block_in_place(|| tool(TOPICS, &[&create[..], &one].concat()));
    }
    let settings = format!("bootstrap = [{bootstrap:?}]");
    let server = serve(&cluster("east", "kafka", "2s", &settings)).await;
    let spans = Spans::to(&server.otlp_http);
    let producing = Producing::start(bootstrap, &NAMES);
    let workers: BTreeMap<&str, Worker> = NAMES
        .iter()
        .map(|name| {
            // As clients do by themselves.
            let every = if *name == "lag-healthy" { 5_000 } else { 500 };
            let every = Duration::from_millis(every);
            (*name, Worker::start(bootstrap, name, every, &spans))
        })
        .collect();
    fresh(&server, "east").await;
    let list = "/groups?q=lag-&cluster=east";
    let mut readings = BTreeSet::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) || readings.len() < 8 {
        let groups = server.api(list).await;
        readings.extend(
            items(&groups)
                .iter()
                .map(|group| group["as_of"].to_string()),
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    until(&server, "all keep up", list, |groups| {
        let fine = |name: &&str| one(groups, "name", name).is_some_and(|g| g["verdict"] == "ok");
        NAMES.iter().all(fine).then_some(())
    })
    .await;

    for (name, does) in [
        ("lag-dead", Does::Leave),
        ("lag-slow", Does::Slow),
        ("lag-poison", Does::Fail),
        ("lag-paused", Does::Pause),
        ("lag-reset", Does::GoBack),
    ] {
        workers[name].now_does(does);
    }
    let expected = [
        ("lag-dead", "stopped", "no_member"),
        ("lag-slow", "warning", "slow"),
        ("lag-poison", "stalled", "poison_head"),
        ("lag-paused", "stopped", "paused"),
        ("lag-reset", "rewound", "went_back"),
    ];
    let (mut told, mut readings) = (BTreeMap::new(), BTreeSet::new());
    let began = Instant::now();
    while told.len() < expected.len() {
        let groups = server.api(list).await;
        for group in items(&groups) {
            readings.insert(group["as_of"].to_string());
        }
        for (name, verdict, cause) in expected {
            let group = one(&groups, "name", name).unwrap();
            if group["verdict"] == verdict && group["cause"] == cause {
                told.entry(name).or_insert(readings.len() - 1);
            }
        }
        let healthy = one(&groups, "name", "lag-healthy").unwrap();
        assert_eq!(healthy["verdict"], "ok", "{healthy:#}");
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "{told:?} {groups:#}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("readings until each was told: {told:?}");
    for (name, readings) in &told {
        assert!(*readings <= READINGS, "{name} took {readings} readings");
    }

    let groups = server.api(list).await;
    let page = async |name: &str| {
        let id = one(&groups, "name", name).unwrap()["id"].as_str().unwrap();
        server.api(&format!("/groups/{id}")).await
    };
    let poison = page("lag-poison").await;
    let head = &poison["partitions"][0]["head_of_line"];
    assert_eq!(
        head["offset"], poison["partitions"][0]["committed"],
        "{poison:#}"
    );
    assert!(head["attempts"].as_u64().unwrap() >= 2, "{head:#}");
    assert_eq!(head["error"]["type"], "PriceMissing");
    assert!(!head["written_at"].is_null());
    let journey = head["journey"].as_str().unwrap();
    let journey = server.api(&format!("/journeys/{journey}")).await;
    assert_eq!(journey["message"]["offset"], head["offset"]);
    let reset = page("lag-reset").await;
    let back = reset["partitions"][0]["back_from"].as_i64().unwrap();
    assert!(back >= BACK, "{reset:#}");
    // 50 a second come and nothing is taken: what waits is as old as it is long.
    let dead = page("lag-dead").await;
    let by_rate = dead["lag_messages"].as_f64().unwrap() / 50.0 * 1_000.0;
    let lag_ms = dead["lag_ms"].as_f64().unwrap();
    println!(
        "lag of {by_rate} ms by rate, {lag_ms} ms by {}",
        dead["lag_source"]
    );
    assert!((lag_ms - by_rate).abs() <= 0.2 * by_rate + 1_500.0);
    assert!(dead["drain_ms"].is_null());

    drop(workers);
    producing.stop().await;
    agree(&server, bootstrap, list).await;
}

/// What Kafka's own tool tells of every group, at the same moment.
async fn agree(server: &waybill_tests::server::Server, bootstrap: &str, list: &str) {
    until(server, "lag as Kafka's own tool tells it", list, |groups| {
        let same = NAMES.iter().all(|name| {
            let arguments = [
                "--bootstrap-server",
                bootstrap,
                "--describe",
                "--group",
                name,
            ];
            let said = tokio::task::block_in_place(|| tool(GROUPS, &arguments));
            let line = said.lines().find(|line| line.contains(&format!("{name} ")));
            // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG …
            let lag = line.and_then(|line| line.split_whitespace().nth(5)?.parse::<u64>().ok());
            let own = one(groups, "name", name).and_then(|group| group["lag_messages"].as_u64());
            lag.is_some() && lag == own
        });
        same.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_rabbitmq_get_the_right_verdict() {
    let rabbit = Rabbit::open("lag").await;
    for queue in ["empty", "unread", "held"] {
        rabbit.queue(queue, &[]).await;
    }
    let settings = format!(
        "amqp = {:?}\nmanagement = {:?}\nvhosts = [{:?}]\n",
        rabbit.amqp(),
        rabbit.management,
        rabbit.vhost
    );
    let server = serve(&cluster("south", "rabbitmq", "2s", &settings)).await;
    rabbit
        .channel
        .basic_qos(5, BasicQosOptions::default())
        .await
        .unwrap();
    // It takes some and never says that it is done.
    let consumer = rabbit
        .channel
        .basic_consume(
            "held".into(),
            "holds".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    rabbit.publish("unread", 20).await;
    rabbit.publish("held", 20).await;
    fresh(&server, "south").await;
    let groups = until(&server, "verdicts", "/groups?cluster=south", |groups| {
        let verdict = |name: &str| {
            let group = one(groups, "name", name)?;
            Some((group["verdict"].clone(), group["cause"].clone()))
        };
        let is = |name: &str, expected: (Value, Value)| verdict(name) == Some(expected);
        let all = is("empty", (json!("ok"), Value::Null))
            && is("unread", (json!("stopped"), json!("no_member")))
            && is("held", (json!("stalled"), json!("no_progress")));
        all.then(|| groups.clone())
    })
    .await;
    let unread = one(&groups, "name", "unread").unwrap();
    assert_eq!(unread["lag_messages"], 20);
    drop(consumer);
}
