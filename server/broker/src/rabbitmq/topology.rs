//! From the answers of the management API to the model's topology. Pure.

mod exchanges;
mod groups;
mod nodes;
mod queues;
mod streams;

pub(super) use queues::NODE_DOWN;

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{Destination, Topology, Unknown, Why};

use super::answers::{
    Binding, Connection, Consumer, Exchange, Node, Overview, Policy, Queue, StreamConsumer, Vhost,
};
use super::dead_letters::{self, Derived, Source};
use super::failure::{Failure, printable};
use super::policy::{self, Policies};
use super::prometheus::QueueKey;
use super::rights;
use super::routing;
use super::settings::VhostFilter;

/// What was answered, each question for itself.
#[derive(Debug)]
pub(super) struct Told {
    pub overview: Result<Overview, Failure>,
    pub nodes: Result<Vec<Node>, Failure>,
    pub vhosts: Result<Vec<Vhost>, Failure>,
    pub exchanges: Result<Vec<Exchange>, Failure>,
    pub queues: Result<Vec<Queue>, Failure>,
    pub bindings: Result<Vec<Binding>, Failure>,
    pub policies: Result<Vec<Policy>, Failure>,
    pub operator_policies: Result<Vec<Policy>, Failure>,
    pub consumers: Result<Vec<Consumer>, Failure>,
    /// `None`: this user sees only its own.
    pub connections: Option<Result<Vec<Connection>, Failure>>,
    /// `None`: there is no stream.
    pub stream_consumers: Option<Result<Vec<StreamConsumer>, Failure>>,
}

/// The queues of the last topology, for those that a node takes with it.
pub(super) type Known = BTreeMap<QueueKey, Destination>;

impl Told {
    /// The first failure, if nothing at all was answered.
    pub fn nothing(&self) -> Option<&Failure> {
        let failures = [
            self.overview.as_ref().err(),
            self.nodes.as_ref().err(),
            self.vhosts.as_ref().err(),
            self.exchanges.as_ref().err(),
            self.queues.as_ref().err(),
            self.bindings.as_ref().err(),
            self.consumers.as_ref().err(),
        ];
        let first = failures.first().copied().flatten();
        first.filter(|_| failures.iter().all(Option::is_some))
    }
}

pub(super) fn assemble(told: Told, filter: &VhostFilter, known: &Known) -> Topology {
    let mut topology = Topology::default();
    nodes::cluster(&told.overview, &mut topology);
    nodes::nodes(&told, &mut topology);
    nodes::connections(&told.connections, &mut topology);
    let stopped: BTreeSet<&str> = told
        .nodes
        .iter()
        .flatten()
        .filter(|node| node.running == Some(false))
        .filter_map(|node| node.name.as_deref())
        .collect();
    let policies = policies(&told, &mut topology.unknown);
    let seen = |vhost: &Option<String>| vhost.as_deref().is_some_and(|vhost| filter.takes(vhost));

    let mut derived = Derived::default();
    let mut parts = Parts {
        queues: kept(told.queues, |queue| seen(&queue.vhost)),
        exchanges: kept(told.exchanges, |exchange| seen(&exchange.vhost)),
        bindings: kept(told.bindings, |binding| seen(&binding.vhost)),
    };
    if let Ok(queues) = &mut parts.queues {
        queues.retain(|queue| queue.name.is_some());
        queues.sort_by(|a, b| (&a.vhost, &a.name).cmp(&(&b.vhost, &b.name)));
        queues.dedup_by(|a, b| (&a.vhost, &a.name) == (&b.vhost, &b.name));
    }
    match parts.whole() {
        Ok(()) => derived = derive(&parts, &policies, stopped.is_empty()),
        Err(failure) => topology.unknown.push(Unknown {
            detail: Some(format!("dead letters: {}", failure.detail)),
            ..failure.unknown("routes")
        }),
    }
    match &parts.queues {
        Ok(queues) => {
            nodes::leads(queues, &mut topology.nodes);
            let down = (known, &stopped);
            queues::destinations(queues, &policies, &mut derived, down, &mut topology);
            queues::of_stopped_nodes(known, &stopped, filter, &mut topology);
        }
        Err(failure) => topology.unknown.push(failure.unknown("destinations")),
    }
    match &parts.exchanges {
        Ok(exchanges) => {
            closed(&told.vhosts, exchanges, filter, &mut topology.unknown);
            exchanges::destinations(exchanges, &policies, &mut topology);
        }
        Err(failure) => topology.unknown.push(Unknown {
            detail: Some(format!("exchanges: {}", failure.detail)),
            ..failure.unknown("destinations")
        }),
    }
    match &parts.bindings {
        Ok(bindings) => {
            exchanges::routes(bindings, &mut topology);
            if !stopped.is_empty() {
                topology.unknown.push(Unknown {
                    detail: Some("bindings of queues on nodes that are down".to_owned()),
                    ..missing("routes")
                });
            }
        }
        Err(failure) => topology.unknown.push(failure.unknown("routes")),
    }
    topology.routes.append(&mut derived.routes);
    if derived.too_many {
        topology.unknown.push(Unknown {
            member: "routes".to_owned(),
            why: Why::Failed,
            detail: Some("there are too many ways of dead letters to draw all".to_owned()),
        });
    }
    groups::groups(&parts.queues, told.consumers, filter, &mut topology);
    if let Some(told) = told.stream_consumers {
        streams::readers(told, &mut topology);
    }
    topology
}

