//! Consumer spans that name no message: polls of many, outer and inner spans of one delivery, and
//! deliveries whose client says nothing more.

use std::collections::HashSet;

use waybill_model::messaging::Operation;
use waybill_model::span::SpanKind;

use super::graph::{Graph, Part};
use super::message::Named;
use super::targets::Targets;

pub struct Nameless<'a, 'g> {
    graph: &'a Graph<'g>,
    /// Consumer spans of which others, of the same consumer and destination, tell more.
    outer: HashSet<usize>,
}

impl<'a, 'g> Nameless<'a, 'g> {
    pub fn new(graph: &'a Graph<'g>) -> Self {
        Self {
            graph,
            outer: outer(graph),
        }
    }

    /// What names nothing itself, within a span of the same delivery that does, is of that message.
    pub fn inherit(&self, named: &mut Named) {
        if !names_nothing(named) {
            return;
        }
        let above = self
            .graph
            .ancestors(named.node)
            .find(|&a| self.graph.nodes[a].part != Part::Other)
            .filter(|&a| Targets(self.graph).is_one_delivery(a, named.node));
        let Some((outer, facts)) = above.and_then(|a| Some((a, self.graph.facts(a)?))) else {
            return;
        };
        if facts.links.len() <= 1 {
            let outer = Named::by_span(self.graph, outer, facts);
            named.place = outer.place;
            named.message_id = outer.message_id;
        }
    }

    /// A poll that names no message: it asked for many, or what it got is told by other spans. What
    /// received one message and names nothing of it is a message all the same.
    pub fn is_poll(&self, named: &Named) -> bool {
        let Some(facts) = self.graph.facts(named.node) else {
            return false;
        };
        facts.operation == Operation::Receive
            && names_nothing(named)
            && (facts.batch_count.is_some()
                || facts.links.len() > 1
                || named.destination.is_none()
                || self.graph.nodes[named.node].span.kind == SpanKind::Client
                || self.outer.contains(&named.node)
                || self.leads_to_others(named.node))
    }

    fn leads_to_others(&self, node: usize) -> bool {
        let mut links = self.graph.nodes[node].span.links.iter();
        links.any(|l| {
            let linked = self.graph.find((l.trace_id, l.span_id));
            linked.is_some_and(|n| self.graph.nodes[n].part == Part::Got)
        })
    }
}

fn outer(graph: &Graph<'_>) -> HashSet<usize> {
    let around = |node: usize| {
        let links = graph.nodes[node].span.links.iter();
        let linked = links.filter_map(|l| graph.find((l.trace_id, l.span_id)));
        let above = graph
            .ancestors(node)
            .take_while(|&a| graph.nodes[a].part != Part::Put);
        above.chain(linked).filter(move |&outer| {
            outer != node
                && graph.nodes[outer].part == Part::Got
                && graph.same_service(outer, node)
                && graph.destinations_agree(outer, node)
        })
    };
    graph.gots().flat_map(around).collect()
}

fn names_nothing(named: &Named) -> bool {
    named.place.is_none() && named.message_id.is_none()
}
