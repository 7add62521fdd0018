//! Edges from consumer spans to the messages they got, strongest evidence first.
//!
//! A link, then the parent, then an ancestor, where the span they name is at hand; then the same
//! position; then the same message id. What none of these joins stands alone, under whatever it
//! names. Nothing is joined that contradicts itself: two positions are two messages even in one
//! trace.

use std::collections::{BTreeMap, HashMap};

use waybill_model::journey::Witness;
use waybill_model::messaging::{DestinationRole, LinkFacts};

use super::graph::{ContextId, Graph};
use super::message::{Got, MessageIndex, Named, Place, Places, Put};
use super::nameless::Nameless;
use super::targets::{Target, Targets};

/// All messages: those that were put, and those that only deliveries tell of.
pub fn join(graph: &Graph<'_>, puts: Vec<Put>) -> Vec<Put> {
    let mut joining = Joining::new(graph, puts);
    let mut open = joining.by_context();
    joining.index();
    joining.split_by_position();
    joining.index();
    open = joining.by_position(open);
    open = joining.by_message_id(open);
    joining.stand_alone(open);
    joining.messages
}

struct Joining<'a, 'g> {
    graph: &'a Graph<'g>,
    messages: Vec<Put>,
    of_span: HashMap<usize, MessageIndex>,
    /// What each delivery says of its message, by (message, node).
    named: BTreeMap<(MessageIndex, usize), Named>,
    places: Places,
    nameless: Nameless<'a, 'g>,
}

/// A delivery that no span at hand explains.
struct Open {
    named: Named,
    dark: Option<ContextId>,
    forwarded_from: Option<MessageIndex>,
}

impl<'a, 'g> Joining<'a, 'g> {
    fn new(graph: &'a Graph<'g>, messages: Vec<Put>) -> Self {
        let of_span = messages
            .iter()
            .enumerate()
            .flat_map(|(i, put)| put.spans.iter().map(move |&s| (s, i)))
            .collect();
        Self {
            graph,
            messages,
            of_span,
            named: BTreeMap::new(),
            places: Places::default(),
            nameless: Nameless::new(graph),
        }
    }

    fn by_context(&mut self) -> Vec<Open> {
        let mut open = Vec::new();
        for node in self.graph.gots() {
            let Some(facts) = self.graph.facts(node) else {
                continue;
            };
            let links: Vec<&LinkFacts> = facts.links.iter().collect();
            if links.len() < 2 {
                let named = match links.first() {
                    Some(link) => Named::by_link(self.graph, node, facts, link),
                    None => Named::by_span(self.graph, node, facts),
                };
                let target = Targets(self.graph).of(node, links.first().copied());
                open.extend(self.attach(named, target));
            } else {
                for link in links {
                    let named = Named::by_link(self.graph, node, facts, link);
                    let target = Targets(self.graph).by_link(node, link, 0);
                    open.extend(self.attach(named, target));
                }
            }
        }
        open
    }

    fn attach(&mut self, named: Named, target: Option<Target>) -> Option<Open> {
        let mut open = Open {
            named,
            dark: None,
            forwarded_from: None,
        };
        match target {
            Some(Target::Put(span, witness)) => {
                let Some(&message) = self.of_span.get(&span) else {
                    return Some(open);
                };
                if self.is_elsewhere(span, open.named.node) {
                    open.forwarded_from = Some(message);
                    return Some(open);
                }
                self.add(message, open.named, Some(witness));
                None
            }
            // Its parent is whatever was at work when it asked.
            Some(Target::Dark(_))
                if self.graph.nodes[open.named.node].span.links.is_empty()
                    && self.nameless.is_poll(&open.named) =>
            {
                None
            }
            Some(Target::Dark(context)) => {
                open.dark = Some(context);
                Some(open)
            }
            None => {
                self.nameless.inherit(&mut open.named);
                (!self.nameless.is_poll(&open.named)).then_some(open)
            }
        }
    }

    fn add(&mut self, message: MessageIndex, named: Named, witness: Option<Witness>) {
        let node = named.node;
        let put = &mut self.messages[message];
        put.cluster.learn(&named.cluster);
        let gots = &mut put.gots;
        if gots.iter().all(|g| g.node != node) {
            gots.push(Got { node, witness });
        }
        self.named.entry((message, node)).or_insert(named);
    }

    /// The message went on under another name, other than to be tried again or laid aside.
    fn is_elsewhere(&self, put: usize, got: usize) -> bool {
        !self.graph.destinations_agree(put, got)
            && self
                .graph
                .facts(got)
                .is_some_and(|f| f.destination_role == DestinationRole::Origin)
    }

