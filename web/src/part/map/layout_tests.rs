use waybill_model::map::MapSource;
use waybill_model::time::Timestamp;

use super::*;

fn destination(name: &str, lag: Option<u64>) -> MapNode {
    MapNode::Destination {
        id: name.into(),
        system: "queue".into(),
        cluster: None,
        name: name.into(),
        role: DestinationRole::Origin,
        told_by: Vec::new(),
        in_per_s: None,
        out_per_s: None,
        depth: None,
        lag_messages: lag,
    }
}

fn service(name: &str) -> MapNode {
    MapNode::Service {
        id: name.into(),
        name: name.into(),
    }
}

fn edge(kind: MapEdgeKind, service: &str, destination: &str, failed_share: f64) -> MapFlow {
    let (from, to) = match kind {
        MapEdgeKind::Consumes => (destination, service),
        _ => (service, destination),
    };
    MapFlow {
        kind,
        from: from.into(),
        to: to.into(),
        via: None,
        service: Some(service.into()),
        system: "queue".into(),
        cluster: None,
        destination: destination.into(),
        group: None,
        told_by: vec![MapSource::Spans],
        per_s: Some(1.0),
        per_s_by: Some(MapSource::Spans),
        failed_share: Some(failed_share),
        p50_ms: None,
        p99_ms: None,
        lag_messages: None,
        unknown: Vec::new(),
    }
}

fn of_broker(kind: MapEdgeKind, from: &str, to: &str) -> MapFlow {
    MapFlow {
        service: None,
        told_by: vec![MapSource::Broker],
        failed_share: None,
        from: from.into(),
        to: to.into(),
        ..edge(kind, "", from, 0.0)
    }
}

fn map(nodes: Vec<MapNode>, edges: Vec<MapFlow>) -> Map {
    Map {
        as_of: Timestamp::EPOCH,
        from: Timestamp::EPOCH,
        to: Timestamp::EPOCH,
        window_ms: 0,
        nodes,
        edges,
        with_brokers: true,
    }
}

#[test]
fn publishers_stand_left_and_consumers_right() {
    let nodes = vec![
        service("shop"),
        service("billing"),
        destination("orders", None),
        destination("orders.dlq", None),
    ];
    let drawn = layout(&map(
        nodes,
        vec![
            edge(MapEdgeKind::Publishes, "shop", "orders", 0.0),
            edge(MapEdgeKind::Consumes, "billing", "orders", 0.1),
            edge(MapEdgeKind::DeadLetters, "billing", "orders.dlq", 0.0),
            // Drawn once: the consumer's own line says it.
            of_broker(MapEdgeKind::DeadLetters, "orders", "orders.dlq"),
        ],
    ));
    assert_eq!(drawn.publishers.len(), 1);
    assert_eq!(drawn.consumers.len(), 1);
    assert_eq!(drawn.destinations.len(), 2);
    assert_eq!(drawn.lines.len(), 3);
    assert!(drawn.lines[0].from.0 < drawn.lines[0].to.0);
    assert!(drawn.lines[2].from.0 > drawn.lines[2].to.0);
}

#[test]
fn what_only_a_broker_tells_is_drawn_with_its_groups_and_ways() {
    let group = MapNode::Group {
        id: "g".into(),
        system: "queue".into(),
        cluster: Some("east".into()),
        name: "audit".into(),
        told_by: vec![MapSource::Broker],
        group_id: Some("gr-1".into()),
        members: Some(1),
        lag_messages: Some(7),
    };
    let names = ["exchange", "orders", "orders.dlq"];
    let mut nodes: Vec<MapNode> = names.map(|name| destination(name, None)).into();
    nodes.push(group);
    let drawn = layout(&map(
        nodes,
        vec![
            of_broker(MapEdgeKind::Routes, "exchange", "orders"),
            of_broker(MapEdgeKind::DeadLetters, "orders", "orders.dlq"),
            of_broker(MapEdgeKind::Consumes, "orders", "g"),
        ],
    ));
    let [routes, dead, reads] = drawn.lines.as_slice() else {
        panic!("{:?}", drawn.lines);
    };
    assert!(routes.arc.unwrap() < 0.0 && dead.arc.unwrap() > 0.0 && reads.arc.is_none());
    assert!(drawn.lines.iter().all(|line| line.is_of_broker));
    assert_eq!(routes.from.0, routes.to.0);
    let audit = &drawn.consumers[0];
    assert_eq!(audit.what, What::Group(Some("gr-1".into())));
    assert_eq!(audit.lag_messages, Some(7));
}

#[test]
fn a_failing_or_lagging_destination_is_never_left_out_for_a_quiet_one() {
    let mut nodes = vec![service("shop"), service("billing")];
    let mut edges = Vec::new();
    for n in 0..40 {
        let name = format!("topic-{n:02}");
        nodes.push(destination(&name, Some(0)));
        edges.push(edge(MapEdgeKind::Publishes, "shop", &name, 0.0));
    }
    nodes.push(destination("yy", Some(3)));
    nodes.push(destination("zz", None));
    edges.push(edge(MapEdgeKind::Consumes, "billing", "zz", 0.5));
    let drawn = layout(&map(nodes, edges));
    assert_eq!(drawn.destinations.len(), SHOWN);
    assert_eq!(drawn.left_out, 42 - SHOWN);
    for name in ["yy", "zz"] {
        assert!(drawn.destinations.iter().any(|node| node.name == name));
    }
}
