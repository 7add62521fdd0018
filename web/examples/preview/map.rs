//! What flows between services, made up.

use waybill_model::map::{Map, MapEdgeKind, MapFlow, MapNode, MapSource};
use waybill_model::messaging::DestinationRole;

use crate::data::at;

pub fn map() -> Map {
    let mut nodes: Vec<MapNode> = Vec::new();
    let edges: Vec<MapFlow> = flows();
    for edge in &edges {
        let service = edge.service.clone().unwrap_or_default();
        let destination = MapNode::Destination {
            id: format!("d-{}", edge.destination),
            system: edge.system.clone(),
            cluster: Some("orders".into()),
            name: edge.destination.clone(),
            role: DestinationRole::Origin,
            told_by: vec![MapSource::Spans, MapSource::Broker],
            in_per_s: edge.per_s,
            out_per_s: edge.per_s,
            depth: Some(12),
            lag_messages: Some(if edge.destination == "orders" {
                1_204
            } else {
                0
            }),
        };
        let service = MapNode::Service {
            id: format!("s-{service}"),
            name: service,
        };
        for node in [destination, service] {
            if nodes.iter().all(|known| known.id() != node.id()) {
                nodes.push(node);
            }
        }
    }
    Map {
        as_of: at(0),
        from: at(-3_600_000),
        to: at(0),
        window_ms: 3_600_000,
        nodes,
        edges,
        with_brokers: true,
    }
}

fn flows() -> Vec<MapFlow> {
    use MapEdgeKind::{Consumes, DeadLetters, Publishes, Retries};
    [
        (Publishes, "shop", "kafka", "orders", 24.1, 0.0),
        (Consumes, "payment", "kafka", "orders", 24.0, 0.0),
        (Consumes, "inventory", "kafka", "orders", 24.1, 0.0),
        (Publishes, "payment", "kafka", "payments", 22.8, 0.0),
        (Consumes, "shop", "kafka", "payments", 22.8, 0.018),
        (
            Publishes,
            "inventory",
            "kafka",
            "inventory.reserved",
            21.3,
            0.0,
        ),
        (
            Consumes,
            "fulfilment",
            "kafka",
            "inventory.reserved",
            21.3,
            0.0,
        ),
        (Publishes, "shop", "rabbitmq", "notification", 20.9, 0.0),
        (
            Consumes,
            "notification",
            "rabbitmq",
            "notification",
            21.3,
            0.102,
        ),
        (
            Retries,
            "notification",
            "rabbitmq",
            "notification.retry",
            0.42,
            0.0,
        ),
        (
            DeadLetters,
            "notification",
            "rabbitmq",
            "notification.dead",
            0.004,
            0.0,
        ),
        (Publishes, "inventory", "rabbitmq", "fulfilment", 19.7, 0.0),
        (Consumes, "fulfilment", "rabbitmq", "fulfilment", 19.7, 0.0),
        (
            Publishes,
            "partner-gateway-with-a-long-name",
            "kafka",
            "<script>alert('x')</script>\u{0}",
            0.02,
            0.0,
        ),
    ]
    .into_iter()
    .map(
        |(kind, service, system, destination, per_s, failed_share)| {
            let ends = (format!("s-{service}"), format!("d-{destination}"));
            let (from, to) = match kind {
                Consumes => (ends.1, ends.0),
                _ => ends,
            };
            MapFlow {
                kind,
                from,
                to,
                via: None,
                service: Some(service.into()),
                system: system.into(),
                cluster: None,
                destination: destination.into(),
                group: None,
                told_by: vec![MapSource::Spans],
                per_s: Some(per_s),
                per_s_by: Some(MapSource::Spans),
                failed_share: Some(failed_share),
                p50_ms: Some(3.2),
                p99_ms: Some(80.0),
                lag_messages: None,
                unknown: Vec::new(),
            }
        },
    )
    .collect()
}
