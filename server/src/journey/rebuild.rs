//! The rebuild: spans in, journeys out.

use std::collections::BTreeMap;
use std::sync::Arc;

use waybill_broker::Dialects;
use waybill_model::journey::{DeadLetter, HopRole, Journey, Message, Producer};
use waybill_model::reference::MessageRef;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;

use super::cluster::Clusters;
use super::graph::Graph;
use super::hops::{self, Origin};
use super::message::{MessageIndex, Put};
use super::trail::Trail;
use super::{attempts, budget, deliveries, diagnosis, edges, gaps, puts};

/// A page is still assembling for so long after its last span, in milliseconds.
const ASSEMBLING_MS: f64 = 5_000.0;

/// What a rebuild must be told besides the spans.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub clusters: Clusters,
    pub now: Timestamp,
}

/// Journeys in order of creation, each with every reference that leads to it.
#[derive(Clone, Debug, Default)]
pub struct Rebuilt {
    pub journeys: Vec<Journey>,
    /// Parallel to the journeys; strongest first.
    pub references: Vec<Vec<MessageRef>>,
}

impl Rebuilt {
    /// Where a reference leads, a span of the journey included.
    pub fn position(&self, reference: &MessageRef) -> Option<usize> {
        let named = self
            .references
            .iter()
            .position(|all| all.contains(reference));
        named.or_else(|| {
            let MessageRef::Context { trace_id, span_id } = reference else {
                return None;
            };
            self.journeys.iter().position(|j| {
                let mut attempts = j.deliveries.iter().flat_map(|d| &d.attempts);
                attempts.any(|a| a.trace_id == *trace_id && a.span_id == *span_id)
            })
        })
    }

    pub fn with_id(&self, id: &str) -> Option<&Journey> {
        self.journeys.iter().find(|j| j.id == id)
    }
}

/// Journeys of all messages that the spans tell of. The order of the spans, and spans that come
/// twice, change nothing.
pub fn rebuild(spans: &[Arc<Span>], dialects: &Dialects, context: &Context) -> Rebuilt {
    let graph = Graph::new(spans, dialects, &context.clusters);
    let messages = edges::join(&graph, puts::collect(&graph));
    let origins = hops::origins(&graph, &messages);
    let mut members: BTreeMap<MessageIndex, Vec<MessageIndex>> = BTreeMap::new();
    for index in 0..messages.len() {
        members
            .entry(hops::root(&origins, index))
            .or_default()
            .push(index);
    }
    let ids: BTreeMap<MessageIndex, Vec<MessageRef>> = members
        .iter()
        .map(|(&root, all)| (root, references(&graph, &messages, root, all)))
        .collect();
    let telling = Telling {
        graph: &graph,
        messages: &messages,
        origins: &origins,
        ids: &ids,
        context,
    };
    let mut all: Vec<(Journey, Vec<MessageRef>)> = members
        .into_iter()
        .map(|(root, members)| (telling.journey(root, members), ids[&root].clone()))
        .collect();
    all.sort_by_cached_key(|(j, _)| (began_at(j), j.id.clone()));
    link_causes(&mut all);
    let (journeys, references) = all.into_iter().unzip();
    Rebuilt {
        journeys,
        references,
    }
}

/// The first instant that is known of a journey.
pub fn began_at(journey: &Journey) -> Timestamp {
    let attempts = journey
        .deliveries
        .iter()
        .flat_map(|d| &d.attempts)
        .map(|a| a.started_at);
    let hops = journey.hops.iter().filter_map(|h| h.at);
    let first = journey.message.created_at;
    first
        .or_else(|| hops.chain(attempts).min())
        .unwrap_or_default()
}

struct Telling<'a, 'g> {
    graph: &'a Graph<'g>,
    messages: &'a [Put],
    origins: &'a [Origin],
    ids: &'a BTreeMap<MessageIndex, Vec<MessageRef>>,
    context: &'a Context,
}

