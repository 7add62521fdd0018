//! What Waybill reads of a real RocketMQ is what RocketMQ itself says, and reading changes nothing.

use std::collections::BTreeMap;

use serde_json::json;
use waybill_broker::conformance;
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{Group, Readings, RouteKind, Topology};
use waybill_tests::rocketmq::{Kind, Rocket, Site};
use waybill_tests::rocketmq_client::Client;
use waybill_tests::rocketmq_cluster::mqadmin;
use waybill_tests::wait;

use super::kafka_observed::{Observed, PATIENCE};
use super::scene::{self, check, cluster, fresh, one, serve};

const ORDERS: &str = "observed-orders";
const QUEUES: u32 = 2;

/// Committed and head of each queue that the group has a position in.
type Figures = BTreeMap<(String, String), (Option<i64>, i64)>;

fn figures(readings: &Readings, group: &str) -> Figures {
    let heads: BTreeMap<(&str, &str), i64> = readings
        .heads
        .iter()
        .map(|head| {
            (
                (head.destination.as_str(), head.partition.as_str()),
                head.head,
            )
        })
        .collect();
    let commits = readings
        .commits
        .iter()
        .filter(|commit| commit.group == group);
    commits
        .map(|commit| {
            let place = (commit.destination, commit.partition);
            let key = (place.0.to_owned(), place.1.to_owned());
            (key, (commit.committed, heads[&place]))
        })
        .collect()
}

fn by_the_broker(site: &Site, group: &str, topics: &[(&str, u32)]) -> Figures {
    let queues = topics
        .iter()
        .flat_map(|(topic, queues)| (0..*queues).map(move |queue| (*topic, queue)));
    queues
        .map(|(topic, queue)| {
            let key = (topic.to_owned(), format!("broker-a:{queue}"));
            let committed = site.committed(group, topic, queue);
            (key, (committed, site.max_offset(topic, queue)))
        })
        .collect()
}

/// `mqadmin consumerProgress`: topic, broker, queue, the broker's offset, the consumer's.
fn by_mqadmin(site: &Site, group: &str) -> Figures {
    let text = mqadmin(&["consumerProgress", "-n", &site.namesrv, "-g", group]);
    let rows = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() >= 6 && row[1] == "broker-a")
        .map(|row| {
            let key = (row[0].to_owned(), format!("{}:{}", row[1], row[2]));
            (key, (row[4].parse().ok(), row[3].parse().unwrap()))
        })
        .collect()
}

fn group<'a>(topology: &'a Topology, name: &str) -> Option<&'a Group> {
    topology.groups.iter().find(|group| group.name == name)
}

