//! Which producer spans are one message.

use std::collections::{BTreeMap, HashMap};

use waybill_model::messaging::Operation;
use waybill_model::span::SpanKind;

use super::graph::{Graph, Part};
use super::message::{Place, Put, place};

/// One put for each message that a producer span at hand tells of. Nested spans of one publish
/// (two instrumentations, or one that wraps itself) and a creation with its later sending are one.
pub fn collect(graph: &Graph<'_>) -> Vec<Put> {
    let mut groups = Groups::new(graph);
    let mut umbrella = vec![false; graph.nodes.len()];
    let nested = nested(graph);
    for node in graph.puts() {
        if let Some(created) = created_by_link(graph, node) {
            match created.as_slice() {
                [one] => groups.join(*one, node),
                // Sends many at once: each message is its creation's.
                _ => umbrella[node] = true,
            }
        }
        let below = nested.get(&node).map_or(&[][..], Vec::as_slice);
        if below.len() > 1 && !graph.is(node, Operation::Create) {
            umbrella[node] = true;
        } else {
            below.iter().for_each(|inner| groups.join(node, *inner));
        }
    }
    for (native, told) in told_twice(graph) {
        groups.join(native, told);
    }
    let mut puts: BTreeMap<usize, Put> = BTreeMap::new();
    for node in graph.puts().filter(|&n| !umbrella[n]) {
        let put = puts.entry(groups.root(node)).or_default();
        add(graph, put, node);
    }
    let mut puts: Vec<Put> = puts.into_values().collect();
    for put in &mut puts {
        let among = put.spans.clone();
        put.spans.sort_by_key(|&n| (depth(graph, n, &among), n));
        // Deliveries name no context of a broker's own trace.
        if put.spans.iter().any(|&n| !graph.is_native(n)) {
            put.spans.retain(|&n| !graph.is_native(n));
        }
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
    put.cluster.learn(&graph.nodes[node].cluster);
    for (own, told) in [
        (&mut put.destination, &facts.destination),
        (&mut put.message_id, &facts.message_id),
        (&mut put.key, &facts.key),
    ] {
        if own.is_none() {
            own.clone_from(told);
        }
    }
}

/// Puts of a broker's own trace, each with the span of OpenTelemetry that tells of the same message.
fn told_twice(graph: &Graph<'_>) -> Vec<(usize, usize)> {
    let mut by_id: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for node in graph.puts().filter(|&n| !graph.is_native(n)) {
        let Some(facts) = graph.facts(node) else {
            continue;
        };
        if let Some(id) = &facts.message_id {
            let nodes = by_id.entry((&facts.system, id)).or_default();
            nodes.push(node);
        }
    }
    let natives = graph.puts().filter(|&n| graph.is_native(n));
    natives
        .filter_map(|native| {
            let facts = graph.facts(native)?;
            let id = (facts.system.as_str(), facts.message_id.as_deref()?);
            let mut same = by_id.get(&id)?.iter().copied();
            let told = same.find(|&told| agree(graph, native, told))?;
            Some((native, told))
        })
        .collect()
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

/// Deliveries name the creation where there is one: what only sends it, counts as outer.
fn depth(graph: &Graph<'_>, node: usize, among: &[usize]) -> usize {
    let links_to = graph.nodes[node]
        .span
        .links
        .iter()
        .filter_map(|l| graph.find((l.trace_id, l.span_id)))
        .any(|n| among.contains(&n));
    let only_sends = links_to || graph.nodes[node].span.kind == SpanKind::Client;
    let above = graph.ancestors(node).filter(|a| among.contains(a)).count();
    if only_sends { 0 } else { above + 1 }
}

/// Which spans are one put. What was sent to two places is two.
struct Groups {
    parents: Vec<usize>,
    places: Vec<Option<Place>>,
}

impl Groups {
    fn new(graph: &Graph<'_>) -> Self {
        let place_of = |n| {
            graph
                .facts(n)
                .and_then(|f| place(f.partition.as_deref(), f.offset))
        };
        Self {
            parents: (0..graph.nodes.len()).collect(),
            places: (0..graph.nodes.len()).map(place_of).collect(),
        }
    }

    fn root(&self, mut node: usize) -> usize {
        while self.parents[node] != node {
            node = self.parents[node];
        }
        node
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        match (&self.places[low], &self.places[high]) {
            (Some(x), Some(y)) if x != y => {}
            (None, Some(_)) => {
                self.places[low] = self.places[high].clone();
                self.parents[high] = low;
            }
            _ => self.parents[high] = low,
        }
    }
}
