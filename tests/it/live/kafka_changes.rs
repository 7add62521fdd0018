//! What changes under a reader of a real Kafka, through the API of a real server: retention that
//! passes its position, partitions that are added, a topic made again under its name, transactions
//! that stay open. No lag is made up, none is below zero, none is taken for lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;
use waybill_tests::kafka::{Kafka, Wanted, tool};
use waybill_tests::server::Server;
use waybill_tests::wait;

use super::kafka_lab::{TOPICS, commit, produce};
use super::read_only::in_path;
use super::scene::{cluster, fresh, items, one, serve};

const DELETE_RECORDS: &str = "org.apache.kafka.tools.DeleteRecordsCommand";
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
/// A topology is read once a minute.
const LONG: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changing_topic_gives_no_false_figure() {
    let kafka = tokio::task::block_in_place(|| {
        let wanted = Wanted {
            nodes: 1,
            properties: "transaction.max.timeout.ms=900000\n".into(),
            ..Wanted::default()
        };
        Kafka::start(tempfile::tempdir().unwrap(), &wanted, &Kafka::ports(1, 1))
    });
    let bootstrap = kafka.address(0, 0);
    create(&bootstrap, "orders", 2);
    create(&bootstrap, "ledger", 1);
    produce(&bootstrap, "orders", 2, 10).await;
    commit(&bootstrap, "idle", "orders", &[(0, 4), (1, 4)]).await;
    let open = a_transaction_stays_open(&bootstrap).await;
    let settings = format!("bootstrap = [{bootstrap:?}]");
    let mut server = serve(&cluster("orders", "kafka", "1s", &settings)).await;
    fresh(&server, "orders").await;
    until_lag(&server, "idle", 13).await;
    what_is_not_committed_is_nobodys_lag(&server, open).await;

    // Retention passes the position in the first partition: 8 of 10 are gone.
    delete_records(&kafka, "orders", 0, 8);
    server.process().terminate();
    server.start_again().await;
    until_depth(&server, "orders", 2 + 11).await;
    until_lag(&server, "idle", 13).await;
    assert_eq!(
        lag_of_the_tool(&bootstrap, "idle"),
        13,
        "as Kafka's own tool"
    );

    // Two partitions more, and messages in the last.
    let more = [
        "--bootstrap-server",
        &bootstrap,
        "--alter",
        "--topic",
        "orders",
        "--partitions",
        "4",
    ];
    tokio::task::block_in_place(|| tool(TOPICS, &more));
    produce_to(&bootstrap, "orders", 3, 5).await;
    commit(&bootstrap, "idle", "orders", &[(3, 1)]).await;
    let seen = lags_until(&server, "idle", 13 + 4).await;
    assert!(seen.is_subset(&BTreeSet::from([13, 17])), "{seen:?}");

    // Made again under its name, with less in it than the group had read.
    tokio::task::block_in_place(|| {
        tool(
            TOPICS,
            &[
                "--bootstrap-server",
                &bootstrap,
                "--delete",
                "--topic",
                "orders",
            ],
        );
    });
    create(&bootstrap, "orders", 1);
    produce_to(&bootstrap, "orders", 0, 3).await;
    commit(&bootstrap, "idle", "orders", &[(0, 1)]).await;
    let seen = lags_until(&server, "idle", 2).await;
    assert!(
        seen.is_subset(&BTreeSet::from([2, 17])),
        "old or new, nothing between: {seen:?}"
    );
    until_depth(&server, "orders", 3).await;
    assert_eq!(lag_of_the_tool(&bootstrap, "idle"), 2);
    let page = page(&server, "idle").await;
    assert_eq!(page["partitions"].as_array().unwrap().len(), 1, "{page:#}");
}

