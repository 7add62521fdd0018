//! Where the nodes of the map stand: publishers left, destinations in the middle, consumers right.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::messaging::DestinationRole;
use waybill_model::view::{DestinationLine, MapEdge, MapEdgeKind};

use super::plan::{DESTINATION_WIDTH, Line, Node, Plan, ROW, SERVICE_WIDTH, WIDTH};

/// More destinations than this are left to the table.
const SHOWN: usize = 14;

type Place = (String, String);

/// Deterministic: the same edges always give the same drawing.
pub fn layout(edges: &[MapEdge], destinations: &[DestinationLine]) -> Plan {
    let roles: BTreeMap<Place, DestinationRole> = destinations
        .iter()
        .map(|line| ((line.system.clone(), line.destination.clone()), line.role))
        .collect();
    let (shown, left_out) = choose(edges);
    let edges: Vec<&MapEdge> = edges.iter().filter(|e| shown.contains(&place(e))).collect();

    let mut middle: Vec<Node> = shown
        .iter()
        .map(|key| Node {
            name: key.1.clone(),
            system: key.0.clone(),
            role: roles.get(key).copied().unwrap_or_default(),
            x: (WIDTH - DESTINATION_WIDTH) / 2.0,
            y: 0.0,
            per_s: edges
                .iter()
                .filter(|e| e.kind != MapEdgeKind::Consumes && place(e) == *key)
                .map(|e| e.per_s)
                .sum(),
            failed_share: worst(edges.iter().filter(|e| place(e) == *key)),
        })
        .collect();
    middle.sort_by(|a, b| {
        (&a.system, stem(&a.name), role_rank(a.role), &a.name).cmp(&(
            &b.system,
            stem(&b.name),
            role_rank(b.role),
            &b.name,
        ))
    });
    let left = services(&edges, |kind| kind == MapEdgeKind::Publishes);
    let right = services(&edges, |kind| kind != MapEdgeKind::Publishes);
    let rows = middle.len().max(left.len()).max(right.len()).max(1) as f64;
    let height = rows * ROW;
    spread(&mut middle, height);
    let at = |key: &Place| {
        middle
            .iter()
            .find(|node| node.system == key.0 && node.name == key.1)
            .map_or(0.0, |node| node.y)
    };
    let column = |names: BTreeSet<String>, x: f64, publishes: bool| -> Vec<Node> {
        let mut nodes: Vec<Node> = names
            .into_iter()
            .map(|name| {
                let mine = || {
                    edges.iter().filter(|e| {
                        e.service == name && (e.kind == MapEdgeKind::Publishes) == publishes
                    })
                };
                let count = mine().count().max(1) as f64;
                Node {
                    system: String::new(),
                    role: DestinationRole::Origin,
                    x,
                    y: mine().map(|e| at(&place(e))).sum::<f64>() / count,
                    per_s: mine().map(|e| e.per_s).sum(),
                    failed_share: worst(mine()),
                    name: name.clone(),
                }
            })
            .collect();
        nodes.sort_by(|a, b| a.y.total_cmp(&b.y).then_with(|| a.name.cmp(&b.name)));
        spread(&mut nodes, height);
        nodes
    };
    let publishers = column(left, 0.0, true);
    let consumers = column(right, WIDTH - SERVICE_WIDTH, false);
    let lines = edges
        .iter()
        .map(|e| line(e, &publishers, &consumers, at(&place(e))))
        .collect();
    Plan {
        height,
        publishers,
        destinations: middle,
        consumers,
        lines,
        left_out,
    }
}

/// Failing ones first, then the busiest.
fn choose(edges: &[MapEdge]) -> (BTreeSet<Place>, usize) {
    let mut weights: BTreeMap<Place, (f64, f64)> = BTreeMap::new();
    for edge in edges {
        let weight = weights.entry(place(edge)).or_default();
        weight.0 = weight.0.max(edge.failed_share);
        weight.1 += edge.per_s;
    }
    let mut ranked: Vec<_> = weights.into_iter().collect();
    ranked.sort_by(|a, b| {
        (b.1.0 > 0.0)
            .cmp(&(a.1.0 > 0.0))
            .then_with(|| b.1.1.total_cmp(&a.1.1))
            .then_with(|| a.0.cmp(&b.0))
    });
    let left_out = ranked.len().saturating_sub(SHOWN);
    let shown = ranked.into_iter().take(SHOWN).map(|(key, _)| key).collect();
    (shown, left_out)
}

