//! What a put is to the messages before it: the same message put again, or one that processing
//! caused.

use std::collections::HashMap;

use waybill_model::journey::HopRole;
use waybill_model::messaging::DestinationRole;

use super::graph::{Graph, Part};
use super::message::{MessageIndex, Put};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing at hand says where it came from.
    First,
    /// The message of `put`, put again by `by`.
    Hop {
        of: MessageIndex,
        role: HopRole,
        by: Option<usize>,
    },
    /// A message of its own, begun while another was processed.
    Caused { by: MessageIndex },
}

/// For each message where it came from.
pub fn origins(graph: &Graph<'_>, messages: &[Put]) -> Vec<Origin> {
    let mut owners: HashMap<usize, Vec<MessageIndex>> = HashMap::new();
    let mut put_of: HashMap<usize, MessageIndex> = HashMap::new();
    for (index, put) in messages.iter().enumerate() {
        for got in &put.gots {
            owners.entry(got.node).or_default().push(index);
        }
        for &span in &put.spans {
            put_of.entry(span).or_insert(index);
        }
    }
    let walk = Walk {
        graph,
        messages,
        owners,
        put_of,
    };
    let mut origins: Vec<Origin> = (0..messages.len()).map(|i| walk.origin(i)).collect();
    end_circles(&mut origins);
    origins
}

/// The first put of the journey that a put belongs to.
pub fn root(origins: &[Origin], mut message: MessageIndex) -> MessageIndex {
    while let Origin::Hop { of, .. } = origins[message] {
        message = of;
    }
    message
}

struct Walk<'a, 'g> {
    graph: &'a Graph<'g>,
    messages: &'a [Put],
    owners: HashMap<usize, Vec<MessageIndex>>,
    put_of: HashMap<usize, MessageIndex>,
}

impl Walk<'_, '_> {
    fn origin(&self, message: MessageIndex) -> Origin {
        let put = &self.messages[message];
        let Some(&outermost) = put.spans.first() else {
            return match put.forwarded_from {
                Some(from) if from != message => Origin::Caused { by: from },
                _ => Origin::First,
            };
        };
        match self.cause(message, outermost) {
            Some((cause, by)) if cause != message => self.relation(message, cause, by),
            _ => Origin::First,
        }
    }

    /// The message that was being processed, with the consumer span that did.
    fn cause(&self, message: MessageIndex, put: usize) -> Option<(MessageIndex, Option<usize>)> {
        for ancestor in self.graph.ancestors(put) {
            match self.graph.nodes[ancestor].part {
                Part::Got if self.owners.contains_key(&ancestor) => {
                    return Some((self.one_of(message, ancestor)?, Some(ancestor)));
                }
                Part::Put if self.put_of.contains_key(&ancestor) => {
                    let above = self.put_of[&ancestor];
                    return self
                        .went_on_from(above, message, put)
                        .then_some((above, None));
                }
                Part::Put | Part::Got | Part::Other => {}
            }
        }
        self.graph.nodes[put]
            .span
            .links
            .iter()
            .filter_map(|link| self.graph.find((link.trace_id, link.span_id)))
            .find(|node| self.owners.contains_key(node))
            .and_then(|got| Some((self.one_of(message, got)?, Some(got))))
    }

    /// A producer's context that lives on in another service, after it ended, was carried by the
    /// message itself, through a consumer that left no span.
    fn went_on_from(&self, above: MessageIndex, message: MessageIndex, put: usize) -> bool {
        let ended = self.messages[above]
            .spans
            .iter()
            .map(|&s| self.graph.nodes[s].span.ended_at)
            .max();
        let differ = self.messages[above].destination != self.messages[message].destination;
        let sender = self.messages[above].span();
        let elsewhere = sender.is_some_and(|s| !self.graph.same_service(s, put));
        differ && elsewhere && ended.is_some_and(|end| self.graph.nodes[put].span.started_at >= end)
    }

    /// A span may process many messages at once; which of them caused another is known only where
    /// an id or a key tells.
    fn one_of(&self, message: MessageIndex, got: usize) -> Option<MessageIndex> {
        let put = &self.messages[message];
        let owners = self.owners.get(&got)?;
        if let [one] = owners.as_slice() {
            return Some(*one);
        }
        let only = |same: &dyn Fn(&Put) -> bool| {
            let mut found = owners.iter().filter(|&&o| same(&self.messages[o]));
            let first = found.next()?;
            found.next().is_none().then_some(*first)
        };
        // A key is an order's or a customer's: equal in the same message put again, and nothing
        // more than that in one that processing caused.
        let again = matches!(
            self.role_of(put),
            DestinationRole::Retry | DestinationRole::DeadLetter
        );
        only(&|o| put.message_id.is_some() && o.message_id == put.message_id)
            .or_else(|| only(&|o| again && put.key.is_some() && o.key == put.key))
    }

    fn relation(&self, message: MessageIndex, cause: MessageIndex, by: Option<usize>) -> Origin {
        let (put, before) = (&self.messages[message], &self.messages[cause]);
        let hop = |role| Origin::Hop {
            of: cause,
            role,
            by,
        };
        let read_from = by
            .and_then(|got| self.graph.facts(got))
            .map(|f| f.destination_role);
        match (self.role_of(put), read_from) {
            (DestinationRole::Retry, _) => hop(HopRole::Retry),
            (DestinationRole::DeadLetter, _) => hop(HopRole::DeadLetter),
            _ if put.system != before.system => Origin::Caused { by: cause },
            // From a dead-letter destination back to where it once was.
            (_, Some(DestinationRole::DeadLetter)) if self.returns(put, cause) => {
                hop(HopRole::Replay)
            }
            (_, Some(DestinationRole::Retry)) if self.returns(put, cause) => hop(HopRole::Retry),
            _ if put.destination == before.destination
                && put.message_id.is_some()
                && put.message_id == before.message_id =>
            {
                hop(HopRole::Retry)
            }
            _ => Origin::Caused { by: cause },
        }
    }

    fn role_of(&self, put: &Put) -> DestinationRole {
        let name = put.destination.as_deref().unwrap_or("");
        self.graph.dialects.destination_role(&put.system, name)
    }

    /// Whether it goes back to a destination where a message of its id or key was put first.
    fn returns(&self, put: &Put, cause: MessageIndex) -> bool {
        let mut at = cause;
        for _ in 0..super::graph::MAX_ANCESTORS {
            let before = &self.messages[at];
            let same = (put.message_id.is_some() && put.message_id == before.message_id)
                || (put.key.is_some() && put.key == before.key);
            if put.destination == before.destination && same {
                return true;
            }
            let Some(&outermost) = before.spans.first() else {
                return false;
            };
            match self.cause(at, outermost) {
                Some((next, _)) if next != at => at = next,
                _ => return false,
            }
        }
        false
    }
}

/// Spans with circular parents must not make a journey its own origin.
fn end_circles(origins: &mut [Origin]) {
    for start in 0..origins.len() {
        let mut at = start;
        let mut steps = 0;
        while let Origin::Hop { of, .. } = origins[at] {
            at = of;
            steps += 1;
            if at == start || steps > origins.len() {
                origins[start] = Origin::First;
                break;
            }
        }
    }
}
