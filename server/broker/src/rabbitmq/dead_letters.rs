//! Where dead letters go, derived from arguments, policies and bindings: the broker itself never
//! says.
//!
//! A message dies by rejection or by the delivery limit, for both of which a consumer must have
//! had it, or by itself: its time is over, or the queue is full and drops its oldest. That decides
//! what a cycle is:
//!
//! - The common retry: rejected in the work queue, waiting in a queue with a TTL, and back. A
//!   consumer's rejection stands in it, so it goes on exactly as long as the consumer wants. Wanted;
//!   its routes are `Retry`.
//! - A cycle in which every queue lets messages die by themselves needs no consumer. The broker
//!   drops a message that comes back in it: a `Loop`, and a loss.
//! - The common retry around a quorum queue with a delivery limit: a message that dies by the limit
//!   was rejected by nobody, so the broker drops it when it comes back. A `Loop` as well, for those
//!   messages. (Measured on 3.10.8. The limit of 20 that quorum queues have from 4.0 on without
//!   being asked is not told by the API, so it is not judged.)
//! - A cycle without any TTL gives a rejected message back at once, as often as it is rejected: a
//!   `Loop` too. A delivery limit does not end it, since it only leads to the same exchange, and
//!   counting begins anew in the next queue.
//!
//! Source: RabbitMQ's guide "Dead Letter Exchanges", and its `rabbit_dead_letter` for cycles.

mod graph;

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{
    DestinationKind, Finding, FindingKind, Route, RouteKind, Unknown, Why,
};

use super::failure::printable;
use super::policy::Effective;
use super::prometheus::QueueKey;
use super::routing::{Reached, Routing};
use super::topic::Key;
use crate::roles;
use graph::Graph;

/// With more keys than this that a message may have kept, all bindings are taken as possible.
const MOST_KEYS: usize = 64;

/// A queue, as far as dead letters ask.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub key: QueueKey,
    pub kind: Option<String>,
    pub settings: Effective,
}

#[derive(Debug, Default)]
pub(super) struct Derived {
    pub routes: Vec<Route>,
    pub findings: BTreeMap<QueueKey, Vec<Finding>>,
    pub unknown: BTreeMap<QueueKey, Vec<Unknown>>,
    pub roles: BTreeMap<QueueKey, DestinationRole>,
    /// Routes were left out.
    pub too_many: bool,
}

impl Source {
    fn exchange(&self) -> Option<&str> {
        self.settings.text("dead-letter-exchange")
    }

    fn routing_key(&self) -> Option<&str> {
        self.settings.text("dead-letter-routing-key")
    }

    fn waits(&self) -> bool {
        self.settings.has("message-ttl")
    }

    /// Messages die here without a consumer.
    fn dies_by_itself(&self) -> bool {
        let limited = self.settings.has("max-length") || self.settings.has("max-length-bytes");
        let drops = self.settings.text("overflow") != Some("reject-publish");
        self.waits() || (limited && drops)
    }

    /// Messages die here without a consumer having rejected them.
    fn dies_unrejected(&self) -> bool {
        let limited = self.settings.number("delivery-limit").is_some();
        self.dies_by_itself() || (limited && self.kind.as_deref() == Some("quorum"))
    }

    /// How far the broker guarantees that a dead letter arrives.
    fn guarantee(&self) -> &'static str {
        let asks = self.kind.as_deref() == Some("quorum")
            && self.settings.text("dead-letter-strategy") == Some("at-least-once");
        match (asks, self.settings.text("overflow")) {
            (true, Some("reject-publish")) => "at-least-once",
            (true, _) => {
                "at-most-once: the strategy at-least-once holds only with the overflow reject-publish"
            }
            (false, _) => "at-most-once",
        }
    }
}

/// `complete`: no node is down, so what is not listed does not exist.
pub(super) fn derive(
    queues: &[Source],
    routing: &BTreeMap<String, Routing>,
    complete: bool,
) -> Derived {
    let mut derived = Derived::default();
    let named: BTreeSet<(&str, &str)> = queues
        .iter()
        .filter(|queue| queue.exchange() == Some(""))
        .filter_map(|queue| Some((queue.key.0.as_str(), queue.routing_key()?)))
        .collect();
    let mut graph = Graph::new(queues);
    let mut cache: BTreeMap<(&str, &str, Key), Reached> = BTreeMap::new();
    for (index, queue) in queues.iter().enumerate() {
        let Some(exchange) = queue.exchange() else {
            continue;
        };
        let Some(routing) = routing.get(&queue.key.0) else {
            continue;
        };
        let by_name = named.contains(&(queue.key.0.as_str(), queue.key.1.as_str()));
        let mut reached = Reached::default();
        for (key, judged) in keys(queue, routing, by_name) {
            let place = (queue.key.0.as_str(), exchange, key);
            let one = cache
                .entry(place)
                .or_insert_with_key(|(_, exchange, key)| routing.route(exchange, key));
            if judged {
                judge(queue, exchange, one, complete, &mut derived);
            }
            reached.join(one.clone());
        }
        derived.too_many |= !reached
            .queues
            .iter()
            .all(|target| graph.lead(index, target));
        if let Some(why) = reached.uncertain {
            let unknown = Unknown {
                member: "routes".to_owned(),
                why: Why::Unsupported,
                detail: Some(printable(&why)),
            };
            derived
                .unknown
                .entry(queue.key.clone())
                .or_default()
                .push(unknown);
        }
    }
    graph.loops(&mut derived);
    routes(queues, &graph, &mut derived);
    roles_of(queues, &graph, routing, &mut derived);
    derived
}

