//! What other versions answer: see `tests/fixtures/rabbitmq/README.md` for where it comes from.

use std::path::PathBuf;

use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{
    Destination, DestinationKind, FindingKind, RouteKind, Topology, Unknown, Why,
};

use super::{PATIENCE, at};
use crate::rabbitmq::peer::{Answer, Peer};

async fn version(version: &str) -> Peer {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/rabbitmq/management")
        .join(version);
    Peer::start(move |target| {
        let path = target.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api/").unwrap();
        let totals = target.contains("enable_queue_totals=true");
        let named = folder.join(format!("{path}-totals.json"));
        let file = if totals && named.exists() {
            named
        } else {
            folder.join(format!("{path}.json"))
        };
        match std::fs::read(file) {
            Ok(body) => Answer::json(body),
            Err(_) => Answer::Http(404, "", Vec::new()),
        }
    })
    .await
}

fn queue<'a>(topology: &'a Topology, name: &str) -> &'a Destination {
    topology
        .destinations
        .iter()
        .find(|d| d.name == name)
        .unwrap()
}

fn why(unknown: &[Unknown], member: &str) -> Option<Why> {
    unknown.iter().find(|u| u.member == member).map(|u| u.why)
}

#[tokio::test]
async fn three_eight_with_mirrors() {
    let peer = version("3.8").await;
    let cluster = at(&peer);
    let observe = cluster.observe().unwrap();
    let topology = observe.topology(PATIENCE).await.unwrap();
    assert_eq!(topology.cluster_id.as_deref(), Some("rabbit@mq1"));
    assert_eq!(topology.version.as_deref(), Some("3.8.9"));
    assert_eq!(topology.connections, Some(2));

    let [first, second] = &topology.nodes[..] else {
        panic!("{:?}", topology.nodes)
    };
    assert_eq!(first.address.as_deref(), Some("mq1:5672"));
    assert_eq!(first.version.as_deref(), Some("3.8.9"));
    assert_eq!((first.leads, second.leads), (Some(2), Some(1)));
    assert!(first.alarms.is_empty());
    assert_eq!(second.address.as_deref(), Some("10.0.0.2:5671"));
    assert_eq!(second.version, None);
    assert_eq!(why(&second.unknown, "version"), Some(Why::Missing));
    assert_eq!(
        second.alarms,
        [
            "memory: publishers are blocked",
            "disk: publishers are blocked",
            "partition: lost sight of rabbit@mq1",
            "virtual host /: stopped"
        ]
    );

    let mirrored = queue(&topology, "mirrored");
    let partition = &mirrored.partitions[0];
    assert_eq!(partition.leader.as_deref(), Some("rabbit@mq1"));
    assert_eq!(partition.replicas, ["rabbit@mq1", "rabbit@mq2"]);
    assert_eq!(
        partition.in_sync.as_deref(),
        Some(&["rabbit@mq1".to_owned()][..])
    );
    let mode = mirrored
        .settings
        .iter()
        .find(|s| s.name == "ha-mode")
        .unwrap();
    assert_eq!(mode.source, "policy ha");

    let dead = queue(&topology, "dead");
    assert_eq!(dead.role, DestinationRole::DeadLetter);
    assert_eq!(why(&dead.unknown, "subtype"), Some(Why::Missing));
    let route = topology
        .routes
        .iter()
        .find(|r| r.kind == RouteKind::DeadLetter)
        .unwrap();
    assert_eq!(
        (route.from.as_str(), route.to.as_str()),
        ("mirrored", "dead")
    );
    assert_eq!(route.guarantee.as_deref(), Some("at-most-once"));

    // Just elected: nothing told, nothing zero.
    let raft = queue(&topology, "raft");
    assert_eq!(
        (raft.consumers, raft.stored_bytes, &raft.state),
        (None, None, &None)
    );
    assert_eq!(why(&raft.unknown, "settings"), Some(Why::Missing));
    let readings = observe.readings(PATIENCE).await.unwrap();
    let depth = |name: &str| {
        readings
            .depths
            .iter()
            .find(|d| d.destination == name)
            .unwrap()
    };
    assert_eq!(depth("raft").ready, None);
    assert_eq!(why(&depth("raft").unknown, "ready"), Some(Why::Missing));
    assert_eq!(depth("mirrored").ready, Some(3));
    assert_eq!(depth("mirrored").published_total, Some(10));
    assert_eq!(
        depth("mirrored").head_at.unwrap().to_string(),
        "2023-11-14T22:13:20.000Z"
    );
    assert_eq!(depth("dead").ready, Some(0));
    assert_eq!(
        why(&depth("dead").unknown, "published_total"),
        Some(Why::Missing)
    );

    let group = topology
        .groups
        .iter()
        .find(|g| g.name == "mirrored")
        .unwrap();
    let member = &group.members.as_ref().unwrap()[0];
    assert_eq!(member.host.as_deref(), Some("10.0.0.9:41000"));
    assert_eq!(group.consumer_capacity, Some(0.5));
    let states = topology.connection_states.as_ref().unwrap();
    assert_eq!((states["running"], states["flow"], states.len()), (1, 1, 2));
    // Without consumers there is nothing to measure.
    let dead = topology.groups.iter().find(|g| g.name == "dead").unwrap();
    assert_eq!(dead.consumer_capacity, None);
    assert_eq!(why(&dead.unknown, "consumer_capacity"), Some(Why::Missing));
    // Told as 0, which means no limit.
    assert_eq!(member.prefetch, None);
    assert_eq!(
        why(&group.unknown, "members.prefetch"),
        Some(Why::Unsupported)
    );
}

