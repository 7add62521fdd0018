//! Messages under reconstruction: who put them, who got them, and what they are known by.

use std::collections::HashMap;

use waybill_model::journey::Witness;
use waybill_model::messaging::{Facts, LinkFacts};

use super::cluster::ClusterTold;
use super::graph::{ContextId, Graph};

pub type MessageIndex = usize;

/// One put of one message: at its origin, or again at a retry or dead-letter destination.
#[derive(Clone, Debug, Default)]
pub struct Put {
    /// Spans that create or send it, outermost first; empty where the producer is dark.
    pub spans: Vec<usize>,
    /// A creation context that deliveries name and no span at hand has.
    pub dark: Option<ContextId>,
    pub system: String,
    pub destination: Option<String>,
    pub place: Option<Place>,
    pub message_id: Option<String>,
    pub key: Option<String>,
    pub cluster: ClusterTold,
    pub gots: Vec<Got>,
    /// Another put has the same creation context (one span sent several messages).
    pub shares_context: bool,
    /// The put from whose forwarding it seems to come: its context was handed on, under another
    /// destination's name.
    pub forwarded_from: Option<MessageIndex>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub partition: String,
    pub offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Got {
    pub node: usize,
    /// `None`: nothing joins it, it is the only span of its message.
    pub witness: Option<Witness>,
}

/// What a consumer span, or one of its links, says of the message itself.
#[derive(Clone, Debug)]
pub struct Named {
    pub node: usize,
    pub system: String,
    pub destination: Option<String>,
    pub place: Option<Place>,
    pub message_id: Option<String>,
    pub key: Option<String>,
    pub cluster: ClusterTold,
}

impl Named {
    pub fn by_span(graph: &Graph<'_>, node: usize, facts: &Facts) -> Self {
        Self {
            node,
            system: facts.system.clone(),
            destination: facts.destination.clone(),
            place: place(facts.partition.as_deref(), facts.offset),
            message_id: facts.message_id.clone(),
            key: facts.key.clone(),
            cluster: graph.nodes[node].cluster.clone(),
        }
    }

    /// A span with several links speaks of no single message: only its links do.
    pub fn by_link(graph: &Graph<'_>, node: usize, facts: &Facts, link: &LinkFacts) -> Self {
        let own = Self::by_span(graph, node, facts);
        let alone = facts.links.len() == 1;
        Self {
            destination: link.destination.clone().or(own.destination),
            place: place(link.partition.as_deref(), link.offset).or(own.place.filter(|_| alone)),
            message_id: link.message_id.clone().or(own.message_id.filter(|_| alone)),
            key: link.key.clone().or(own.key.filter(|_| alone)),
            ..own
        }
    }
}

pub fn place(partition: Option<&str>, offset: Option<i64>) -> Option<Place> {
    Some(Place {
        partition: partition?.to_owned(),
        offset: offset?,
    })
}

impl Put {
    pub fn dark(named: &Named, context: Option<ContextId>) -> Self {
        let mut put = Self {
            dark: context,
            system: named.system.clone(),
            ..Self::default()
        };
        put.learn(named);
        put
    }

    /// Takes over what a delivery tells and the producer did not.
    pub fn learn(&mut self, named: &Named) {
        let same_place = self.destination.is_none() || self.destination == named.destination;
        if self.destination.is_none() {
            self.destination.clone_from(&named.destination);
        }
        self.cluster.learn(&named.cluster);
        if same_place && self.place.is_none() {
            self.place.clone_from(&named.place);
        }
        for (own, told) in [
            (&mut self.message_id, &named.message_id),
            (&mut self.key, &named.key),
        ] {
            if own.is_none() {
                own.clone_from(told);
            }
        }
    }

    /// Whether what is named cannot be this message.
    pub fn contradicts(&self, named: &Named) -> bool {
        let both_differ =
            |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a != b);
        if self.system != named.system || self.cluster.contradicts(&named.cluster) {
            return true;
        }
        match (&self.place, &named.place) {
            (Some(a), Some(b)) if self.destination == named.destination => a != b,
            _ => both_differ(&self.message_id, &named.message_id),
        }
    }

    /// The span whose context deliveries name: the innermost.
    pub fn span(&self) -> Option<usize> {
        self.spans.last().copied()
    }
}

/// Puts by position. Two clusters may have the same position; one that does not say its cluster
/// joins only where a single candidate is left.
#[derive(Default)]
pub struct Places {
    by_place: HashMap<(String, String, Place), Vec<MessageIndex>>,
}

impl Places {
    pub fn add(&mut self, index: MessageIndex, put: &Put) {
        if let (Some(destination), Some(place)) = (&put.destination, &put.place) {
            let key = (put.system.clone(), destination.clone(), place.clone());
            let found = self.by_place.entry(key).or_default();
            if !found.contains(&index) {
                found.push(index);
            }
        }
    }

    pub fn find(&self, named: &Named, puts: &[Put]) -> Option<MessageIndex> {
        let key = (
            named.system.clone(),
            named.destination.clone()?,
            named.place.clone()?,
        );
        let known = self.by_place.get(&key)?.iter().copied();
        let mut fitting = known.filter(|&i| !puts[i].cluster.contradicts(&named.cluster));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}