/// The keys that a dead letter of this queue may carry, and whether its way is judged with them.
fn keys(queue: &Source, routing: &Routing, by_name: bool) -> Vec<(Key, bool)> {
    if let Some(key) = queue.routing_key() {
        return vec![(Key::Exact(key.to_owned()), true)];
    }
    let name = Key::Exact(queue.key.1.clone());
    let kept = routing.keys_into(&queue.key.1);
    if kept.is_empty() {
        return vec![(name, true)];
    }
    let also = (by_name && !kept.contains(&name)).then_some((name, false));
    if kept.len() > MOST_KEYS {
        return vec![(Key::Any, true)];
    }
    kept.into_iter()
        .map(|key| (key, true))
        .chain(also)
        .collect()
}

fn judge(queue: &Source, exchange: &str, reached: &Reached, complete: bool, derived: &mut Derived) {
    // What a node that is down holds is not listed: only exchanges are known on every node.
    let (kind, detail) = match &reached.missing {
        Some(missing) if complete || missing.starts_with("exchange ") => (
            FindingKind::MissingTarget,
            format!("dead letters go to {missing}, which does not exist: they are lost"),
        ),
        None if complete && reached.nowhere() => (
            FindingKind::Unrouted,
            format!(
                "dead letters go to exchange {exchange}, which routes them nowhere: they are lost"
            ),
        ),
        _ => return,
    };
    let finding = Finding {
        kind,
        detail: printable(&detail),
    };
    let findings = derived.findings.entry(queue.key.clone()).or_default();
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

fn routes(queues: &[Source], graph: &Graph<'_>, derived: &mut Derived) {
    for (index, queue) in queues.iter().enumerate() {
        for target in graph.targets(index) {
            let returns = graph.retries(index, target)
                || (queue.waits() && roles::by_name(&queue.key.1) == DestinationRole::Retry);
            derived.routes.push(Route {
                kind: if returns {
                    RouteKind::Retry
                } else {
                    RouteKind::DeadLetter
                },
                namespace: Some(queue.key.0.clone()),
                from: queue.key.1.clone(),
                to: graph.name(target).to_owned(),
                to_kind: DestinationKind::Queue,
                routing_key: queue.routing_key().map(str::to_owned),
                guarantee: Some(queue.guarantee().to_owned()),
            });
        }
    }
}

/// By name, and where the name says nothing, by what leads there.
fn roles_of(
    queues: &[Source],
    graph: &Graph<'_>,
    routing: &BTreeMap<String, Routing>,
    derived: &mut Derived,
) {
    let exchanges: BTreeSet<(&str, &str)> = queues
        .iter()
        .filter_map(|queue| Some((queue.key.0.as_str(), queue.exchange()?)))
        .collect();
    let dead: BTreeSet<(&Option<String>, &String)> = derived
        .routes
        .iter()
        .filter(|route| route.kind == RouteKind::DeadLetter)
        .map(|route| (&route.namespace, &route.to))
        .collect();
    let mut told = BTreeMap::new();
    for (index, queue) in queues.iter().enumerate() {
        let (vhost, name) = &queue.key;
        let by_name = roles::by_name(name);
        let only_dead_letters = routing.get(vhost).is_some_and(|routing| {
            let mut sources = routing.sources_of(name);
            sources.all(|source| exchanges.contains(&(vhost.as_str(), source)))
        });
        let role = if by_name != DestinationRole::Origin || !only_dead_letters {
            by_name
        } else if queue.waits() && graph.targets(index).any(|to| graph.retries(index, to)) {
            DestinationRole::Retry
        } else if dead.contains(&(&Some(vhost.clone()), name)) {
            DestinationRole::DeadLetter
        } else {
            DestinationRole::Origin
        };
        told.insert(queue.key.clone(), role);
    }
    derived.roles = told;
}

#[cfg(test)]
#[path = "dead_letters/dead_letters_tests.rs"]
mod tests;