#[tokio::test]
async fn four_one_with_a_node_down() {
    let peer = version("4.1").await;
    let cluster = at(&peer);
    let topology = cluster.observe().unwrap().topology(PATIENCE).await.unwrap();
    let alarms: Vec<_> = topology.nodes.iter().map(|n| n.alarms.join("; ")).collect();
    assert_eq!(alarms, ["", "being drained", "not running"]);
    let down = &topology.nodes[2];
    assert_eq!((down.running, down.used_memory_bytes), (Some(false), None));

    let orders = queue(&topology, "orders");
    assert_eq!(orders.findings[0].kind, FindingKind::UnderReplicated);
    assert_eq!(
        orders.partitions[0].offline.as_deref(),
        Some(&["rabbit@mq3".to_owned()][..])
    );
    assert_eq!(
        queue(&topology, "alone").findings[0].kind,
        FindingKind::NoLeader
    );
    let log = queue(&topology, "log");
    assert_eq!(
        (log.kind, log.subtype.as_deref()),
        (DestinationKind::Stream, Some("stream"))
    );
    let age = log.settings.iter().find(|s| s.name == "max-age").unwrap();
    assert_eq!(
        (age.value.as_deref(), age.source.as_str()),
        (Some("7D"), "policy keep")
    );

    let group = topology.groups.iter().find(|g| g.name == "orders").unwrap();
    assert_eq!(group.state.as_deref(), Some("single active consumer"));
    let members = group.members.as_ref().unwrap();
    assert_eq!(members[0].prefetch, Some(50));
    assert_eq!(members[0].client_id.as_deref(), Some("billing"));
    assert_eq!((&members[1].client_id, &members[1].host), (&None, &None));
    assert_eq!(group.consumer_capacity, Some(0.75));

    let states = topology.connection_states.as_ref().unwrap();
    assert_eq!((states["blocked"], states["starting"]), (2, 1));

    // A stream's reader, where the plugin tells of it.
    let group = topology.groups.iter().find(|g| g.name == "log").unwrap();
    let reader = &group.members.as_ref().unwrap()[0];
    assert_eq!((reader.offset, reader.lag_messages), (Some(419), Some(81)));
    assert_eq!(reader.host.as_deref(), Some("10.0.0.9:40100"));
    assert_eq!(why(&group.unknown, "members.offset"), None);
    assert_eq!(
        why(&group.unknown, "consumer_capacity"),
        Some(Why::Unsupported)
    );
    let quorum = &queue(&topology, "orders").partitions[0];
    let untold = quorum
        .unknown
        .iter()
        .find(|u| u.member == "in_sync")
        .unwrap();
    assert!(untold.detail.as_ref().unwrap().contains("quorum_status"));
}

