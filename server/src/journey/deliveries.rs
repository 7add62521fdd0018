//! Deliveries: the tries of one consumer group, and what they came to.

use waybill_model::journey::{Attempt, Delivery, DeliveryState, HopRole, JourneyState, Outcome};
use waybill_model::span::StatusCode;

use super::attempts::Try;
use super::cause;
use super::failure;
use super::graph::Graph;
use super::trail::Trail;

/// A delivery with the tries it was told from.
pub struct Told {
    pub delivery: Delivery,
    /// Parallel to the attempts.
    pub tries: Vec<usize>,
    /// Reads what was laid aside: says nothing of the message's own fate.
    pub of_dead_letter: bool,
}

pub fn deliveries(graph: &Graph<'_>, trail: &Trail, tries: &[Try]) -> Vec<Told> {
    let groups = assign(graph, trail, tries);
    let alone = groups.iter().filter(|g| !g.dead).count() == 1;
    let mut told: Vec<Told> = groups
        .into_iter()
        .map(|group| group.tell(graph, trail, tries, alone))
        .collect();
    told.sort_by_key(|t| {
        t.delivery
            .attempts
            .first()
            .map(|a| (a.started_at, a.trace_id, a.span_id))
    });
    told
}

struct Group {
    name: Option<String>,
    service: String,
    dead: bool,
    tries: Vec<usize>,
}

/// By the group's name, else by service. What reads a retry destination goes on with the delivery
/// that put the message there.
fn assign(graph: &Graph<'_>, trail: &Trail, tries: &[Try]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, t) in tries.iter().enumerate() {
        let service = graph.nodes[t.main].span.service();
        let dead = trail.is_dead(t.hop);
        let step = &trail.steps[t.hop];
        let goes_on = matches!(step.role, HopRole::Retry | HopRole::Replay);
        let putter = step.by.filter(|_| goes_on).and_then(|by| {
            groups
                .iter()
                .position(|g| g.tries.iter().any(|&i| tries[i].nodes.contains(&by)))
        });
        let same = |g: &Group| {
            g.dead == dead
                && match (&g.name, &t.group) {
                    (Some(a), Some(b)) => a == b,
                    _ => g.service == service,
                }
        };
        let found = putter
            .filter(|_| step.role == HopRole::Retry)
            .or_else(|| groups.iter().position(same))
            .or_else(|| {
                let mut live = groups.iter().enumerate().filter(|(_, g)| !g.dead);
                let only = live
                    .next()
                    .map(|(i, _)| i)
                    .filter(|_| live.next().is_none());
                only.filter(|_| goes_on)
            });
        match found {
            Some(at) => {
                let group = &mut groups[at];
                // A retry destination often has a group of its own; the delivery keeps the first.
                if group.name.is_none() && group.service == service {
                    group.name.clone_from(&t.group);
                }
                group.tries.push(index);
            }
            None => groups.push(Group {
                name: t.group.clone(),
                service: service.to_owned(),
                dead,
                tries: vec![index],
            }),
        }
    }
    groups
}

impl Group {
    fn tell(mut self, graph: &Graph<'_>, trail: &Trail, tries: &[Try], alone: bool) -> Told {
        self.tries.sort_by_key(|&i| tries[i].main);
        let outcomes = self.outcomes(graph, trail, tries, alone);
        let mut attempts: Vec<Attempt> = Vec::new();
        for (n, (&i, &outcome)) in self.tries.iter().zip(&outcomes).enumerate() {
            let before = attempts.last().map(|a| a.ended_at);
            attempts.push(attempt(graph, &tries[i], n, outcome, before));
        }
        let state = self.state(trail, tries, alone, &attempts);
        Told {
            delivery: Delivery {
                group: self.name,
                service: Some(self.service),
                state,
                attempts,
            },
            tries: self.tries,
            of_dead_letter: self.dead,
        }
    }

    /// Failure often leaves no mark on a span. A further put to a retry or dead-letter destination
    /// says it; a further delivery alone says only that nothing was settled.
    fn outcomes(
        &self,
        graph: &Graph<'_>,
        trail: &Trail,
        tries: &[Try],
        alone: bool,
    ) -> Vec<Outcome> {
        let told_on = |i: usize| {
            let t = &tries[i];
            trail.steps.iter().any(|s| {
                matches!(s.role, HopRole::Retry | HopRole::DeadLetter)
                    && s.by.is_some_and(|by| t.nodes.contains(&by))
            })
        };
        // The broker, or somebody dark, laid it aside: then the only consumer did not take it.
        let laid_aside = alone && !self.dead && laid_aside_by_others(trail);
        self.tries
            .iter()
            .enumerate()
            .map(|(n, &i)| {
                let t = &tries[i];
                let later_on_hop = || {
                    self.tries[n + 1..]
                        .iter()
                        .copied()
                        .filter(|&j| tries[j].hop == t.hop)
                };
                match t.own_outcome(graph) {
                    Outcome::Failed => Outcome::Failed,
                    _ if t.is_postponed(graph) => Outcome::Unknown,
                    _ if told_on(i) || later_on_hop().any(told_on) => Outcome::Failed,
                    _ if graph.nodes[t.main].span.status.code == StatusCode::Ok => Outcome::Ok,
                    _ if laid_aside => Outcome::Failed,
                    _ if self.read_again_after(n, trail, tries) && alone => Outcome::Failed,
                    _ if self.read_again_after(n, trail, tries) => Outcome::Unknown,
                    _ if later_on_hop().next().is_some() => Outcome::Unknown,
                    own => own,
                }
            })
            .collect()
    }