fn setting<'a>(group: &'a Group, name: &str) -> Option<&'a str> {
    let mut settings = group.settings.iter();
    settings
        .find(|setting| setting.name == name)?
        .value
        .as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_what_rocketmq_tells() {
    let rocket = tokio::task::block_in_place(Rocket::shared);
    let site = rocket.site();
    let namesrv = format!("namesrv={}", site.namesrv);
    tokio::task::block_in_place(|| {
        site.topic(ORDERS, QUEUES, Kind::Normal);
        for name in [
            "observed-push",
            "observed-pop",
            "observed-fails",
            "observed-never",
        ] {
            site.group(name, 1);
        }
        for at in 0..5 {
            site.send(ORDERS, at % QUEUES, "", b"one");
        }
    });
    let topic = format!("topic={ORDERS}");
    let clients = tokio::task::block_in_place(|| {
        let push = |group: &str, behave: &str| {
            let group = format!("group={group}");
            let words = [
                "push",
                &namesrv,
                &group,
                &topic,
                "from=first",
                "retries=1",
                behave,
            ];
            Client::start(&words)
        };
        let mut clients = vec![
            push("observed-push", "behave=ok"),
            push("observed-fails", "behave=later"),
        ];
        let endpoints = format!("endpoints={}", rocket.proxy_grpc());
        clients.push(Client::start(&[
            "pop",
            &endpoints,
            "group=observed-pop",
            &topic,
        ]));
        clients[0].until("a message", |event| event["attempt"] == 1);
        clients[2].until("a message over gRPC", |event| event["event"] == "message");
        clients
    });
    let observed = Observed::of(
        "rocketmq",
        json!({"namesrv": [site.namesrv], "proxies": [rocket.proxy()]}),
    );

    let topology = wait::until("members and dead letters", || async {
        let topology = observed.topology().await.unwrap();
        let has_one = |name: &str| {
            let members = group(&topology, name)?.members.as_ref()?;
            (members.len() == 1).then_some(())
        };
        has_one("observed-push")?;
        has_one("observed-pop")?;
        let mut topics = topology.destinations.iter();
        topics.find(|topic| topic.name == "%DLQ%observed-fails")?;
        Some(topology)
    })
    .await;
    roles_and_routes(&topology);
    let push = group(&topology, "observed-push").unwrap();
    assert_eq!(
        (push.kind.as_str(), push.state.as_deref()),
        ("push", Some("online"))
    );
    assert_eq!(setting(push, "consumeType"), Some("CONSUME_PASSIVELY"));
    assert_eq!(setting(push, "messageModel"), Some("CLUSTERING"));
    assert_eq!(setting(push, "retryMaxTimes"), Some("1"));
    assert_eq!(
        setting(push, &format!("subscription {ORDERS}")),
        Some("TAG *")
    );
    let pop = group(&topology, "observed-pop").unwrap();
    assert_eq!(
        (pop.kind.as_str(), pop.state.as_deref()),
        ("pop", Some("online"))
    );
    let never = group(&topology, "observed-never").unwrap();
    assert_eq!(never.state.as_deref(), Some("not online"));
    assert_eq!(never.members.as_deref(), Some(&[][..]));

    // At rest: messages are consumed, positions are told to the broker every five seconds.
    for name in ["observed-push", "observed-pop"] {
        wait::until("all is consumed", || async {
            let readings = observed.readings().await.unwrap();
            let mine = figures(&readings, name);
            let orders: Vec<_> = mine
                .iter()
                .filter(|((topic, _), _)| topic == ORDERS)
                .collect();
            let done = orders
                .iter()
                .all(|(_, (committed, head))| *committed == Some(*head));
            (orders.len() == QUEUES as usize && done).then_some(())
        })
        .await;
    }
    let readings = observed.readings().await.unwrap();
    let told = figures(&readings, "observed-push");
    let retry = ("%RETRY%observed-push", 1);
    let by_broker = tokio::task::block_in_place(|| {
        by_the_broker(&site, "observed-push", &[(ORDERS, QUEUES), retry])
    });
    assert_eq!(told, by_broker);
    let by_tool = tokio::task::block_in_place(|| by_mqadmin(&site, "observed-push"));
    for (place, (committed, head)) in &by_tool {
        // The tool writes 0 where a group never committed.
        let (ours, ends) = told[place];
        assert_eq!(
            (ours.unwrap_or(0), ends),
            (committed.unwrap(), *head),
            "{place:?}"
        );
    }
    assert!(
        by_tool.keys().any(|(topic, _)| topic == ORDERS),
        "{by_tool:?}"
    );

    // One more that nobody takes: the lag is one, at once.
    drop(clients);
    let before = figures(&observed.readings().await.unwrap(), "observed-push");
    tokio::task::block_in_place(|| site.send(ORDERS, 0, "", b"late"));
    wait::until("a lag of one", || async {
        let readings = observed.readings().await.unwrap();
        let (committed, head) =
            figures(&readings, "observed-push")[&(ORDERS.to_owned(), "broker-a:0".to_owned())];
        (head - committed? == 1).then_some(())
    })
    .await;
    assert_eq!(before.len(), told.len());

    // Other tests make topics and groups meanwhile: between two answers all may stand still.
    wait::until("the contract holds", || async {
        match conformance::observe(observed.cluster(), PATIENCE).await {
            Ok(told) => Some(told),
            Err(broken) => {
                println!("{broken:#?}");
                None
            }
        }
    })
    .await;
}

