//! Attempts: the consumer spans that are one try of one delivery, and how each ended.

use std::collections::BTreeMap;

use waybill_model::journey::{Outcome, Witness};
use waybill_model::messaging::Operation;
use waybill_model::span::{SpanKind, StatusCode};

use super::graph::{Graph, Part};
use super::told_twice;
use super::trail::Trail;

/// One try, before it is told to the world.
pub struct Try {
    /// All spans of it, in order of start.
    pub nodes: Vec<usize>,
    /// The span that did the work.
    pub main: usize,
    /// The poll that got it, where there is a span of it.
    pub receive: Option<usize>,
    pub hop: usize,
    pub joined_by: Option<Witness>,
    pub group: Option<String>,
}

/// Tries in order of hop, then of start.
pub fn tries(graph: &Graph<'_>, trail: &Trail) -> Vec<Try> {
    let mut parts = together(graph, trail);
    merge_polls(graph, &mut parts);
    let tries: Vec<Try> = parts.into_iter().map(|p| p.into_try(graph)).collect();
    let mut tries = told_twice::told_once(graph, tries);
    tries.sort_by_key(|t| (t.hop, t.main));
    leave_out_postponed(graph, tries)
}

/// A delivery that was put off, and came again at the same place, was no attempt.
fn leave_out_postponed(graph: &Graph<'_>, tries: Vec<Try>) -> Vec<Try> {
    let follows = |t: &Try, later: &Try| {
        later.hop == t.hop
            && later.main > t.main
            && match (&t.group, &later.group) {
                (Some(a), Some(b)) => a == b,
                _ => graph.same_service(t.main, later.main),
            }
    };
    let came_again: Vec<bool> = tries
        .iter()
        .map(|t| t.is_postponed(graph) && tries.iter().any(|later| follows(t, later)))
        .collect();
    let kept = tries.into_iter().zip(came_again);
    kept.filter_map(|(t, came_again)| (!came_again).then_some(t))
        .collect()
}

struct Bundle {
    nodes: Vec<usize>,
    hop: usize,
    joined_by: Option<Witness>,
}

/// Spans of which one stands within another, or links to it, are one try.
fn together(graph: &Graph<'_>, trail: &Trail) -> Vec<Bundle> {
    let readings = &trail.readings;
    let mut group: Vec<usize> = (0..readings.len()).collect();
    let at: BTreeMap<(usize, usize), usize> = readings
        .iter()
        .enumerate()
        .map(|(i, r)| ((r.got.node, r.hop), i))
        .collect();
    for (i, reading) in readings.iter().enumerate() {
        let node = reading.got.node;
        let links = graph.nodes[node].span.links.iter();
        let linked = links.filter_map(|l| graph.find((l.trace_id, l.span_id)));
        let above = graph
            .ancestors(node)
            .take_while(|&a| graph.nodes[a].part != Part::Put);
        for other in above.chain(linked).filter(|&o| graph.same_service(o, node)) {
            if let Some(&j) = at.get(&(other, reading.hop)) {
                let (low, high) = (
                    find(&group, i).min(find(&group, j)),
                    find(&group, i).max(find(&group, j)),
                );
                group[high] = low;
            }
        }
    }
    let mut bundles: BTreeMap<usize, Bundle> = BTreeMap::new();
    for (i, reading) in readings.iter().enumerate() {
        let bundle = bundles.entry(find(&group, i)).or_insert_with(|| Bundle {
            nodes: Vec::new(),
            hop: reading.hop,
            joined_by: reading.got.witness,
        });
        bundle.nodes.push(reading.got.node);
        bundle.joined_by = stronger(bundle.joined_by, reading.got.witness);
    }
    bundles.into_values().collect()
}