    /// One span may have sent many messages: deliveries at several positions (or, without
    /// positions, of several ids) are as many messages.
    fn split_by_position(&mut self) {
        for index in 0..self.messages.len() {
            let mut others: BTreeMap<(Option<Place>, Option<String>), Vec<Got>> = BTreeMap::new();
            let mut own = self.messages[index].clone();
            let mut gots = std::mem::take(&mut own.gots);
            // What tells most is asked first, so that the outcome is the same in any order.
            gots.sort_by_key(|g| {
                let named = &self.named[&(index, g.node)];
                let tells = (named.place.is_none(), named.message_id.is_none());
                (tells, named.place.clone(), named.message_id.clone(), g.node)
            });
            for got in gots {
                let named = &self.named[&(index, got.node)];
                if own.contradicts(named) {
                    let key = (
                        named.place.clone(),
                        named.message_id.clone().filter(|_| named.place.is_none()),
                    );
                    others.entry(key).or_default().push(got);
                } else {
                    own.learn(named);
                    own.gots.push(got);
                }
            }
            own.shares_context = !others.is_empty();
            let spans = own.spans.clone();
            self.messages[index] = own;
            for gots in others.into_values() {
                self.set_apart(index, &spans, gots);
            }
        }
    }

    /// Deliveries of another message than `from`, though they name its context: one that was sent
    /// there by a span at hand, or one of their own.
    fn set_apart(&mut self, from: MessageIndex, spans: &[usize], gots: Vec<Got>) {
        let named: Vec<Named> = gots
            .iter()
            .map(|g| self.named[&(from, g.node)].clone())
            .collect();
        let known = named
            .first()
            .and_then(|n| self.places.find(n, &self.messages));
        if let Some(other) = known.filter(|&other| other != from) {
            for (got, named) in gots.into_iter().zip(named) {
                self.add(other, named, got.witness);
            }
            return;
        }
        let new = self.messages.len();
        let mut put = Put {
            spans: spans.to_vec(),
            shares_context: true,
            ..Put::default()
        };
        for (got, named) in gots.into_iter().zip(named) {
            put.system.clone_from(&named.system);
            put.learn(&named);
            put.gots.push(got);
            self.named.insert((new, got.node), named);
        }
        self.messages.push(put);
    }

    fn index(&mut self) {
        for (index, put) in self.messages.iter().enumerate() {
            self.places.add(index, put);
        }
    }

    fn by_position(&mut self, open: Vec<Open>) -> Vec<Open> {
        let mut left = Vec::new();
        for delivery in open {
            match self.places.find(&delivery.named, &self.messages) {
                Some(message) => self.add(message, delivery.named, Some(Witness::Position)),
                None => left.push(delivery),
            }
        }
        left
    }

    /// An id joins only what has no better name: a delivery that names another creation context is
    /// of another message, unless that context is of the very trace of the producer.
    fn by_message_id(&mut self, open: Vec<Open>) -> Vec<Open> {
        let mut by_id: HashMap<(String, String), Vec<MessageIndex>> = HashMap::new();
        for (index, put) in self.messages.iter().enumerate() {
            if let Some(id) = &put.message_id {
                by_id
                    .entry((put.system.clone(), id.clone()))
                    .or_default()
                    .push(index);
            }
        }
        let mut left = Vec::new();
        for delivery in open {
            let named = &delivery.named;
            let candidates = named
                .message_id
                .as_ref()
                .and_then(|id| by_id.get(&(named.system.clone(), id.clone())));
            let found = candidates.and_then(|found| match found.as_slice() {
                [one] => Some(*one).filter(|&i| self.id_fits(i, &delivery)),
                _ => None,
            });
            match found {
                Some(message) => {
                    let witness = self.id_witness(&delivery.named);
                    self.add(message, delivery.named, Some(witness));
                }
                None => left.push(delivery),
            }
        }
        left
    }

    fn id_witness(&self, named: &Named) -> Witness {
        match self.graph.is_native(named.node) {
            true => Witness::NativeTrace,
            false => Witness::MessageId,
        }
    }

