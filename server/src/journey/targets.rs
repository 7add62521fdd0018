//! The producer spans that consumer spans name: by a link, by their parent, by an ancestor.

use waybill_model::journey::Witness;
use waybill_model::messaging::{LinkFacts, Operation};
use waybill_model::span::SpanKind;

use super::graph::{ContextId, Graph, Part};

/// Ancestors of a consumer span that are searched for its producer.
const MAX_BETWEEN: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Put(usize, Witness),
    /// The context of a span that is not at hand.
    Dark(ContextId),
}

pub struct Targets<'a, 'g>(pub &'a Graph<'g>);

impl Targets<'_, '_> {
    /// What the span names by its one link, else by what is above it.
    pub fn of(&self, node: usize, link: Option<&LinkFacts>) -> Option<Target> {
        let linked = link.and_then(|link| self.by_link(node, link, 0));
        if matches!(linked, Some(Target::Put(..))) {
            return linked;
        }
        let above = self.by_parent(node, 0);
        match (linked, above) {
            // A span with links names its message there; a parent that is missing may be a poll.
            (Some(dark), None | Some(Target::Dark(_))) => Some(dark),
            (_, above) => above,
        }
    }

    pub fn by_link(&self, node: usize, link: &LinkFacts, steps: usize) -> Option<Target> {
        let context = (link.trace_id, link.span_id);
        let Some(found) = self.0.find(context) else {
            return Some(Target::Dark(context));
        };
        match self.0.nodes[found].part {
            Part::Put => Some(Target::Put(found, Witness::Link)),
            Part::Got if found == node || steps >= MAX_BETWEEN => None,
            Part::Got if self.0.destinations_agree(found, node) => self
                .follow(found, steps + 1)
                .map(|t| weaken(t, Witness::Link)),
            Part::Got => None,
            Part::Other => Some(Target::Dark(context)),
        }
    }

    fn by_parent(&self, node: usize, steps: usize) -> Option<Target> {
        let context = self.0.nodes[node].parent_context()?;
        let Some(parent) = self.0.find(context) else {
            return Some(Target::Dark(context));
        };
        if self.0.nodes[parent].part == Part::Put {
            return Some(Target::Put(parent, Witness::Parent));
        }
        for ancestor in self.0.ancestors(node).take(MAX_BETWEEN) {
            match self.0.nodes[ancestor].part {
                Part::Put if self.0.destinations_agree(ancestor, node) => {
                    return Some(Target::Put(ancestor, Witness::Ancestor));
                }
                Part::Put => return None,
                Part::Got => {
                    let same = self.is_one_delivery(ancestor, node);
                    return if same && steps < MAX_BETWEEN {
                        self.follow(ancestor, steps + 1)
                            .map(|t| weaken(t, Witness::Ancestor))
                    } else {
                        None
                    };
                }
                Part::Other if self.0.nodes[ancestor].span.kind == SpanKind::Server => {
                    return None;
                }
                Part::Other => {}
            }
        }
        None
    }

    /// What another consumer span got, if that is one message.
    fn follow(&self, node: usize, steps: usize) -> Option<Target> {
        let links = &self.0.facts(node)?.links;
        match links.as_slice() {
            [] => self.by_parent(node, steps),
            [one] => self
                .by_link(node, one, steps)
                .or_else(|| self.by_parent(node, steps)),
            _ => None,
        }
    }

    /// Whether an outer consumer span is about the same delivery as an inner one: a poll and its
    /// processing, or two instrumentations of one listener.
    pub fn is_one_delivery(&self, outer: usize, inner: usize) -> bool {
        let (Some(a), Some(b)) = (self.0.facts(outer), self.0.facts(inner)) else {
            return false;
        };
        let differ =
            |x: &Option<String>, y: &Option<String>| matches!((x, y), (Some(x), Some(y)) if x != y);
        self.0.same_service(outer, inner)
            && self.0.destinations_agree(outer, inner)
            && !differ(&a.message_id, &b.message_id)
            && !(a.offset.is_some()
                && b.offset.is_some()
                && (a.offset, &a.partition) != (b.offset, &b.partition))
            && (a.operation == Operation::Receive || a.destination == b.destination)
    }
}

fn weaken(target: Target, at_least: Witness) -> Target {
    match target {
        Target::Put(span, witness) => Target::Put(span, witness.max(at_least)),
        dark => dark,
    }
}
