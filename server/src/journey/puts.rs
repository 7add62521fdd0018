//! Which producer spans are one message.

use waybill_model::messaging::Operation;

use super::graph::{Graph, Part};
use super::message::{Put, place};

/// One put for each message that a producer span at hand tells of. Nested spans of one publish
/// (two instrumentations, or one that wraps itself) and a creation with its later sending are one.
pub fn collect(graph: &Graph<'_>) -> Vec<Put> {
    let mut group: Vec<usize> = (0..graph.nodes.len()).collect();
    let mut umbrella = vec![false; graph.nodes.len()];
    for node in graph.puts() {
        if let Some(created) = created_by_link(graph, node) {
            match created.as_slice() {
                [one] => join(&mut group, *one, node),
                // Sends many at once: each message is its creation's.
                _ => umbrella[node] = true,
            }
        }
        let children = nested(graph, node);
        match children.as_slice() {
            [] => {}
            [one] => join(&mut group, node, *one),
            _ => umbrella[node] = true,
        }
    }
    let mut puts: Vec<(usize, Put)> = Vec::new();
    for node in graph.puts().filter(|&n| !umbrella[n]) {
        let root = find(&group, node);
        match puts.iter_mut().find(|(r, _)| *r == root) {
            Some((_, put)) => add(graph, put, node),
            None => {
                let mut put = Put::default();
                add(graph, &mut put, node);
                puts.push((root, put));
            }
        }
    }
    for (_, put) in &mut puts {
        put.spans.sort_by_key(|&n| (depth(graph, n, &put.spans), n));
    }
    puts.into_iter().map(|(_, put)| put).collect()
}

fn add(graph: &Graph<'_>, put: &mut Put, node: usize) {
    let Some(facts) = graph.facts(node) else {
        return;
    };
    put.spans.push(node);
    put.system.clone_from(&facts.system);
    let told = place(facts.partition.as_deref(), facts.offset);
    put.place = put.place.take().or(told);
    for (own, told) in [
        (&mut put.destination, &facts.destination),
        (&mut put.message_id, &facts.message_id),
        (&mut put.key, &facts.key),
        (&mut put.cluster, &graph.nodes[node].cluster),
    ] {
        if own.is_none() {
            own.clone_from(told);
        }
    }
}

/// Creations that a sending span links to.
fn created_by_link(graph: &Graph<'_>, node: usize) -> Option<Vec<usize>> {
    let created: Vec<usize> = graph.nodes[node]
        .span
        .links
        .iter()
        .filter_map(|link| graph.find((link.trace_id, link.span_id)))
        .filter(|&n| graph.is(n, Operation::Create) && agree(graph, n, node))
        .collect();
    (!created.is_empty()).then_some(created)
}

/// Put spans directly below that tell of the same message. Spans of other kinds between are looked
/// through, other messaging spans are not.
fn nested(graph: &Graph<'_>, outer: usize) -> Vec<usize> {
    graph
        .puts()
        .filter(|&inner| inner != outer && graph.nodes[inner].span.trace_id == graph.nodes[outer].span.trace_id)
        .filter(|&inner| {
            graph
                .ancestors(inner)
                .find(|&a| graph.nodes[a].part != Part::Other)
                == Some(outer)
        })
        .filter(|&inner| agree(graph, outer, inner))
        .filter(|&inner| {
            // What is created may be sent much later and elsewhere; what is sent, is sent within.
            graph.is(outer, Operation::Create)
                || (graph.same_service(outer, inner)
                    && graph.nodes[inner].span.started_at <= graph.nodes[outer].span.ended_at)
        })
        .collect()
}

fn agree(graph: &Graph<'_>, a: usize, b: usize) -> bool {
    let (Some(x), Some(y)) = (graph.facts(a), graph.facts(b)) else {
        return false;
    };
    let fits = |x: &Option<String>, y: &Option<String>| x.is_none() || y.is_none() || x == y;
    let places = (place(x.partition.as_deref(), x.offset), place(y.partition.as_deref(), y.offset));
    x.system == y.system
        && fits(&x.destination, &y.destination)
        && fits(&x.message_id, &y.message_id)
        && fits(&x.key, &y.key)
        && !matches!(places, (Some(a), Some(b)) if a != b)
}

fn depth(graph: &Graph<'_>, node: usize, among: &[usize]) -> usize {
    let above = graph.ancestors(node).filter(|a| among.contains(a)).count();
    let links_to = graph.nodes[node]
        .span
        .links
        .iter()
        .filter_map(|l| graph.find((l.trace_id, l.span_id)))
        .filter(|n| among.contains(n))
        .count();
    // A send that links to its creation: deliveries name the creation, so it counts as innermost.
    if links_to > 0 { 0 } else { above + 1 }
}

fn find(group: &[usize], mut node: usize) -> usize {
    while group[node] != node {
        node = group[node];
    }
    node
}

fn join(group: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(group, a), find(group, b));
    let (low, high) = (a.min(b), a.max(b));
    group[high] = low;
}
