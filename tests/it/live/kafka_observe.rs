//! Three real nodes behind proxies that count: what is told is what Kafka's own tools tell, for two
//! requests a broker, none of which writes.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{FindingKind, Group, Head, Readings, Topology};
use waybill_tests::kafka::tool;
use waybill_tests::wait;

use super::kafka_lab::{Lab, TOPICS};
use super::kafka_observed::{PATIENCE, Place, lags};

const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const SHARE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";

/// Kafka's numbers of the requests that read only.
const READING: [i16; 14] = [2, 3, 9, 10, 15, 16, 18, 32, 35, 55, 60, 69, 75, 77];

/// What kafka-consumer-groups tells: committed offset and lag.
fn told_by_kafka(bootstrap: &str) -> BTreeMap<Place, (Option<i64>, Option<i64>)> {
    let text = tool(
        GROUPS,
        &[
            "--bootstrap-server",
            bootstrap,
            "--describe",
            "--all-groups",
        ],
    );
    let rows = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() >= 6 && row[0] != "GROUP")
        .map(|row| {
            let place = (row[0].into(), row[1].into(), row[2].into());
            (place, (row[3].parse().ok(), row[5].parse().ok()))
        })
        .collect()
}

fn told_by_waybill(topology: &Topology) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for topic in &topology.destinations {
        for p in &topic.partitions {
            let elr = p.eligible.as_ref().unwrap().join(",");
            lines.insert(format!(
                "{} {} {} {} {} {elr}",
                topic.name,
                p.id,
                p.leader.as_deref().unwrap_or("none"),
                p.replicas.join(","),
                p.in_sync.as_ref().unwrap().join(","),
            ));
        }
    }
    lines
}

