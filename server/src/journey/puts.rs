//! Which producer spans are one message.

use std::collections::{BTreeMap, HashMap};

use waybill_model::messaging::Operation;

use super::graph::{Graph, Part};
use super::message::{Put, place};

/// One put for each message that a producer span at hand tells of. Nested spans of one publish
/// (two instrumentations, or one that wraps itself) and a creation with its later sending are one.
pub fn collect(graph: &Graph<'_>) -> Vec<Put> {
    let mut group: Vec<usize> = (0..graph.nodes.len()).collect();
    let mut umbrella = vec![false; graph.nodes.len()];
    let nested = nested(graph);
    for node in graph.puts() {
        if let Some(created) = created_by_link(graph, node) {
            match created.as_slice() {
                [one] => join(&mut group, *one, node),
                // Sends many at once: each message is its creation's.
                _ => umbrella[node] = true,
            }
        }
        match nested.get(&node).map_or(&[][..], Vec::as_slice) {
            [] => {}
            [one] => join(&mut group, node, *one),
            _ => umbrella[node] = true,
        }
    }
    let mut puts: BTreeMap<usize, Put> = BTreeMap::new();
    for node in graph.puts().filter(|&n| !umbrella[n]) {
        let put = puts.entry(find(&group, node)).or_default();
        add(graph, put, node);
    }
    let mut puts: Vec<Put> = puts.into_values().collect();
    for put in &mut puts {
        let among = put.spans.clone();
        put.spans.sort_by_key(|&n| (depth(graph, n, &among), n));
    }
    puts
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

/// For each put span those directly below it that tell of the same message. Spans of other kinds
/// between are looked through, other messaging spans are not.
fn nested(graph: &Graph<'_>) -> HashMap<usize, Vec<usize>> {
    let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
    for inner in graph.puts() {
        let nearest = graph
            .ancestors(inner)
            .find(|&a| graph.nodes[a].part != Part::Other);
        let Some(outer) = nearest.filter(|&a| a != inner && graph.nodes[a].part == Part::Put)
        else {
            continue;
        };
        // What is created may be sent much later and elsewhere; what is sent, is sent within.
        let within = graph.is(outer, Operation::Create)
            || (graph.same_service(outer, inner)
                && graph.nodes[inner].span.started_at <= graph.nodes[outer].span.ended_at);
        if within && agree(graph, outer, inner) {
            below.entry(outer).or_default().push(inner);
        }
    }
    below
}

fn agree(graph: &Graph<'_>, a: usize, b: usize) -> bool {
    let (Some(x), Some(y)) = (graph.facts(a), graph.facts(b)) else {
        return false;
    };
    let fits = |x: &Option<String>, y: &Option<String>| x.is_none() || y.is_none() || x == y;
    let places = (
        place(x.partition.as_deref(), x.offset),
        place(y.partition.as_deref(), y.offset),
    );
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