    fn id_fits(&self, message: MessageIndex, delivery: &Open) -> bool {
        let put = &self.messages[message];
        // A broker's own trace knows no contexts.
        let is_native = !put.spans.is_empty() && put.spans.iter().all(|&s| self.graph.is_native(s));
        let context_fits = match delivery.dark {
            Some(_) if is_native => true,
            None => delivery.forwarded_from.is_none(),
            Some((trace, _)) => put
                .spans
                .iter()
                .any(|&s| self.graph.nodes[s].span.trace_id == trace),
        };
        let destinations = put
            .spans
            .iter()
            .all(|&s| self.is_one_destination(s, delivery.named.node));
        context_fits && destinations && !put.contradicts(&delivery.named)
    }

    /// For an id alone, which an application may give to messages of many kinds: two exchanges are
    /// two destinations, unless a retry or a dead letter led from one to the other. A queue's name,
    /// or a route, compares with no exchange.
    fn is_one_destination(&self, put: usize, got: usize) -> bool {
        let (Some(a), Some(b)) = (self.graph.facts(put), self.graph.facts(got)) else {
            return true;
        };
        let compares = b.destination != b.group
            && !b.names_route
            && b.destination_role == DestinationRole::Origin;
        self.graph.destinations_agree(put, got)
            && !(compares
                && a.destination.is_some()
                && b.destination.is_some()
                && a.destination != b.destination)
    }

    /// Deliveries of messages whose producer is dark, joined among themselves by position, by the
    /// missing context, by id.
    fn stand_alone(&mut self, mut open: Vec<Open>) {
        open.sort_by_key(|o| {
            let n = &o.named;
            (
                n.cluster.is_silent(),
                n.place.is_none(),
                n.message_id.is_none(),
                n.node,
            )
        });
        let first_dark = self.messages.len();
        let mut by_context: HashMap<ContextId, Vec<MessageIndex>> = HashMap::new();
        for delivery in open {
            let Open {
                named,
                dark,
                forwarded_from,
            } = delivery;
            let found = self
                .places
                .find(&named, &self.messages)
                .map(|i| (i, Some(Witness::Position)))
                .or_else(|| {
                    let known = by_context.get(&dark?)?;
                    let fits = |&&i: &&usize| !self.messages[i].contradicts(&named);
                    let found = known.iter().find(fits).copied()?;
                    Some((found, self.own_witness(&named, true)))
                })
                .or_else(|| {
                    let id = named.message_id.as_ref()?;
                    let same = |p: &Put| {
                        p.system == named.system
                            && p.message_id.as_ref() == Some(id)
                            && self.is_one_dark_message(p, &named, dark)
                            && !p.contradicts(&named)
                    };
                    let at = self.messages[first_dark..].iter().position(same)?;
                    Some((first_dark + at, Some(self.id_witness(&named))))
                });
            let (message, witness) = found.unwrap_or_else(|| {
                let mut put = Put::dark(&named, dark);
                put.forwarded_from = forwarded_from;
                put.shares_context = dark.is_some_and(|d| by_context.contains_key(&d));
                self.messages.push(put);
                let known_by = dark.is_some() || forwarded_from.is_some();
                (self.messages.len() - 1, self.own_witness(&named, known_by))
            });
            if let Some(context) = dark {
                let known = by_context.entry(context).or_default();
                if !known.contains(&message) {
                    known.push(message);
                }
            }
            let put = &mut self.messages[message];
            put.learn(&named);
            if put.spans.is_empty() {
                put.dark = put.dark.or(dark);
            }
            self.places.add(message, &self.messages[message]);
            self.add(message, named, witness);
        }
    }

    /// For an id alone: no context of OpenTelemetry says otherwise, and both name one destination. A
    /// broker's own trace knows no contexts, and may name no destination.
    fn is_one_dark_message(&self, put: &Put, named: &Named, dark: Option<ContextId>) -> bool {
        let native = |node: usize| self.graph.is_native(node);
        let is_native = native(named.node) || put.gots.iter().all(|got| native(got.node));
        match is_native {
            true => {
                let names = put.destination.as_ref().zip(named.destination.as_ref());
                names.is_none_or(|(a, b)| a == b)
            }
            false => put.destination == named.destination && dark.is_none() && put.dark.is_none(),
        }
    }

    /// By what a delivery of a dark message is known.
    fn own_witness(&self, named: &Named, by_context: bool) -> Option<Witness> {
        let linked = !self.graph.nodes[named.node].span.links.is_empty();
        match (&named.place, &named.message_id) {
            _ if by_context && linked => Some(Witness::Link),
            _ if by_context => Some(Witness::Parent),
            (Some(_), _) => Some(Witness::Position),
            (None, Some(_)) => Some(self.id_witness(named)),
            (None, None) => None,
        }
    }
}