#[tokio::test]
async fn a_stream_without_the_plugin_that_shows_its_readers() {
    for status in [404, 406] {
        let stream = br#"[{"name":"log","vhost":"/","type":"stream","consumers":0}]"#;
        let rest = super::healthy(&[("queues", Answer::json(*stream))]);
        let peer = Peer::start(move |target| match target.starts_with("/api/stream/") {
            true => Answer::Http(status, "", Vec::new()),
            false => rest(target),
        })
        .await;
        let cluster = at(&peer);
        let topology = cluster.observe().unwrap().topology(PATIENCE).await.unwrap();
        let group = topology.groups.iter().find(|g| g.name == "log").unwrap();
        let unknown = group.unknown.iter().find(|u| u.member == "members.offset");
        assert_eq!(unknown.unwrap().why, Why::Unsupported, "{status}");
    }
}

#[tokio::test]
async fn four_one_without_statistics() {
    let peer = version("4.1-without-statistics").await;
    let cluster = at(&peer);
    let observe = cluster.observe().unwrap();
    let topology = observe.topology(PATIENCE).await.unwrap();
    assert_eq!(topology.nodes[0].used_memory_bytes, None);
    assert_eq!(
        why(&topology.nodes[0].unknown, "used_memory_bytes"),
        Some(Why::Missing)
    );
    // Neither path is there.
    assert_eq!(
        why(&topology.unknown, "connection_states"),
        Some(Why::Unsupported)
    );
    let readings = observe.readings(PATIENCE).await.unwrap();
    assert_eq!(
        readings.source.as_deref(),
        Some("management API, totals without statistics")
    );
    let ready: Vec<_> = readings.depths.iter().map(|d| d.ready).collect();
    // The second is either empty or not yet counted; the third is not told at all.
    assert_eq!(ready, [Some(3), None, None]);
    assert_eq!(
        why(&readings.depths[0].unknown, "consumers"),
        Some(Why::NotAsked)
    );
}

#[tokio::test]
async fn a_queue_goes_with_its_node_and_is_not_deleted() {
    for listed_as_down in [true, false] {
        goes_with_its_node(listed_as_down).await;
    }
}

async fn goes_with_its_node(listed_as_down: bool) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let down = Arc::new(AtomicBool::new(false));
    let is_down = down.clone();
    let up = super::healthy(&[(
        "queues",
        Answer::json(
            *br#"[{"name":"here","vhost":"/","type":"classic","node":"shop@mq2","messages_ready":5,"state":"running"},
                 {"name":"gone","vhost":"/","type":"classic","node":"shop@mq1","messages_ready":5}]"#,
        ),
    )]);
    // As 3.10.8 answers: the queue's name and that it is down, or nothing at all.
    let nodes = Answer::json(
        *br#"[{"name":"shop@mq1","running":true},{"name":"shop@mq2","running":false}]"#,
    );
    let listed =
        Answer::json(*br#"[{"name":"here","vhost":"/","node":"shop@mq2","state":"down"}]"#);
    let node_down = if listed_as_down {
        super::healthy(&[("nodes", nodes), ("queues", listed)])
    } else {
        super::healthy(&[("nodes", nodes)])
    };
    let peer = Peer::start(move |target| {
        if is_down.load(Ordering::SeqCst) {
            node_down(target)
        } else {
            up(target)
        }
    })
    .await;
    let cluster = at(&peer);
    let observe = cluster.observe().unwrap();
    assert_eq!(
        observe.topology(PATIENCE).await.unwrap().destinations.len(),
        3
    );
    down.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let topology = observe.topology(PATIENCE).await.unwrap();
        let here = queue(&topology, "here");
        assert_eq!(here.state.as_deref(), Some("node down"));
        assert_eq!(here.subtype.as_deref(), Some("classic"));
        assert_eq!(why(&here.unknown, "consumers"), Some(Why::Missing));
        assert!(topology.destinations.iter().all(|d| d.name != "gone"));
        let readings = observe.readings(PATIENCE).await.unwrap();
        assert_eq!(readings.depths.len(), 1);
        assert_eq!(readings.depths[0].ready, None);
    }
    down.store(false, Ordering::SeqCst);
    let topology = observe.topology(PATIENCE).await.unwrap();
    assert_eq!(queue(&topology, "here").state.as_deref(), Some("running"));
}
