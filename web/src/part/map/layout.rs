//! Where the nodes of the map stand: publishers left, destinations in the middle, consumers right.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::map::{Map, MapEdgeKind, MapFlow, MapNode};
use waybill_model::messaging::DestinationRole;

use super::plan::{ARC, DESTINATION_WIDTH, Line, Node, Plan, ROW, SERVICE_WIDTH, WIDTH, What};

/// More destinations than this are left to the table.
const SHOWN: usize = 14;
const MIDDLE_LEFT: f64 = (WIDTH - DESTINATION_WIDTH) / 2.0;
const MIDDLE_RIGHT: f64 = MIDDLE_LEFT + DESTINATION_WIDTH;

/// Deterministic: the same map always gives the same drawing.
pub fn layout(map: &Map) -> Plan {
    let nodes: BTreeMap<&str, &MapNode> = map.nodes.iter().map(|node| (node.id(), node)).collect();
    let (shown, left_out) = choose(map, &nodes);
    let edges: Vec<&MapFlow> = map.edges.iter().filter(|e| is_shown(e, &shown)).collect();
    let mut middle: Vec<Node> = shown
        .iter()
        .filter_map(|id| nodes.get(id.as_str()))
        .map(|node| destination(node, &edges))
        .collect();
    middle.sort_by(|a, b| order(a).cmp(&order(b)));
    let left = ends(&edges, |edge| is_put(edge).then_some(&edge.from));
    let right = ends(&edges, |edge| match edge.kind {
        MapEdgeKind::Consumes => Some(&edge.to),
        MapEdgeKind::Retries | MapEdgeKind::DeadLetters if edge.service.is_some() => {
            Some(&edge.from)
        }
        _ => None,
    });
    let rows = middle.len().max(left.len()).max(right.len()).max(1) as f64;
    let height = rows * ROW;
    spread(&mut middle, height);
    let column = |ids: BTreeSet<&String>, x: f64, puts: bool| {
        let mut all: Vec<Node> = ids
            .into_iter()
            .filter_map(|id| nodes.get(id.as_str()))
            .map(|node| aside(node, &edges, &middle, x, puts))
            .collect();
        all.sort_by(|a, b| a.y.total_cmp(&b.y).then_with(|| a.name.cmp(&b.name)));
        spread(&mut all, height);
        all
    };
    let publishers = column(left, 0.0, true);
    let consumers = column(right, WIDTH - SERVICE_WIDTH, false);
    let by_spans: BTreeSet<(MapEdgeKind, &str)> = edges
        .iter()
        .filter(|edge| edge.service.is_some())
        .map(|edge| (edge.kind, edge.to.as_str()))
        .collect();
    let lines = edges
        .iter()
        // Of one way the line that spans tell of is enough.
        .filter(|e| !is_between(e) || !by_spans.contains(&(e.kind, e.to.as_str())))
        .map(|e| line(e, &publishers, &middle, &consumers))
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

/// Failing ones first, then those that lag, then the busiest.
fn choose(map: &Map, nodes: &BTreeMap<&str, &MapNode>) -> (BTreeSet<String>, usize) {
    let mut weights: BTreeMap<&str, (bool, bool, f64)> = BTreeMap::new();
    for node in &map.nodes {
        if let MapNode::Destination {
            id,
            in_per_s,
            out_per_s,
            lag_messages,
            ..
        } = node
        {
            let rate = in_per_s.unwrap_or_default() + out_per_s.unwrap_or_default();
            weights.insert(id, (false, lag_messages.unwrap_or_default() > 0, rate));
        }
    }
    for edge in &map.edges {
        for id in [&edge.from, &edge.to] {
            if let Some(weight) = weights.get_mut(id.as_str()) {
                weight.0 |= edge.failed_share.unwrap_or_default() > 0.0;
                weight.2 += edge.per_s.unwrap_or_default();
            }
        }
    }
    let mut ranked: Vec<_> = weights.into_iter().collect();
    ranked.sort_by(|(a, x), (b, y)| {
        (y.0, y.1)
            .cmp(&(x.0, x.1))
            .then_with(|| y.2.total_cmp(&x.2))
            .then_with(|| a.cmp(b))
    });
    let left_out = ranked.len().saturating_sub(SHOWN);
    let shown = ranked.into_iter().take(SHOWN).map(|(id, _)| id.to_owned());
    let is_known = |id: &String| nodes.contains_key(id.as_str());
    (shown.filter(is_known).collect(), left_out)
}

fn is_shown(edge: &MapFlow, shown: &BTreeSet<String>) -> bool {
    match edge.kind {
        MapEdgeKind::Consumes => shown.contains(&edge.from),
        _ if is_between(edge) => shown.contains(&edge.from) && shown.contains(&edge.to),
        _ => shown.contains(&edge.to),
    }
}

/// From a destination to another.
fn is_between(edge: &MapFlow) -> bool {
    edge.service.is_none() && edge.kind != MapEdgeKind::Consumes
}

fn is_put(edge: &MapFlow) -> bool {
    edge.kind == MapEdgeKind::Publishes
}

fn ends<'a>(
    edges: &[&'a MapFlow],
    pick: impl Fn(&'a MapFlow) -> Option<&'a String>,
) -> BTreeSet<&'a String> {
    edges.iter().filter_map(|edge| pick(edge)).collect()
}

fn destination(node: &MapNode, edges: &[&MapFlow]) -> Node {
    let id = node.id();
    let mine = || edges.iter().filter(|e| e.from == id || e.to == id);
    let puts = mine().filter(|e| e.to == id && e.service.is_some());
    let by_spans = puts.filter_map(|e| e.per_s).reduce(|a, b| a + b);
    let (role, told, lag_messages, system) = match node {
        MapNode::Destination {
            role,
            in_per_s,
            lag_messages,
            system,
            ..
        } => (*role, *in_per_s, *lag_messages, system.clone()),
        _ => (DestinationRole::Origin, None, None, String::new()),
    };
    Node {
        id: id.to_owned(),
        what: What::Destination(role),
        name: node.name().to_owned(),
        system,
        x: MIDDLE_LEFT,
        y: 0.0,
        // Spans count over the window, the broker now.
        per_s: by_spans.or(told),
        lag_messages,
        failed_share: worst(mine()),
    }
}

/// A node of one of the outer columns, beside the middle of what it is joined to.
fn aside(node: &MapNode, edges: &[&MapFlow], middle: &[Node], x: f64, puts: bool) -> Node {
    let id = node.id();
    let mine = || {
        let ends = |e: &&&MapFlow| e.from == id || e.to == id;
        edges.iter().filter(ends).filter(|e| is_put(e) == puts)
    };
    let other = |e: &MapFlow| {
        if e.from == id {
            e.to.clone()
        } else {
            e.from.clone()
        }
    };
    let count = mine().count().max(1) as f64;
    let y = mine().map(|e| at(middle, &other(e))).sum::<f64>() / count;
    let (what, system, lag_messages) = match node {
        MapNode::Group {
            group_id,
            system,
            lag_messages,
            ..
        } => (What::Group(group_id.clone()), system.clone(), *lag_messages),
        _ => (
            What::Service,
            String::new(),
            mine().filter_map(|e| e.lag_messages).max(),
        ),
    };
    Node {
        id: id.to_owned(),
        what,
        name: node.name().to_owned(),
        system,
        x,
        y,
        per_s: mine().filter_map(|e| e.per_s).reduce(|a, b| a + b),
        lag_messages,
        failed_share: worst(mine()),
    }
}

fn line(edge: &MapFlow, publishers: &[Node], middle: &[Node], consumers: &[Node]) -> Line {
    let consumer = |id: &str| (WIDTH - SERVICE_WIDTH, at(consumers, id));
    let (from, to, arc) = match edge.kind {
        MapEdgeKind::Publishes => (
            (SERVICE_WIDTH, at(publishers, &edge.from)),
            (MIDDLE_LEFT, at(middle, &edge.to)),
            None,
        ),
        MapEdgeKind::Consumes => (
            (MIDDLE_RIGHT, at(middle, &edge.from)),
            consumer(&edge.to),
            None,
        ),
        // The broker's own way: on the side where messages come from, or go to.
        MapEdgeKind::Routes => (
            (MIDDLE_LEFT, at(middle, &edge.from)),
            (MIDDLE_LEFT, at(middle, &edge.to)),
            Some(-ARC),
        ),
        MapEdgeKind::Retries | MapEdgeKind::DeadLetters if edge.service.is_none() => (
            (MIDDLE_RIGHT, at(middle, &edge.from)),
            (MIDDLE_RIGHT, at(middle, &edge.to)),
            Some(ARC),
        ),
        // Put again by the consumer: back to the middle.
        MapEdgeKind::Retries | MapEdgeKind::DeadLetters => (
            consumer(&edge.from),
            (MIDDLE_RIGHT, at(middle, &edge.to)),
            None,
        ),
    };
    Line {
        kind: edge.kind,
        from,
        to,
        arc,
        per_s: edge.per_s.unwrap_or_default(),
        failed_share: edge.failed_share.unwrap_or_default(),
        is_of_broker: edge.is_of_broker(),
    }
}

fn at(column: &[Node], id: &str) -> f64 {
    let node = column.iter().find(|node| node.id == id);
    node.map_or(0.0, |node| node.y)
}

fn worst<'a>(edges: impl Iterator<Item = &'a &'a MapFlow>) -> f64 {
    let shares = edges.filter_map(|e| e.failed_share);
    shares.fold(0.0, f64::max)
}

/// Beside its retry and dead-letter companions.
fn order(node: &Node) -> (&str, &str, u8, &str) {
    let rank = match node.what {
        What::Destination(DestinationRole::Retry) => 1,
        What::Destination(DestinationRole::DeadLetter) => 2,
        What::Destination(DestinationRole::Internal) => 3,
        _ => 0,
    };
    let stem = node.name.split(['.', '-', '_']).next();
    (&node.system, stem.unwrap_or(&node.name), rank, &node.name)
}

/// Evenly over the height, in the order given.
fn spread(nodes: &mut [Node], height: f64) {
    let step = height / nodes.len().max(1) as f64;
    for (at, node) in nodes.iter_mut().enumerate() {
        node.y = step * (at as f64 + 0.5);
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