fn roles_and_routes(topology: &Topology) {
    let role = |name: &str| {
        let mut topics = topology.destinations.iter();
        topics.find(|topic| topic.name == name).unwrap().role
    };
    assert_eq!(role(ORDERS), DestinationRole::Origin);
    assert_eq!(role("%RETRY%observed-fails"), DestinationRole::Retry);
    assert_eq!(role("%DLQ%observed-fails"), DestinationRole::DeadLetter);
    assert_eq!(role("SCHEDULE_TOPIC_XXXX"), DestinationRole::Internal);
    let has = |kind, from: &str, to: &str| {
        let mut routes = topology.routes.iter();
        assert!(
            routes.any(|route| route.kind == kind && route.from == from && route.to == to),
            "{from} to {to}: {:?}",
            topology.routes
        );
    };
    has(RouteKind::Retry, ORDERS, "%RETRY%observed-fails");
    has(
        RouteKind::DeadLetter,
        "%RETRY%observed-fails",
        "%DLQ%observed-fails",
    );
    assert_eq!(topology.cluster_id.as_deref(), Some("waybill"));
    assert_eq!(topology.version.as_deref(), Some("5.5.0"));
    let roles: Vec<&str> = topology
        .nodes
        .iter()
        .map(|node| node.roles[0].as_str())
        .collect();
    assert_eq!(roles, ["name server", "proxy", "broker"]);
    assert!(topology.nodes.iter().all(|node| node.running == Some(true)));
}

/// Delay levels, and messages whose transaction is open: the broker's own readers have a lag.
#[tokio::test(flavor = "multi_thread")]
async fn the_brokers_own_readers_have_a_lag_too() {
    let site = tokio::task::block_in_place(Rocket::shared).site();
    let observed = Observed::of("rocketmq", json!({"namesrv": [site.namesrv]}));
    tokio::task::block_in_place(|| {
        site.topic("observed-late", 1, Kind::Delay);
        // Level 1 is queue 0 of the topic in which they wait.
        site.send("observed-late", 0, "DELAY\u{1}1\u{2}", b"later");
    });
    wait::until("it was put back under its topic", || async {
        let readings = observed.readings().await.unwrap();
        let own = figures(&readings, "SCHEDULE_CONSUMER");
        let place = ("SCHEDULE_TOPIC_XXXX".to_owned(), "broker-a:0".to_owned());
        let (committed, head) = *own.get(&place)?;
        (head >= 1 && committed == Some(head)).then_some(())
    })
    .await;
    let topology = observed.topology().await.unwrap();
    let own = group(&topology, "SCHEDULE_CONSUMER").unwrap();
    assert_eq!(own.kind, "internal");
    assert_eq!(own.members, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_program_shows_a_rocketmq() {
    let site = tokio::task::block_in_place(Rocket::shared).site();
    tokio::task::block_in_place(|| {
        site.topic("observed-whole", 1, Kind::Normal);
        site.group("observed-reader", 1);
        site.send("observed-whole", 0, "", b"one");
        let namesrv = format!("namesrv={}", site.namesrv);
        let words = [
            "push",
            &namesrv,
            "group=observed-reader",
            "topic=observed-whole",
            "from=first",
        ];
        let mut reader = Client::start(&words);
        reader.until("the message", |event| event["attempt"] == 1);
        let deadline = std::time::Instant::now() + wait::PATIENCE;
        while site.committed("observed-reader", "observed-whole", 0) != Some(1) {
            assert!(std::time::Instant::now() < deadline, "nothing is committed");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        drop(reader);
        site.send("observed-whole", 0, "", b"two");
    });
    let settings = format!("namesrv = [{:?}]", site.namesrv);
    let configuration = cluster("payments", "rocketmq", "1s", &settings);
    let database = waybill_store::testing::TestDatabase::new().await;
    let looked = check(&database, &configuration).await;
    assert_eq!(looked.code, 0, "{}", looked.said);

    let mut server = serve(&configuration).await;
    let told = fresh(&server, "payments").await;
    assert_eq!(told["version"], "5.5.0");
    scene::until(
        &server,
        "a lag of one",
        "/groups?q=observed-reader",
        |list| {
            let group = one(list, "group", "observed-reader")?;
            (group["lag_messages"] == 1).then_some(())
        },
    )
    .await;
    let list = server.api("/destinations?q=observed-whole").await;
    let topic = one(&list, "name", "observed-whole").unwrap();
    assert_eq!(topic["kind"], "topic");
}
