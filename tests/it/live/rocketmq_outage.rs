//! Brokers, name servers and controllers that go away: what is told of them is of before, or unknown,
//! and the rest stands.

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use waybill_broker::adapter::Reason;
use waybill_broker::conformance;
use waybill_model::topology::{FindingKind, Topology, Why};
use waybill_tests::rocketmq::{Kind, Site};
use waybill_tests::rocketmq_cluster::{Cluster, Wanted};
use waybill_tests::wait;

use super::kafka_observed::{Observed, PATIENCE};

/// A second way to a server, which ends when this is dropped.
struct Way {
    address: String,
    task: tokio::task::JoinHandle<()>,
}

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move {
            let mut ways = tokio::task::JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let server = server.clone();
                ways.spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(server).await {
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn leaders(topology: &Topology, topic: &str) -> Vec<(String, Option<String>)> {
    let mut topics = topology.destinations.iter();
    let topic = topics.find(|one| one.name == topic).unwrap();
    let partitions = topic.partitions.iter();
    partitions
        .map(|partition| (partition.id.clone(), partition.leader.clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_or_a_name_server_that_is_killed_takes_only_its_own_away() {
    let mut cluster = tokio::task::block_in_place(|| {
        Cluster::start(&Wanted {
            brokers: 2,
            apart: true,
            ..Wanted::default()
        })
    });
    let site = |broker: usize| Site {
        namesrv: cluster.namesrv(),
        broker: cluster.broker(broker),
    };
    tokio::task::block_in_place(|| {
        for broker in 0..2 {
            site(broker).topic("orders", 1, Kind::Normal);
            site(broker).group("billing", 1);
            site(broker).send("orders", 0, "", b"one");
        }
    });
    let (first, second) = (
        Way::to(cluster.namesrv()).await,
        Way::to(cluster.namesrv()).await,
    );
    let observed = Observed::of(
        "rocketmq",
        json!({"namesrv": [first.address, second.address]}),
    );
    let told = wait::until("both brokers", || async {
        let told = conformance::observe(observed.cluster(), PATIENCE).await;
        let told = told.map_err(|broken| println!("{broken:?}")).ok()?;
        (leaders(&told.topology, "orders").len() == 2).then_some(told)
    })
    .await;
    let ends = |readings: &waybill_model::topology::Readings| -> Vec<(String, i64)> {
        let heads = readings
            .heads
            .iter()
            .filter(|head| head.destination == "orders");
        heads
            .map(|head| (head.partition.clone(), head.head))
            .collect()
    };
    let both = [("broker-a:0".to_owned(), 1), ("broker-b:0".to_owned(), 1)];
    assert_eq!(ends(&told.readings), both);

    // One way to the name server is gone: the other leads there.
    let gone = first.address.clone();
    drop(first);
    let readings = observed.readings().await.unwrap();
    assert_eq!(
        (ends(&readings), readings.unknown),
        (both.to_vec(), Vec::new())
    );
    let topology = observed.topology().await.unwrap();
    let node = topology
        .nodes
        .iter()
        .find(|node| node.address.as_deref() == Some(&gone))
        .unwrap();
    assert_eq!(node.running, Some(false));
    assert_eq!(conformance::topology(&topology), Vec::<String>::new());

    // A broker is killed: its queues have no figures, and nobody else's are touched.
    tokio::task::block_in_place(|| cluster.kill(1));
    for _ in 0..2 {
        let readings = observed.readings().await.unwrap();
        assert_eq!(ends(&readings), both[..1]);
        for member in ["heads", "commits"] {
            let unknown = readings
                .unknown
                .iter()
                .find(|u| u.member == member)
                .unwrap();
            assert_eq!(unknown.why, Why::Failed);
            assert!(
                unknown.detail.as_ref().unwrap().contains("broker-b"),
                "{unknown:?}"
            );
        }
    }
    let topology = observed.topology().await.unwrap();
    assert_eq!(conformance::topology(&topology), Vec::<String>::new());
    let of_both = leaders(&topology, "orders");
    assert_eq!(of_both.len(), 2, "{of_both:?}");
    assert!(
        of_both[0].1.is_some() && of_both[1].1.is_none(),
        "{of_both:?}"
    );
    let orders = topology
        .destinations
        .iter()
        .find(|one| one.name == "orders")
        .unwrap();
    assert!(
        orders
            .findings
            .iter()
            .any(|finding| finding.kind == FindingKind::NoLeader)
    );
    let node = topology
        .nodes
        .iter()
        .find(|node| node.id.starts_with("broker-b@"))
        .unwrap();
    assert_eq!(node.running, Some(false));

    // It comes back, and all is told again.
    tokio::task::block_in_place(|| {
        cluster.launch(1);
        cluster.wait_started(1);
    });
    wait::until("both brokers again", || async {
        let readings = observed.readings().await.ok()?;
        (ends(&readings) == both && readings.unknown.is_empty()).then_some(())
    })
    .await;

    // Without any name server, brokers that are known are still read.
    drop(second);
    let readings = observed.readings().await.unwrap();
    assert_eq!(ends(&readings), both);
    // And who knew none of them is refused.
    let stranger = Observed::of("rocketmq", json!({"namesrv": [gone]}));
    let refused = conformance::refuses(stranger.cluster(), PATIENCE)
        .await
        .unwrap();
    assert_eq!(refused.reason, Reason::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_shows() {
    let mut cluster = tokio::task::block_in_place(|| {
        let cluster = Cluster::start(&Wanted {
            brokers: 2,
            ..Wanted::default()
        });
        cluster.wait_in_sync(2);
        let site = cluster.site();
        site.topic("orders", 1, Kind::Normal);
        site.send("orders", 0, "", b"one");
        cluster.wait_known("orders");
        cluster
    });
    let observed = Observed::of(
        "rocketmq",
        json!({"namesrv": [cluster.namesrv()], "controllers": [cluster.controller().unwrap()]}),
    );
    let told = conformance::observe(observed.cluster(), PATIENCE)
        .await
        .unwrap();
    let first = tokio::task::block_in_place(|| cluster.master());
    let name = |broker: usize| format!("broker-a@{}", cluster.broker(broker));
    let (before, after) = (name(first), name(1 - first));
    let leader = |topology: &Topology| leaders(topology, "orders")[0].1.clone();
    assert_eq!(leader(&told.topology).as_ref(), Some(&before));
    let partition = |topology: &Topology| {
        let mut topics = topology.destinations.iter();
        topics.find(|one| one.name == "orders").unwrap().partitions[0].clone()
    };
    assert_eq!(partition(&told.topology).in_sync.unwrap().len(), 2);
    let controller = told.topology.controller.clone().unwrap();
    assert_eq!(
        controller,
        format!("controller@{}", cluster.controller().unwrap())
    );
    let epoch = |topology: &Topology, id: &str| -> Option<i64> {
        let node = topology.nodes.iter().find(|node| node.id == id)?;
        let role = node
            .roles
            .iter()
            .find_map(|role| role.strip_prefix("MASTER (epoch "))?;
        role.strip_suffix(')')?.parse().ok()
    };
    let old = epoch(&told.topology, &before).unwrap();

    tokio::task::block_in_place(|| cluster.kill(first));
    let topology = wait::until("the other is master", || async {
        let topology = observed.topology().await.ok()?;
        (leader(&topology).as_ref() == Some(&after)).then_some(topology)
    })
    .await;
    assert_eq!(conformance::topology(&topology), Vec::<String>::new());
    let new = epoch(&topology, &after).unwrap();
    assert!(new > old, "epoch {old}, then {new}");
    assert_eq!(epoch(&topology, &before), None);
    let partition = partition(&topology);
    assert_eq!(partition.in_sync, Some(vec![after.clone()]));
    assert_eq!(partition.offline, Some(vec![before]));
    let readings = wait::until("the message at the new master", || async {
        let readings = observed.readings().await.ok()?;
        readings.unknown.is_empty().then_some(readings)
    })
    .await;
    let head = readings
        .heads
        .iter()
        .find(|head| head.destination == "orders")
        .unwrap();
    assert_eq!((head.partition.as_str(), head.head), ("broker-a:0", 1));
}