/// Five messages of a transaction that is not ended; a group that reads such has taken three.
async fn a_transaction_stays_open(bootstrap: &str) -> BaseProducer {
    let address = bootstrap.to_owned();
    let producer = tokio::task::spawn_blocking(move || {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", address)
            .set("transactional.id", "open")
            .set("transaction.timeout.ms", "600000")
            .create()
            .unwrap();
        producer.init_transactions(wait::PATIENCE).unwrap();
        producer.begin_transaction().unwrap();
        for n in 0..5 {
            let payload = format!("{n}");
            let record = BaseRecord::<(), str>::to("ledger")
                .partition(0)
                .payload(&payload);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(wait::PATIENCE).unwrap();
        producer
    });
    let producer = producer.await.unwrap();
    commit(bootstrap, "eager", "ledger", &[(0, 3)]).await;
    commit(bootstrap, "patient", "ledger", &[(0, 0)]).await;
    producer
}

async fn what_is_not_committed_is_nobodys_lag(server: &Server, open: BaseProducer) {
    for group in ["eager", "patient"] {
        until_lag(server, group, 0).await;
    }
    let eager = wait::until("its position is read", || async {
        let page = page(server, "eager").await;
        page["partitions"].is_array().then_some(page)
    });
    let eager = eager.await;
    let position = &eager["partitions"][0];
    assert_eq!(
        (position["committed"].as_i64(), position["head"].as_i64()),
        (Some(3), Some(0))
    );
    tokio::task::spawn_blocking(move || open.commit_transaction(wait::PATIENCE).unwrap())
        .await
        .unwrap();
    // Five and the mark of their end.
    until_lag(server, "eager", 3).await;
    until_lag(server, "patient", 6).await;
}

fn create(bootstrap: &str, topic: &str, partitions: usize) {
    let partitions = partitions.to_string();
    let words = [
        "--bootstrap-server",
        bootstrap,
        "--create",
        "--topic",
        topic,
        "--partitions",
        &partitions,
    ];
    tokio::task::block_in_place(|| tool(TOPICS, &words));
}

fn delete_records(kafka: &Kafka, topic: &str, partition: i32, before: i64) {
    let file = kafka.path("records.json");
    let text = format!(
        "{{\"partitions\":[{{\"topic\":{topic:?},\"partition\":{partition},\"offset\":{before}}}],\"version\":1}}"
    );
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let words = [
        "--bootstrap-server",
        &kafka.address(0, 0),
        "--offset-json-file",
        &file,
    ];
    tokio::task::block_in_place(|| tool(DELETE_RECORDS, &words));
}

async fn produce_to(bootstrap: &str, topic: &str, partition: i32, count: usize) {
    let bootstrap = bootstrap.to_owned();
    let topic = topic.to_owned();
    let sent = tokio::task::spawn_blocking(move || {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .create()
            .unwrap();
        for _ in 0..count {
            let record = BaseRecord::<(), str>::to(&topic)
                .partition(partition)
                .payload("x");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(wait::PATIENCE).unwrap();
    });
    sent.await.unwrap();
}

fn lag_of_the_tool(bootstrap: &str, group: &str) -> u64 {
    let words = [
        "--bootstrap-server",
        bootstrap,
        "--describe",
        "--group",
        group,
    ];
    let told = tokio::task::block_in_place(|| tool(GROUPS, &words));
    let rows = told
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|row| row.first() == Some(&group));
    rows.map(|row| row[5].parse::<u64>().unwrap()).sum()
}

async fn page(server: &Server, group: &str) -> Value {
    let list = server.api("/groups?cluster=orders").await;
    let id = one(&list, "name", group).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.api(&format!("/groups/{}", in_path(&id))).await
}

async fn until_lag(server: &Server, group: &str, lag: u64) {
    lags_until(server, group, lag).await;
}

/// Every lag that was told on the way there.
async fn lags_until(server: &Server, group: &str, lag: u64) -> BTreeSet<u64> {
    let deadline = Instant::now() + LONG;
    let mut seen = BTreeSet::new();
    loop {
        let list = server.api("/groups?cluster=orders").await;
        let found = one(&list, "name", group);
        seen.extend(found.and_then(|group| group["lag_messages"].as_u64()));
        if seen.contains(&lag)
            && found.is_some_and(|group| group["lag_messages"] == lag && group["stale"] == false)
        {
            return seen;
        }
        assert!(
            Instant::now() < deadline,
            "{group} never has a lag of {lag}: {seen:?} {found:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn until_depth(server: &Server, destination: &str, depth: u64) {
    let deadline = Instant::now() + LONG;
    loop {
        let list = server.api("/destinations?cluster=orders").await;
        if items(&list)
            .iter()
            .any(|one| one["destination"] == destination && one["depth"] == depth)
        {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{destination} never holds {depth}: {list:#}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