fn closed(
    vhosts: &Result<Vec<Vhost>, Failure>,
    exchanges: &[Exchange],
    filter: &VhostFilter,
    unknown: &mut Vec<Unknown>,
) {
    let vhosts = vhosts.as_deref().unwrap_or_default();
    for vhost in rights::closed(vhosts, exchanges, filter) {
        unknown.push(Unknown {
            member: "destinations".to_owned(),
            why: Why::Forbidden,
            detail: Some(format!(
                "no access to the virtual host {}",
                printable(vhost)
            )),
        });
    }
}

struct Parts {
    queues: Result<Vec<Queue>, Failure>,
    exchanges: Result<Vec<Exchange>, Failure>,
    bindings: Result<Vec<Binding>, Failure>,
}

impl Parts {
    /// Dead letters are derived from all three together.
    fn whole(&self) -> Result<(), &Failure> {
        self.queues.as_ref()?;
        self.exchanges.as_ref()?;
        self.bindings.as_ref()?;
        Ok(())
    }
}

fn kept<T>(told: Result<Vec<T>, Failure>, keeps: impl Fn(&T) -> bool) -> Result<Vec<T>, Failure> {
    told.map(|mut list| {
        list.retain(keeps);
        list
    })
}

fn policies(told: &Told, unknown: &mut Vec<Unknown>) -> Policies {
    let mut read = |member: &str, list: &Result<Vec<Policy>, Failure>| match list {
        Ok(list) => Some(policy::by_name(list.clone())),
        Err(failure) => {
            unknown.push(Unknown {
                detail: Some(format!("{member}: {}", failure.detail)),
                ..failure.unknown("settings")
            });
            None
        }
    };
    Policies {
        policies: read("policies", &told.policies),
        operator: read("operator policies", &told.operator_policies),
    }
}

fn derive(parts: &Parts, policies: &Policies, complete: bool) -> Derived {
    let queues = parts.queues.as_deref().unwrap_or_default();
    let exchanges = parts.exchanges.as_deref().unwrap_or_default();
    let bindings = parts.bindings.as_deref().unwrap_or_default();
    let sources: Vec<Source> = queues
        .iter()
        .filter_map(|queue| {
            Some(Source {
                key: (queue.vhost.clone()?, queue.name.clone()?),
                kind: queue.kind.clone(),
                settings: policies.of_queue(queue),
            })
        })
        .collect();
    let names = sources.iter().map(|source| source.key.clone()).collect();
    let routing = routing::by_vhost(exchanges, bindings, &names, policies);
    dead_letters::derive(&sources, &routing, complete)
}

/// The broker answered and left it out.
fn missing(member: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::Missing,
        detail: None,
    }
}

/// The broker has no such thing.
fn unsupported(member: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::Unsupported,
        detail: None,
    }
}