fn line(edge: &MapEdge, publishers: &[Node], consumers: &[Node], y: f64) -> Line {
    let service = |nodes: &[Node]| {
        nodes
            .iter()
            .find(|node| node.name == edge.service)
            .map_or(0.0, |node| node.y)
    };
    let middle_left = (WIDTH - DESTINATION_WIDTH) / 2.0;
    let middle_right = middle_left + DESTINATION_WIDTH;
    let consumer = (WIDTH - SERVICE_WIDTH, service(consumers));
    let (from, to) = match edge.kind {
        MapEdgeKind::Publishes => ((SERVICE_WIDTH, service(publishers)), (middle_left, y)),
        MapEdgeKind::Consumes => ((middle_right, y), consumer),
        // Put again by the consumer: back to the middle.
        MapEdgeKind::Retries | MapEdgeKind::DeadLetters => (consumer, (middle_right, y)),
    };
    Line {
        kind: edge.kind,
        from,
        to,
        per_s: edge.per_s,
        failed_share: edge.failed_share,
    }
}

fn services(edges: &[&MapEdge], wanted: impl Fn(MapEdgeKind) -> bool) -> BTreeSet<String> {
    edges
        .iter()
        .filter(|e| wanted(e.kind))
        .map(|e| e.service.clone())
        .collect()
}

fn place(edge: &MapEdge) -> Place {
    (edge.system.clone(), edge.destination.clone())
}

fn worst<'a>(edges: impl Iterator<Item = &'a &'a MapEdge>) -> f64 {
    edges.map(|e| e.failed_share).fold(0.0, f64::max)
}

/// The part of a name that its retry and dead-letter companions share.
fn stem(name: &str) -> &str {
    name.split(['.', '-', '_']).next().unwrap_or(name)
}

fn role_rank(role: DestinationRole) -> u8 {
    match role {
        DestinationRole::Origin => 0,
        DestinationRole::Retry => 1,
        DestinationRole::DeadLetter => 2,
        DestinationRole::Internal => 3,
    }
}

/// Evenly over the height, in the order given.
fn spread(nodes: &mut [Node], height: f64) {
    let step = height / nodes.len().max(1) as f64;
    for (at, node) in nodes.iter_mut().enumerate() {
        node.y = step * (at as f64 + 0.5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(kind: MapEdgeKind, service: &str, destination: &str, failed_share: f64) -> MapEdge {
        MapEdge {
            kind,
            service: service.into(),
            system: "queue".into(),
            destination: destination.into(),
            per_s: 1.0,
            failed_share,
        }
    }

    #[test]
    fn publishers_stand_left_and_consumers_right() {
        let edges = [
            edge(MapEdgeKind::Publishes, "shop", "orders", 0.0),
            edge(MapEdgeKind::Consumes, "billing", "orders", 0.1),
            edge(MapEdgeKind::DeadLetters, "billing", "orders.dlq", 0.0),
        ];
        let map = layout(&edges, &[]);
        assert_eq!(map.publishers.len(), 1);
        assert_eq!(map.consumers.len(), 1);
        assert_eq!(map.destinations.len(), 2);
        assert!(map.lines[0].from.0 < map.lines[0].to.0);
        assert!(map.lines[2].from.0 > map.lines[2].to.0);
    }

    #[test]
    fn a_failing_destination_is_never_left_out_for_a_quiet_one() {
        let mut edges: Vec<_> = (0..40)
            .map(|n| {
                edge(
                    MapEdgeKind::Publishes,
                    "shop",
                    &format!("topic-{n:02}"),
                    0.0,
                )
            })
            .collect();
        edges.push(edge(MapEdgeKind::Consumes, "billing", "zz", 0.5));
        let map = layout(&edges, &[]);
        assert_eq!(map.destinations.len(), SHOWN);
        assert_eq!(map.left_out, 41 - SHOWN);
        assert!(map.destinations.iter().any(|node| node.name == "zz"));
    }
}
