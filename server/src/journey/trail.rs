//! The hops of one journey and which of them each consumer span read from.

use waybill_model::journey::{Hop, HopRole};
use waybill_model::messaging::DestinationRole;

use super::graph::Graph;
use super::hops::Origin;
use super::message::{Got, MessageIndex, Place, Put};

/// A place where the message was put, with what is known of the putting.
pub struct Step {
    pub role: HopRole,
    pub destination: Option<String>,
    /// What it was routed by, beside the destination's name.
    pub route: Option<String>,
    pub place: Option<Place>,
    pub message_id: Option<String>,
    /// The innermost span that put it; `None`: the broker, or a dark producer.
    pub put: Option<usize>,
    /// The consumer span during which it was put.
    pub by: Option<usize>,
}

pub struct Reading {
    pub got: Got,
    /// Index into the trail's steps.
    pub hop: usize,
}

pub struct Trail {
    pub steps: Vec<Step>,
    pub readings: Vec<Reading>,
}

impl Trail {
    /// `members`: the puts of the journey, its first one first.
    pub fn of(
        graph: &Graph<'_>,
        messages: &[Put],
        origins: &[Origin],
        members: &[MessageIndex],
    ) -> Self {
        let mut steps: Vec<Step> = members
            .iter()
            .map(|&m| step(graph, &messages[m], origins[m]))
            .collect();
        let mut readings = Vec::new();
        for (hop, &member) in members.iter().enumerate() {
            for &got in &messages[member].gots {
                let hop = read_from(graph, &mut steps, hop, got.node);
                readings.push(Reading { got, hop });
            }
        }
        readings.sort_by_key(|r| r.got.node);
        Self { steps, readings }
    }

    pub fn hops(&self, graph: &Graph<'_>) -> Vec<Hop> {
        let hop = |step: &Step| {
            let span = step.put.map(|p| &graph.nodes[p].span);
            Hop {
                role: step.role,
                destination: step.destination.clone(),
                partition: step.place.as_ref().map(|p| p.partition.clone()),
                offset: step.place.as_ref().map(|p| p.offset),
                message_id: step.message_id.clone(),
                at: span.map(|s| s.started_at),
                span_id: span.map(|s| s.span_id),
                trace_id: span.map(|s| s.trace_id),
                route: step.route.clone(),
            }
        };
        self.steps.iter().map(hop).collect()
    }

    pub fn is_dead(&self, hop: usize) -> bool {
        self.steps[hop].role == HopRole::DeadLetter
    }
}

fn step(graph: &Graph<'_>, put: &Put, origin: Origin) -> Step {
    let (role, by) = match origin {
        Origin::Hop { role, by, .. } => (role, by),
        Origin::First | Origin::Caused { .. } => (first_role(graph, put), None),
    };
    let mut routes = put.spans.iter().filter_map(|&s| graph.facts(s));
    Step {
        role,
        destination: put.destination.clone(),
        route: routes.find_map(|f| f.route.clone()),
        place: put.place.clone(),
        message_id: put.message_id.clone(),
        put: put.span(),
        by,
    }
}

/// A message that is only seen at a retry or dead-letter destination came from somewhere dark.
fn first_role(graph: &Graph<'_>, put: &Put) -> HopRole {
    let name = put.destination.as_deref().unwrap_or("");
    hop_role(graph.dialects.destination_role(&put.system, name)).unwrap_or(HopRole::Origin)
}

fn hop_role(role: DestinationRole) -> Option<HopRole> {
    match role {
        DestinationRole::Retry => Some(HopRole::Retry),
        DestinationRole::DeadLetter => Some(HopRole::DeadLetter),
        DestinationRole::Origin | DestinationRole::Internal => None,
    }
}

/// The hop that a consumer span read from: its message's own, or a further one that the broker (or
/// somebody dark) put it to, told by the destination that the consumer names.
fn read_from(graph: &Graph<'_>, steps: &mut Vec<Step>, own: usize, node: usize) -> usize {
    let Some(facts) = graph.facts(node) else {
        return own;
    };
    let Some(role) = hop_role(facts.destination_role) else {
        return own;
    };
    if steps[own].role == role {
        return own;
    }
    let destination = facts.destination.clone().or_else(|| facts.group.clone());
    let place = super::message::place(facts.partition.as_deref(), facts.offset);
    let found = steps.iter().position(|s| {
        s.role == role && s.destination == destination && (s.place.is_none() || s.place == place)
    });
    found.unwrap_or_else(|| {
        steps.push(Step {
            role,
            destination,
            route: None,
            place,
            message_id: facts.message_id.clone(),
            put: None,
            by: None,
        });
        steps.len() - 1
    })
}
