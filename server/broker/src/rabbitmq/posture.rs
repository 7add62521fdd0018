//! How queues and exchanges let messages be lost.
//!
//! Sources: RabbitMQ's guides "Queues" (durability, exclusivity, auto-delete), "Time-To-Live and
//! Expiration", "Queue Length Limit", "Dead Letter Exchanges", "Quorum Queues" (delivery limit, 20
//! without being asked from 4.0 on; at-least-once dead-lettering) and "Alternate Exchanges".
//!
//! Whether publishers mark messages as persistent is theirs and told by nobody: of a durable classic
//! queue it is said beside, not judged.

mod ends;
mod keeps;

use std::collections::BTreeSet;

use waybill_model::posture::Posture;
use waybill_model::topology::{Destination, DestinationKind, Topology, Unknown};

use crate::posture::Judgement;

pub(super) fn of(topology: &Topology) -> Posture {
    let around = Around::of(topology);
    let mut judgement = Judgement::default();
    for destination in &topology.destinations {
        let mut judged = judgement.of(destination);
        if destination.kind == DestinationKind::Exchange {
            keeps::exchange(&mut judged, destination, &around);
            continue;
        }
        judged.lacks("settings");
        judged.lacks("subtype");
        for unknown in &around.untold_policies {
            judged.not_known((*unknown).clone());
        }
        keeps::queue(&mut judged, destination, &around);
        ends::queue(&mut judged, destination, &around);
    }
    judgement.passed()
}

/// What of the cluster decides about one queue.
struct Around<'a> {
    nodes: usize,
    /// The first number of the version.
    major: Option<u32>,
    /// Exchanges, by virtual host and name, that something is bound to.
    bound: BTreeSet<(Option<&'a str>, &'a str)>,
    /// What is bound is known of all exchanges.
    bindings_are_told: bool,
    untold_policies: Vec<&'a Unknown>,
}

impl<'a> Around<'a> {
    fn of(topology: &'a Topology) -> Self {
        let untold = |member: &'static str| {
            let unknown = topology.unknown.iter();
            unknown.filter(move |unknown| unknown.member == member)
        };
        let version = topology.version.as_deref();
        Self {
            nodes: topology.nodes.len(),
            major: version.and_then(|version| version.split('.').next()?.parse().ok()),
            bound: topology
                .routes
                .iter()
                .map(|route| (route.namespace.as_deref(), route.from.as_str()))
                .collect(),
            bindings_are_told: untold("routes").next().is_none(),
            untold_policies: untold("settings").collect(),
        }
    }

    fn is_bound(&self, exchange: &Destination) -> bool {
        let key = (exchange.namespace.as_deref(), exchange.name.as_str());
        self.bound.contains(&key)
    }
}

#[cfg(test)]
mod tests;
