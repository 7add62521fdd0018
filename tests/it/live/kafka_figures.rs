//! What the API of a real server tells of three real nodes is what Kafka's own tools tell at the same
//! moment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use waybill_tests::child::Process;
use waybill_tests::kafka::tool;
use waybill_tests::server::Server;
use waybill_tests::wait;

use super::kafka_lab::{TOPICS, join};
use super::kafka_site::Site;
use super::read_only::in_path;
use super::scene::{items, one, until};

const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const SHARE_GROUPS: &str = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
const LOG_DIRS: &str = "org.apache.kafka.tools.LogDirsCommand";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const SHARE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";

/// Members of each protocol, that read and commit nothing.
pub fn members(site: &Site) -> Vec<Process> {
    let no_commit = ["--consumer-property", "enable.auto.commit=false"];
    let new_protocol = ["--consumer-property", "group.protocol=consumer"];
    vec![
        join(&site.kafka, CONSUMER, "classic", "orders", &no_commit),
        join(
            &site.kafka,
            CONSUMER,
            "consumer",
            "orders",
            &[no_commit, new_protocol].concat(),
        ),
        join(&site.kafka, SHARE_CONSUMER, "share", "orders", &[]),
    ]
}

pub async fn agree(site: &Site, server: &Server) {
    let has_work = |page: &Value| {
        let members = page["members"].as_array()?;
        let assigned = members
            .iter()
            .any(|m| m["assigned"].as_array().is_some_and(|a| !a.is_empty()));
        assigned.then_some(())
    };
    for name in ["classic", "consumer", "share"] {
        until(server, "its line", "/groups?cluster=orders", |list| {
            one(list, "name", name).map(drop)
        })
        .await;
        let id =
            one(&server.api("/groups?cluster=orders").await, "name", name).unwrap()["id"].clone();
        let path = format!("/groups/{}", in_path(id.as_str().unwrap()));
        until(server, "its work", &path, has_work).await;
    }
    let pages = group_pages(server).await;
    offsets(site, &pages);
    members_are_those_of_the_tool(site, &pages);
    let orders = destination(server, "orders").await;
    leaders_and_replicas(site, &orders);
    sizes(site, &orders);
    let retention = orders["config"].as_array().unwrap().iter();
    let retention: Vec<&Value> = retention
        .filter(|one| one["name"] == "retention.ms")
        .collect();
    assert_eq!(
        retention,
        [&json!({"name": "retention.ms", "value": "3600000", "source": "topic"})]
    );
}

async fn group_pages(server: &Server) -> BTreeMap<String, Value> {
    let list = server.api("/groups?cluster=orders").await;
    let mut pages = BTreeMap::new();
    for group in items(&list) {
        let id = in_path(group["id"].as_str().unwrap());
        // A group is known by the topology first, and its positions by the reading after.
        let page = wait::until("its positions are read", || async {
            let page = server.api(&format!("/groups/{id}")).await;
            (page["partitions"].is_array() || page["kind"] == "share").then_some(page)
        });
        pages.insert(group["name"].as_str().unwrap().to_owned(), page.await);
    }
    pages
}

async fn destination(server: &Server, name: &str) -> Value {
    let list = server.api("/destinations?cluster=orders").await;
    let id = one(&list, "destination", name).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.api(&format!("/destinations/{}", in_path(&id))).await
}

fn asked(site: &Site, class: &str, arguments: &[&str]) -> String {
    let bootstrap = site.bootstrap();
    tokio::task::block_in_place(|| {
        tool(
            class,
            &[&["--bootstrap-server", &bootstrap], arguments].concat(),
        )
    })
}

/// Committed, end and lag, group by group and partition by partition.
fn offsets(site: &Site, pages: &BTreeMap<String, Value>) {
    let told = asked(site, GROUPS, &["--describe", "--all-groups"]);
    let rows: Vec<Vec<&str>> = told
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row.len() >= 6 && row[0] != "GROUP")
        .collect();
    // Eight groups with two commits each, and two with members on six partitions.
    assert!(rows.len() >= 8 * 2 + 2 * 6, "{told}");
    for row in &rows {
        let page = &pages[row[0]];
        let partitions = page["partitions"].as_array();
        let partitions = partitions.unwrap_or_else(|| panic!("{row:?}: {page:#}"));
        let ours = partitions
            .iter()
            .find(|p| p["destination"] == row[1] && p["partition"] == row[2]);
        let ours = ours.unwrap_or_else(|| panic!("{row:?} is not among {partitions:#?}"));
        let number = |text: &str| text.parse::<i64>().ok();
        assert_eq!(ours["committed"], json!(number(row[3])), "{row:?}");
        assert_eq!(ours["head"], json!(number(row[4])), "{row:?}");
        // Of what was never committed the tool tells no lag; all that is kept is before the group.
        let lag = number(row[5]).or(number(row[4]));
        assert_eq!(ours["lag"], json!(lag), "{row:?}");
    }
    for (name, page) in pages.iter().filter(|(name, _)| *name != "share") {
        let partitions = page["partitions"].as_array().unwrap();
        let sum: u64 = partitions.iter().map(|p| p["lag"].as_u64().unwrap()).sum();
        assert_eq!(page["lag_messages"], sum, "{name}");
        assert_eq!(partitions.len(), 6, "{name}");
    }
    assert_eq!(pages["share"]["lag_messages"], Value::Null);
}