impl Telling<'_, '_> {
    fn journey(&self, root: MessageIndex, mut members: Vec<MessageIndex>) -> Journey {
        let graph = self.graph;
        let put_at = |m: MessageIndex| self.messages[m].span();
        members.sort_by_key(|&m| (m != root, put_at(m), m));
        let trail = Trail::of(graph, self.messages, self.origins, &members);
        let tries = attempts::tries(graph, &trail);
        let told = deliveries::deliveries(graph, &trail, &tries);
        let last = told.iter().max_by_key(|t| {
            (
                !t.of_dead_letter,
                t.delivery.attempts.iter().map(|a| a.ended_at).max(),
            )
        });
        let budget = budget::of(graph, &self.messages[root], &trail, &tries, last);
        let state = deliveries::state(&trail, &told);
        let mut journey = Journey {
            id: self.id(root),
            state,
            message: self.message(root),
            hops: trail.hops(graph),
            trace_ids: self.trace_ids(&members),
            producer: self.producer(root),
            dead_letter: self.dead_letter(&trail, &tries),
            budget: budget.phases,
            replays: Vec::new(),
            caused: Vec::new(),
            caused_by: match self.origins[root] {
                Origin::Caused { by } => Some(self.id(hops::root(self.origins, by))),
                _ => None,
            },
            gaps: Vec::new(),
            evidence: Vec::new(),
            diagnosis: None,
            diagnosis_rule: None,
            owner: None,
            overtaken_by: Vec::new(),
            assembling: self.is_assembling(&members),
            deliveries: told.into_iter().map(|t| t.delivery).collect(),
        };
        let missing = gaps::Missing {
            unsampled: self.producer_unsampled(root),
            names_route: self.names_route(root),
        };
        journey.gaps = gaps::of(&journey, missing, budget.skew);
        diagnosis::retell(&mut journey);
        journey
    }

