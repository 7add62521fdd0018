//! The spans at hand, each once, with what their dialects say, and the ways up from one to another.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_broker::{Dialects, adapter::Habits};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::messaging::{DestinationRole, Facts, Operation};
use waybill_model::span::Span;

use super::cluster::{ClusterTold, Clusters};
use super::sampling;

/// How far a span's ancestors are followed.
pub const MAX_ANCESTORS: usize = 16;

pub type ContextId = (TraceId, SpanId);

pub struct Graph<'a> {
    /// In order of start, then of id.
    pub nodes: Vec<Node>,
    by_id: HashMap<ContextId, usize>,
    /// Spans right under one, in order of start.
    children: HashMap<usize, Vec<usize>>,
    /// Consumer spans whose message was refused by a settling span under them, or linked to them.
    refused: HashSet<usize>,
    /// Contexts of which a span at hand says that they were not sampled.
    unsampled: HashSet<ContextId>,
    pub dialects: &'a Dialects,
}

pub struct Node {
    pub span: Arc<Span>,
    /// Only of spans that put or get a message of somebody's.
    pub facts: Option<Facts>,
    pub part: Part,
    /// Never a guess.
    pub cluster: ClusterTold,
    pub habits: Habits,
    /// Settles a message by giving it back or laying it aside.
    refuses: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Creates or sends a message.
    Put,
    /// Receives or processes one.
    Got,
    Other,
}

impl<'a> Graph<'a> {
    pub fn new(spans: &[Arc<Span>], dialects: &'a Dialects, clusters: &Clusters) -> Self {
        let mut spans: Vec<&Arc<Span>> = spans.iter().collect();
        // Of two spans with one id the one that says more is kept, whatever came first.
        spans.sort_by_key(|s| {
            (
                s.trace_id,
                s.span_id,
                std::cmp::Reverse((s.ended_at, s.attributes.len())),
            )
        });
        spans.dedup_by_key(|s| (s.trace_id, s.span_id));
        spans.sort_by_key(|s| (s.started_at, s.trace_id, s.span_id));
        let nodes: Vec<Node> = spans
            .into_iter()
            .map(|span| Node::new(span, dialects, clusters))
            .collect();
        let by_id = nodes
            .iter()
            .enumerate()
            .map(|(i, n)| (n.context(), i))
            .collect();
        let mut graph = Self {
            nodes,
            by_id,
            children: HashMap::new(),
            refused: HashSet::new(),
            unsampled: HashSet::new(),
            dialects,
        };
        for node in 0..graph.nodes.len() {
            if let Some(parent) = graph.parent(node) {
                graph.children.entry(parent).or_default().push(node);
            }
        }
        graph.refused = graph.refusals();
        let spans = graph.nodes.iter().map(|node| &*node.span);
        graph.unsampled = spans.flat_map(sampling::unsampled).collect();
        graph.settle_roles();
        graph
    }

    /// What a consumer names by its route alone has no role of its own where the span that put it
    /// says where it went.
    fn settle_roles(&mut self) {
        let ordinary: Vec<usize> = self.gots().filter(|&n| self.came_by_route(n)).collect();
        for node in ordinary {
            if let Some(facts) = &mut self.nodes[node].facts {
                facts.destination_role = DestinationRole::Origin;
            }
        }
    }

    fn came_by_route(&self, node: usize) -> bool {
        let Some(facts) = self.facts(node).filter(|f| f.names_route) else {
            return false;
        };
        let links = self.nodes[node].span.links.iter();
        let linked = links.filter_map(|l| self.find((l.trace_id, l.span_id)));
        let mut named = linked.chain(self.ancestors(node));
        named
            .find(|&n| self.nodes[n].part == Part::Put)
            .and_then(|put| self.facts(put))
            .is_some_and(|put| {
                put.route == facts.destination && put.destination != facts.destination
            })
    }

    fn refusals(&self) -> HashSet<usize> {
        let refusing = (0..self.nodes.len()).filter(|&n| self.nodes[n].refuses);
        refusing
            .filter_map(|n| {
                let links = self.nodes[n].span.links.iter();
                let linked = links.filter_map(|l| self.find((l.trace_id, l.span_id)));
                let mut near = linked.chain(self.ancestors(n));
                near.find(|&a| self.nodes[a].part == Part::Got)
            })
            .collect()
    }