/// A poll that only links to what it got, and the processing that follows in the same consumer.
fn merge_polls(graph: &Graph<'_>, bundles: &mut Vec<Bundle>) {
    let is_poll = |b: &Bundle| b.nodes.iter().all(|&n| graph.is(n, Operation::Receive));
    let consumer = |b: &Bundle| {
        let span = &graph.nodes[b.nodes[0]].span;
        (
            span.service().to_owned(),
            span.resource.text("service.instance.id").map(str::to_owned),
            b.hop,
        )
    };
    let groups_agree = |a: &Bundle, b: &Bundle| {
        let group = |b: &Bundle| b.nodes.iter().find_map(|&n| graph.facts(n)?.group.clone());
        !matches!((group(a), group(b)), (Some(a), Some(b)) if a != b)
    };
    let starts = |b: &Bundle| graph.nodes[b.nodes[0]].span.started_at;
    bundles.sort_by_key(|b| b.nodes[0]);
    let mut taken = vec![false; bundles.len()];
    let mut gone = vec![false; bundles.len()];
    for poll in 0..bundles.len() {
        if !is_poll(&bundles[poll]) {
            continue;
        }
        let who = consumer(&bundles[poll]);
        let later = (0..bundles.len()).find(|&i| {
            !taken[i]
                && !is_poll(&bundles[i])
                && consumer(&bundles[i]) == who
                && groups_agree(&bundles[i], &bundles[poll])
                && starts(&bundles[i]) >= starts(&bundles[poll])
                && !bundles[i]
                    .nodes
                    .iter()
                    .any(|&n| graph.is(n, Operation::Receive))
        });
        if let Some(i) = later {
            taken[i] = true;
            gone[poll] = true;
            let nodes = bundles[poll].nodes.clone();
            bundles[i].joined_by = stronger(bundles[i].joined_by, bundles[poll].joined_by);
            bundles[i].nodes.extend(nodes);
            bundles[i].nodes.sort_unstable();
        }
    }
    let mut gone = gone.into_iter();
    bundles.retain(|_| !gone.next().unwrap_or(false));
}

impl Bundle {
    fn into_try(mut self, graph: &Graph<'_>) -> Try {
        self.nodes.sort_unstable();
        let first = |fits: &dyn Fn(usize) -> bool| self.nodes.iter().copied().find(|&n| fits(n));
        let main = first(&|n| graph.is(n, Operation::Process))
            .or_else(|| first(&|n| speaks_of_one(graph, n)))
            .unwrap_or(self.nodes[0]);
        let own = self
            .nodes
            .iter()
            .copied()
            .find(|&n| n != main && graph.is(n, Operation::Receive));
        // A batch's poll names no message, and is above the span that processes one.
        let receive = own.or_else(|| {
            let mut above = graph.ancestors(main);
            above.find(|&a| graph.is(a, Operation::Receive) && graph.same_service(a, main))
        });
        let group = self
            .nodes
            .iter()
            .chain(&receive)
            .find_map(|&n| graph.facts(n)?.group.clone());
        Try {
            main,
            receive,
            hop: self.hop,
            joined_by: self.joined_by,
            group,
            nodes: self.nodes,
        }
    }
}

/// A span about this message alone, unlike the poll that got it with others.
fn speaks_of_one(graph: &Graph<'_>, node: usize) -> bool {
    graph.facts(node).is_some_and(|f| {
        (f.offset.is_some() || f.message_id.is_some())
            && f.links.len() <= 1
            && f.batch_count.is_none()
    })
}

impl Try {
    pub fn is_postponed(&self, graph: &Graph<'_>) -> bool {
        let mut facts = self.nodes.iter().filter_map(|&n| graph.facts(n));
        facts.any(|f| f.postponed)
    }

    pub fn says_failed(&self, graph: &Graph<'_>) -> bool {
        let failed = |n: usize| graph.facts(n).is_some_and(|f| f.failed) || graph.is_refused(n);
        self.nodes.iter().any(|&n| failed(n))
    }

    /// What its own spans tell, before other evidence.
    pub fn own_outcome(&self, graph: &Graph<'_>) -> Outcome {
        let main = &graph.nodes[self.main].span;
        if self.says_failed(graph) {
            Outcome::Failed
        } else if main.kind == SpanKind::Client && main.status.code != StatusCode::Ok {
            // Asked for and got; what became of it no span tells.
            Outcome::Unknown
        } else {
            Outcome::Ok
        }
    }
}

fn stronger(a: Option<Witness>, b: Option<Witness>) -> Option<Witness> {
    a.into_iter().chain(b).min()
}

fn find(group: &[usize], mut at: usize) -> usize {
    while group[at] != at {
        at = group[at];
    }
    at
}