    fn id(&self, root: MessageIndex) -> String {
        self.ids[&root]
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    fn message(&self, root: MessageIndex) -> Message {
        let put = &self.messages[root];
        let facts = || {
            let gots = put.gots.iter().map(|g| g.node);
            put.spans
                .iter()
                .copied()
                .chain(gots)
                .filter_map(|n| self.graph.facts(n))
        };
        let configured = || {
            self.context
                .clusters
                .only_of(&put.system)
                .map(str::to_owned)
        };
        Message {
            system: put.system.clone(),
            cluster: put.cluster.shown().map(str::to_owned).or_else(configured),
            destination: put.destination.clone(),
            partition: put
                .place
                .as_ref()
                .map(|p| p.partition.clone())
                .or_else(|| facts().find_map(|f| f.partition.clone())),
            offset: put.place.as_ref().map(|p| p.offset),
            message_id: put.message_id.clone(),
            key: put.key.clone(),
            size_bytes: facts().find_map(|f| f.body_bytes),
            created_at: put
                .spans
                .iter()
                .map(|&s| self.graph.nodes[s].span.started_at)
                .filter(|at| *at != Timestamp::EPOCH)
                .min(),
        }
    }

    fn producer(&self, root: MessageIndex) -> Option<Producer> {
        let put = &self.messages[root];
        let span = &self.graph.nodes[put.span()?].span;
        let spans = || put.spans.iter().map(|&s| &self.graph.nodes[s].span);
        Some(Producer {
            service: span.service().to_owned(),
            span_id: span.span_id,
            trace_id: span.trace_id,
            started_at: spans().map(|s| s.started_at).min()?,
            ended_at: spans().map(|s| s.ended_at).max()?,
        })
    }

    /// The creation context that deliveries name is missing because it says that it was not sampled.
    fn producer_unsampled(&self, root: MessageIndex) -> bool {
        let dark = self.messages[root].dark;
        dark.is_some_and(|context| self.graph.is_unsampled(context))
    }

    /// All that is known of where it went is what it was routed by.
    fn names_route(&self, root: MessageIndex) -> bool {
        let put = &self.messages[root];
        let mut facts = put.gots.iter().filter_map(|g| self.graph.facts(g.node));
        put.spans.is_empty() && facts.any(|f| f.names_route)
    }

    fn nodes<'m>(&'m self, members: &'m [MessageIndex]) -> impl Iterator<Item = usize> + 'm {
        members.iter().flat_map(|&m| {
            let put = &self.messages[m];
            put.spans
                .iter()
                .copied()
                .chain(put.gots.iter().map(|g| g.node))
        })
    }

    fn trace_ids(&self, members: &[MessageIndex]) -> Vec<waybill_model::id::TraceId> {
        let mut nodes: Vec<usize> = self.nodes(members).collect();
        nodes.sort_unstable();
        let mut ids = Vec::new();
        for node in nodes {
            let id = self.graph.nodes[node].span.trace_id;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    fn is_assembling(&self, members: &[MessageIndex]) -> bool {
        let last = self
            .nodes(members)
            .map(|n| self.graph.nodes[n].span.ended_at)
            .max();
        last.is_some_and(|at| self.context.now.ms_since(at).abs() < ASSEMBLING_MS)
    }

    fn dead_letter(&self, trail: &Trail, tries: &[attempts::Try]) -> Option<DeadLetter> {
        let (hop, step) = trail
            .steps
            .iter()
            .enumerate()
            .rev()
            .find(|(_, s)| s.role == HopRole::DeadLetter)?;
        let read = tries
            .iter()
            .find(|t| t.hop == hop)
            .map(|t| &self.graph.nodes[t.main].span);
        let evidence = match (step.put, read) {
            (Some(put), _) => format!(
                "a span of {} put it there",
                self.graph.nodes[put].span.service()
            ),
            (None, Some(read)) => format!("{} read it there; no span put it there", read.service()),
            (None, None) => "its destination's name".into(),
        };
        Some(DeadLetter {
            destination: step.destination.clone().unwrap_or_default(),
            at: step.put.map(|p| self.graph.nodes[p].span.started_at),
            evidence,
        })
    }
}

/// Everything that a journey is known by, strongest first.
fn references(
    graph: &Graph<'_>,
    messages: &[Put],
    root: MessageIndex,
    members: &[MessageIndex],
) -> Vec<MessageRef> {
    let mut own = of_put(graph, &messages[root]);
    if let ([], Some(got)) = (own.as_slice(), messages[root].gots.first()) {
        let (trace_id, span_id) = graph.nodes[got.node].context();
        own.push(MessageRef::Context { trace_id, span_id });
    }
    for &member in members.iter().filter(|&&m| m != root) {
        let more = of_put(graph, &messages[member]);
        own.extend(more);
    }
    own
}

fn of_put(graph: &Graph<'_>, put: &Put) -> Vec<MessageRef> {
    // The innermost span first: deliveries name it, so the id stays when the others are missing.
    let spans = put.spans.iter().rev().map(|&s| graph.nodes[s].context());
    let contexts = spans
        .chain(put.dark)
        .map(|(trace_id, span_id)| MessageRef::Context { trace_id, span_id });
    let place = put
        .place
        .as_ref()
        .zip(put.destination.as_ref())
        .map(|(place, destination)| MessageRef::Place {
            system: put.system.clone(),
            destination: destination.clone(),
            partition: place.partition.clone(),
            offset: place.offset,
        });
    let id = put.message_id.as_ref().map(|id| MessageRef::Id {
        system: put.system.clone(),
        destination: put.destination.clone(),
        id: id.clone(),
    });
    if put.shares_context {
        place.into_iter().chain(id).collect()
    } else {
        contexts.chain(place).chain(id).collect()
    }
}

fn link_causes(all: &mut [(Journey, Vec<MessageRef>)]) {
    let mut caused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (journey, _) in all.iter() {
        if let Some(cause) = &journey.caused_by {
            caused
                .entry(cause.clone())
                .or_default()
                .push(journey.id.clone());
        }
    }
    for (journey, _) in all.iter_mut() {
        journey.caused = caused.remove(&journey.id).unwrap_or_default();
    }
}

#[cfg(test)]
#[path = "rebuild_tests/mod.rs"]
mod tests;