    pub fn is_refused(&self, node: usize) -> bool {
        self.refused.contains(&node)
    }

    pub fn is_unsampled(&self, context: ContextId) -> bool {
        self.unsampled.contains(&context)
    }

    pub fn find(&self, context: ContextId) -> Option<usize> {
        self.by_id.get(&context).copied()
    }

    pub fn parent(&self, node: usize) -> Option<usize> {
        self.find(self.nodes[node].parent_context()?)
    }

    /// Parents, nearest first, as far as they are at hand.
    pub fn ancestors(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.parent(node), |&n| self.parent(n)).take(MAX_ANCESTORS)
    }

    /// Spans within one in the same service, but for the work on further messages.
    pub fn below(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let children = |n: usize| self.children.get(&n).into_iter().flatten().copied();
        let mut seen = HashSet::from([node]);
        let mut open: Vec<usize> = children(node).collect();
        std::iter::from_fn(move || {
            while let Some(next) = open.pop() {
                let is_own = self.same_service(next, node) && self.nodes[next].part != Part::Got;
                if is_own && seen.insert(next) {
                    open.extend(children(next));
                    return Some(next);
                }
            }
            None
        })
    }

    pub fn facts(&self, node: usize) -> Option<&Facts> {
        self.nodes[node].facts.as_ref()
    }

    pub fn puts(&self) -> impl Iterator<Item = usize> + '_ {
        self.of_part(Part::Put)
    }

    pub fn gots(&self) -> impl Iterator<Item = usize> + '_ {
        self.of_part(Part::Got)
    }

    fn of_part(&self, part: Part) -> impl Iterator<Item = usize> + '_ {
        (0..self.nodes.len()).filter(move |&i| self.nodes[i].part == part)
    }

    pub fn is(&self, node: usize, operation: Operation) -> bool {
        self.facts(node).is_some_and(|f| f.operation == operation)
    }

    /// Told by a trace that the broker's client wrote to it: another telling of what a span of
    /// OpenTelemetry may tell as well.
    pub fn is_native(&self, node: usize) -> bool {
        self.facts(node).is_some_and(|f| f.native_trace)
    }

    pub fn same_service(&self, a: usize, b: usize) -> bool {
        self.nodes[a].span.service() == self.nodes[b].span.service()
    }

    /// Whether two spans can be about one destination: two names are two places only where both
    /// sides of the broker use one name.
    pub fn destinations_agree(&self, a: usize, b: usize) -> bool {
        let (Some(a_facts), Some(b_facts)) = (self.facts(a), self.facts(b)) else {
            return true;
        };
        if a_facts.system != b_facts.system {
            return false;
        }
        match (&a_facts.destination, &b_facts.destination) {
            (Some(x), Some(y)) if self.nodes[a].habits.one_name => x == y,
            _ => true,
        }
    }
}

impl Node {
    fn new(span: &Arc<Span>, dialects: &Dialects, clusters: &Clusters) -> Self {
        let facts = dialects
            .facts(span)
            .filter(|f| f.destination_role != DestinationRole::Internal);
        let part = match facts.as_ref().map(|f| f.operation) {
            Some(Operation::Create | Operation::Send) => Part::Put,
            Some(Operation::Receive | Operation::Process) => Part::Got,
            _ => Part::Other,
        };
        let refuses = facts
            .as_ref()
            .is_some_and(|f| f.operation == Operation::Settle && f.failed);
        let facts = facts.filter(|_| part != Part::Other);
        let system = facts.as_ref().map_or("", |f| &f.system);
        Self {
            habits: dialects.habits(system),
            cluster: facts
                .as_ref()
                .map(|f| clusters.told_by(f))
                .unwrap_or_default(),
            span: Arc::clone(span),
            facts,
            part,
            refuses,
        }
    }

    pub fn context(&self) -> ContextId {
        (self.span.trace_id, self.span.span_id)
    }

    pub fn parent_context(&self) -> Option<ContextId> {
        Some((self.span.trace_id, self.span.parent_id?))
    }
}