/// Ids, hosts and states of the members of every protocol.
fn members_are_those_of_the_tool(site: &Site, pages: &BTreeMap<String, Value>) {
    let told = asked(site, GROUPS, &["--describe", "--all-groups", "--members"]);
    let mut by_kafka = BTreeSet::new();
    for line in told.lines() {
        let row: Vec<&str> = line.split_whitespace().collect();
        if row.len() >= 4 && row[0] != "GROUP" {
            by_kafka.insert(row[..4].join(" "));
        }
    }
    let mut ours = BTreeSet::new();
    for name in ["classic", "consumer"] {
        assert_eq!(pages[name]["state"], "Stable");
        assert_eq!(pages[name]["kind"], name);
        for member in pages[name]["members"].as_array().unwrap() {
            let word = |key: &str| member[key].as_str().unwrap().to_owned();
            ours.insert(format!(
                "{name} {} {} {}",
                word("id"),
                word("host"),
                word("client_id")
            ));
        }
    }
    assert_eq!(ours, by_kafka);
    let share = asked(site, SHARE_GROUPS, &["--list"]);
    assert_eq!(share.trim(), "share");
    assert_eq!(pages["share"]["kind"], "share");
}

fn leaders_and_replicas(site: &Site, orders: &Value) {
    let told = asked(site, TOPICS, &["--describe", "--topic", "orders"]);
    let field = |line: &str, name: &str| {
        let rest = line.split_once(&format!("{name}: ")).map(|(_, rest)| rest);
        let field = rest
            .unwrap_or_default()
            .split('\t')
            .next()
            .unwrap_or_default();
        field.trim().to_owned()
    };
    let lines = told.lines().filter(|line| line.starts_with('\t'));
    let by_kafka: Vec<[String; 4]> = lines
        .map(|line| ["Partition", "Leader", "Replicas", "Isr"].map(|name| field(line, name)))
        .collect();
    let list = |ids: &Value| {
        let ids = ids
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap());
        ids.collect::<Vec<_>>().join(",")
    };
    let partitions = orders["partitions"].as_array().unwrap();
    let ours: Vec<[String; 4]> = partitions
        .iter()
        .map(|p| {
            let word = |key: &str| p[key].as_str().unwrap().to_owned();
            [
                word("id"),
                word("leader"),
                list(&p["replicas"]),
                list(&p["in_sync"]),
            ]
        })
        .collect();
    assert_eq!(ours, by_kafka);
}

/// Of each partition, on the disk of its leader.
fn sizes(site: &Site, orders: &Value) {
    let told = asked(site, LOG_DIRS, &["--describe", "--topic-list", "orders"]);
    let told = told.lines().find(|line| line.starts_with('{')).unwrap();
    let told: Value = serde_json::from_str(told).unwrap();
    let mut by_kafka: BTreeMap<(String, String), u64> = BTreeMap::new();
    for broker in told["brokers"].as_array().unwrap() {
        for folder in broker["logDirs"].as_array().unwrap() {
            for partition in folder["partitions"].as_array().unwrap() {
                let name = partition["partition"].as_str().unwrap().to_owned();
                let size = partition["size"].as_u64().unwrap();
                by_kafka.insert((broker["broker"].to_string(), name), size);
            }
        }
    }
    let partitions = orders["partitions"].as_array().unwrap();
    let mut sum = 0;
    for partition in partitions {
        let word = |key: &str| partition[key].as_str().unwrap().to_owned();
        let size = by_kafka[&(word("leader"), format!("orders-{}", word("id")))];
        assert_eq!(partition["stored_bytes"], size, "{partition}");
        sum += size;
    }
    assert!(sum > 0);
    assert_eq!(orders["stored_bytes"], sum);
}