fn topics_of_kafka(bootstrap: &str) -> BTreeSet<String> {
    let text = tool(TOPICS, &["--bootstrap-server", bootstrap, "--describe"]);
    let field = |line: &str, name: &str| {
        let rest = line.split_once(&format!("{name}: ")).map(|(_, rest)| rest);
        rest.unwrap_or_default()
            .split('\t')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    text.lines()
        .filter(|line| line.starts_with('\t'))
        .map(|line| {
            let fields = ["Topic", "Partition", "Leader", "Replicas", "Isr", "Elr"];
            fields.map(|name| field(line, name)).join(" ")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_are_told_as_kafkas_own_tools_tell_them() {
    let mut lab = Lab::start().await;
    lab.create(
        "orders",
        &["--partitions", "6", "--replication-factor", "3"],
    )
    .await;
    lab.create(
        "bills",
        &[
            "--partitions",
            "2",
            "--replication-factor",
            "2",
            "--config",
            "retention.ms=3600000",
        ],
    )
    .await;
    lab.produce("orders", 6, 10).await;
    lab.produce("bills", 2, 3).await;
    // Enough groups that each node coordinates some.
    for n in 0..12 {
        lab.commit(&format!("empty-{n}"), "orders", &[(0, n % 10), (3, 2)])
            .await;
    }
    let no_commit = ["--consumer-property", "enable.auto.commit=false"];
    let no_commit = |more: &'static [&'static str]| [&no_commit[..], more].concat();
    let _classic = lab.join(CONSUMER, "classic", "orders", &no_commit(&[]));
    let new_protocol = no_commit(&["--consumer-property", "group.protocol=consumer"]);
    let _consumer = lab.join(CONSUMER, "consumer", "bills", &new_protocol);
    let _share = lab.join(SHARE_CONSUMER, "share", "bills", &[]);
    let has_work = |group: &Group| {
        let members = group.members.as_deref().unwrap_or_default();
        members.iter().any(|member| {
            member
                .assigned
                .as_ref()
                .is_some_and(|work| !work.is_empty())
        })
    };
    for group in ["classic", "consumer", "share"] {
        lab.group(group, has_work).await;
    }

    topology_is_that_of_the_tools(&lab).await;
    lags_are_those_of_the_tools(&lab).await;
    a_poll_is_two_requests_a_broker(&lab).await;
    a_paused_node_costs_only_its_own_figures(&lab).await;
    a_lost_node_is_told_and_costs_nothing_else(&mut lab).await;
}

async fn topology_is_that_of_the_tools(lab: &Lab) {
    let topology = lab.observed.topology().await.unwrap();
    let by_kafka = tokio::task::block_in_place(|| topics_of_kafka(&lab.bootstrap()));
    assert_eq!(told_by_waybill(&topology), by_kafka);
    assert_eq!(
        topology.cluster_id.as_deref(),
        Some("AAAAAAAAAAAAAAAAAAAAAQ")
    );
    assert_eq!(topology.version.as_deref(), Some("4.3-IV0"));
    assert_eq!(topology.nodes.len(), 3);
    for node in &topology.nodes {
        assert_eq!(node.roles, ["broker", "controller"]);
        assert_eq!(node.rack, Some(format!("rack-{}", node.id)));
        assert!(node.stored_bytes.unwrap() > 0 && node.free_disk_bytes.unwrap() > 0);
    }
    let orders = topology
        .destinations
        .iter()
        .find(|topic| topic.name == "orders")
        .unwrap();
    assert!(orders.stored_bytes.unwrap() > 0 && orders.id.is_some() && orders.findings.is_empty());
    let bills = topology
        .destinations
        .iter()
        .find(|topic| topic.name == "bills")
        .unwrap();
    let retention = bills
        .settings
        .iter()
        .find(|setting| setting.name == "retention.ms")
        .unwrap();
    assert_eq!(
        (retention.value.as_deref(), retention.source.as_str()),
        (Some("3600000"), "topic")
    );
    let least = orders
        .settings
        .iter()
        .find(|setting| setting.name == "min.insync.replicas")
        .unwrap();
    assert_eq!(least.value.as_deref(), Some("2"));
    assert!(topology.controller.is_some());
    let kinds: BTreeMap<&str, &str> = topology
        .groups
        .iter()
        .map(|g| (g.name.as_str(), g.kind.as_str()))
        .collect();
    assert_eq!(kinds["classic"], "classic");
    assert_eq!(kinds["consumer"], "consumer");
    assert_eq!(kinds["share"], "share");
    assert_eq!(kinds["empty-0"], "classic");
    let classic = topology
        .groups
        .iter()
        .find(|group| group.name == "classic")
        .unwrap();
    assert_eq!(classic.state.as_deref(), Some("Stable"));
    let work = classic.members.as_ref().unwrap()[0]
        .assigned
        .clone()
        .unwrap();
    assert_eq!((work[0].0.as_str(), work[0].1.len()), ("orders", 6));
    a_new_group_is_noticed_between_two_topologies(lab).await;
}

async fn a_new_group_is_noticed_between_two_topologies(lab: &Lab) {
    assert_eq!(lab.observed.has_changed().await, Ok(false));
    lab.commit("late", "orders", &[(0, 1)]).await;
    assert_eq!(lab.observed.has_changed().await, Ok(true));
    let topology = lab.observed.topology().await.unwrap();
    assert!(topology.groups.iter().any(|group| group.name == "late"));
    assert_eq!(lab.observed.has_changed().await, Ok(false));
}

async fn lags_are_those_of_the_tools(lab: &Lab) {
    let readings = lab.observed.readings().await.unwrap();
    assert_eq!(readings.unknown, []);
    let ours = lags(&readings);
    let by_kafka = tokio::task::block_in_place(|| told_by_kafka(&lab.bootstrap()));
    // Kafka's tool leaves out what an idle group never committed; every row that it has is ours.
    for (place, told) in &by_kafka {
        assert_eq!(ours.get(place), Some(told), "{place:?}");
    }
    let never = |group: &str| {
        ours.iter()
            .filter(|((g, ..), (offset, _))| g == group && offset.is_none())
            .count()
    };
    assert_eq!(never("empty-1"), 4, "of six partitions two are committed");
    assert_eq!(never("classic"), 6);
    assert_eq!(never("consumer"), 2);
    assert!(by_kafka.len() >= 12 * 2 + 6 + 2, "{}", by_kafka.len());
    assert!(readings.heads.iter().all(|head| head.low.is_some()));
    for commit in readings.commits.iter() {
        let head = readings
            .heads
            .iter()
            .find(|h| h.destination == commit.destination)
            .unwrap();
        assert!(commit.at <= head.at, "commits first");
    }
}

async fn a_poll_is_two_requests_a_broker(lab: &Lab) {
    let before = lab.asked.take();
    let read_only: BTreeSet<i16> = READING.into();
    let foreign: Vec<&i16> = before
        .iter()
        .filter(|key| !read_only.contains(key))
        .collect();
    assert!(foreign.is_empty(), "only what reads was asked: {foreign:?}");
    polls_ask_twice_a_broker(lab).await;
    // However many groups and partitions there are.
    let (groups, partitions) = (40, 30);
    lab.create("wide", &["--partitions", "30"]).await;
    let offsets: Vec<(i32, i64)> = (0..partitions).map(|partition| (partition, 0)).collect();
    let commits = (0..groups).map(|n| {
        let (group, offsets) = (format!("wide-{n}"), &offsets);
        async move { lab.commit(&group, "wide", offsets).await }
    });
    futures::future::join_all(commits).await;
    wait::until("all groups are told", || async {
        let topology = lab.observed.topology().await.ok()?;
        let wide = topology
            .groups
            .iter()
            .filter(|group| group.name.starts_with("wide-"));
        (wide.count() == groups).then_some(())
    })
    .await;
    lab.asked.take();
    let readings = polls_ask_twice_a_broker(lab).await;
    let wide = readings.commits.iter().filter(|c| c.destination == "wide");
    assert_eq!(wide.count(), groups * partitions as usize);
}

async fn polls_ask_twice_a_broker(lab: &Lab) -> Readings {
    let mut readings = Readings::default();
    for _ in 0..3 {
        readings = lab.observed.readings().await.unwrap();
        let mut asked = lab.asked.take();
        asked.sort_unstable();
        assert_eq!(
            asked,
            [2, 2, 2, 9, 9, 9],
            "ListOffsets and OffsetFetch, once a broker"
        );
    }
    readings
}

async fn a_paused_node_costs_only_its_own_figures(lab: &Lab) {
    let before = lab.observed.readings().await.unwrap();
    lab.kafka.signal(1, "STOP");
    let began = std::time::Instant::now();
    let during = lab.observed.readings().await.unwrap();
    let took = began.elapsed();
    let again = lab.observed.readings().await;
    lab.kafka.signal(1, "CONT");
    assert!(took < PATIENCE / 2, "{took:?}");
    for member in ["heads", "commits"] {
        let told = during
            .unknown
            .iter()
            .find(|unknown| unknown.member == member);
        let detail = told
            .and_then(|unknown| unknown.detail.as_deref())
            .unwrap_or_default();
        assert!(
            detail.starts_with("too slow: node 2, which advertises"),
            "{member}: {detail}"
        );
    }
    // What the others lead is there, and what it leads is absent, not zero.
    let led: BTreeSet<_> = during
        .heads
        .iter()
        .map(|h| (&h.destination, &h.partition))
        .collect();
    assert!(!led.is_empty() && led.len() < before.heads.len());
    for head in &during.heads {
        let same = |other: &&Head| {
            (&other.destination, &other.partition) == (&head.destination, &head.partition)
        };
        let was = before.heads.iter().find(same).unwrap();
        assert!(head.head >= was.head && head.low == was.low, "{head:?}");
    }
    assert!(again.is_ok_and(|again| !again.heads.is_empty()));
    let before = lags(&before);
    let after = wait::until("its figures are back", || async {
        let readings = lab.observed.readings().await.ok()?;
        readings.unknown.is_empty().then(|| lags(&readings))
    })
    .await;
    assert_eq!(after, before);
}

async fn a_lost_node_is_told_and_costs_nothing_else(lab: &mut Lab) {
    let before = lags(&lab.observed.readings().await.unwrap());
    lab.kafka.kill(2);
    wait::until("the loss of a node is told", || async {
        let topology = lab.observed.topology().await.ok()?;
        let orders = topology
            .destinations
            .iter()
            .find(|topic| topic.name == "orders")?;
        let is_behind = orders
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::UnderReplicated);
        // Fenced, not forgotten; followers are taken out before that.
        let lost = topology.nodes.iter().find(|node| node.id == "3")?;
        (is_behind && lost.running == Some(false)).then_some(())
    })
    .await;
    // Leaders move one by one: until they have, two answers are of two moments.
    wait::until("Kafka's own tools tell the same", || async {
        let topology = lab.observed.topology().await.ok()?;
        let by_kafka = tokio::task::block_in_place(|| topics_of_kafka(&lab.bootstrap()));
        (told_by_waybill(&topology) == by_kafka).then_some(())
    })
    .await;
    // Leaders and coordinators moved: the same figures, without a restart of ours.
    let after = wait::until("everything is read again", || async {
        let readings = lab.observed.readings().await.ok()?;
        readings.unknown.is_empty().then(|| lags(&readings))
    })
    .await;
    assert_eq!(after, before);

    lab.kafka.launch(2);
    tokio::task::block_in_place(|| lab.kafka.wait_started(2));
    wait::until("it is in sync again", || async {
        let topology = lab.observed.topology().await.ok()?;
        topology
            .destinations
            .iter()
            .all(|topic| topic.findings.is_empty())
            .then_some(())
    })
    .await;
    (0..3).for_each(|node| lab.kafka.kill(node));
    // Nobody is there, and no figure is made up.
    let refused = lab.observed.readings().await.unwrap_err();
    assert!(
        refused.detail.contains("which advertises 127.0.0.1:"),
        "{refused}"
    );
}