    /// The next try reads it at a retry destination where nobody was seen to put it: somebody did,
    /// after this one.
    fn read_again_after(&self, n: usize, trail: &Trail, tries: &[Try]) -> bool {
        let hop_of = |n: usize| self.tries.get(n).map(|&i| tries[i].hop);
        hop_of(n + 1)
            .filter(|&next| {
                let step = &trail.steps[next];
                step.role == HopRole::Retry && step.by.is_none()
            })
            .is_some_and(|next| (0..=n).all(|before| hop_of(before) != Some(next)))
    }

    fn state(
        &self,
        trail: &Trail,
        tries: &[Try],
        alone: bool,
        attempts: &[Attempt],
    ) -> DeliveryState {
        let put_by_us = |role: HopRole| {
            trail
                .steps
                .iter()
                .enumerate()
                .filter(move |(_, s)| s.role == role)
                .find(|(_, s)| {
                    s.by.is_some_and(|by| self.tries.iter().any(|&i| tries[i].nodes.contains(&by)))
                })
        };
        if !self.dead {
            let dead =
                put_by_us(HopRole::DeadLetter).is_some() || (alone && laid_aside_by_others(trail));
            let after_replay = self
                .tries
                .iter()
                .any(|&i| trail.steps[tries[i].hop].role == HopRole::Replay);
            if dead && !after_replay {
                return DeliveryState::DeadLettered;
            }
        }
        match attempts.last().map(|a| a.outcome) {
            Some(Outcome::Ok) => DeliveryState::Done,
            Some(Outcome::Failed) => {
                let waiting = trail.steps.iter().enumerate().any(|(hop, s)| {
                    s.role == HopRole::Retry
                        && s.by.is_some_and(|by| {
                            self.tries.iter().any(|&i| tries[i].nodes.contains(&by))
                        })
                        && !tries.iter().any(|t| t.hop == hop)
                });
                if waiting {
                    DeliveryState::Retrying
                } else {
                    DeliveryState::Failed
                }
            }
            Some(Outcome::Unknown) | None => DeliveryState::Unknown,
        }
    }
}

fn laid_aside_by_others(trail: &Trail) -> bool {
    trail
        .steps
        .iter()
        .enumerate()
        .any(|(i, s)| i > 0 && s.role == HopRole::DeadLetter && s.by.is_none())
}

fn attempt(
    graph: &Graph<'_>,
    t: &Try,
    before: usize,
    outcome: Outcome,
    ended_before: Option<waybill_model::time::Timestamp>,
) -> Attempt {
    let span = &graph.nodes[t.main].span;
    let error = t
        .nodes
        .iter()
        .rev()
        .find_map(|&n| failure::of(&graph.nodes[n].span));
    Attempt {
        n: u32::try_from(before + 1).unwrap_or(u32::MAX),
        hop: t.hop,
        service: span.service().to_owned(),
        version: span.resource.text("service.version").map(str::to_owned),
        instance: span.resource.text("service.instance.id").map(str::to_owned),
        trace_id: span.trace_id,
        span_id: span.span_id,
        started_at: span.started_at,
        ended_at: span.ended_at,
        outcome,
        error: error.filter(|_| outcome == Outcome::Failed),
        joined_by: t.joined_by,
        backoff_ms: ended_before.map_or(0.0, |end| span.started_at.ms_since(end).max(0.0)),
        cause: cause::of(graph, t, outcome),
    }
}

/// The worst delivery decides; readers of dead letters do not.
pub fn state(trail: &Trail, told: &[Told]) -> JourneyState {
    let last_role = trail.steps.last().map(|s| s.role);
    let read = |hop: usize| {
        told.iter()
            .flat_map(|t| &t.delivery.attempts)
            .any(|a| a.hop == hop)
    };
    if last_role == Some(HopRole::Replay) && !read(trail.steps.len() - 1) {
        return JourneyState::Replayed;
    }
    let replayed = trail.steps.iter().any(|s| s.role == HopRole::Replay);
    if !replayed && trail.steps.iter().any(|s| s.role == HopRole::DeadLetter) {
        return JourneyState::DeadLettered;
    }
    let worst = told
        .iter()
        .filter(|t| !t.of_dead_letter)
        .map(|t| match t.delivery.state {
            DeliveryState::DeadLettered => (0, JourneyState::DeadLettered),
            DeliveryState::Failed => (1, JourneyState::Failed),
            DeliveryState::Retrying => (2, JourneyState::Retrying),
            DeliveryState::Pending => (3, JourneyState::InFlight),
            DeliveryState::Unknown => (4, JourneyState::Unknown),
            DeliveryState::Done => (5, JourneyState::Delivered),
        });
    worst
        .min_by_key(|(rank, _)| *rank)
        .map_or(JourneyState::Unknown, |(_, state)| state)
}
