//! From what is kept to the lines that lists show. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use waybill_model::reading::PartitionEnds;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Destination, DestinationKind, Group, RouteKind, Topology, Unknown};
use waybill_store::topology::{DestinationLine, GroupLine, group_key};

use super::depths::DepthKept;
use super::group_figures::{GroupFigures, figures};
use super::lag::Step;
use super::snapshot::{Snapshot, Told, destination_name, group_name};

/// What cluster lines are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub cluster: String,
    pub system: String,
}

/// Everything that lists, roll-ups and samples are written from.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    pub destinations: Vec<DestinationLine>,
    pub groups: Vec<GroupLine>,
    /// Keys of lines whose figures this process has read.
    pub read: HashSet<i64>,
    /// Of groups that have positions, by key.
    pub figures: HashMap<i64, GroupFigures>,
    /// What moved since the reading before, by key of a destination or a group.
    pub steps: HashMap<i64, Steps>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    pub received: Step,
    pub removed: Step,
}

/// Nothing while no topology was ever told: what exists is then not known.
pub fn lines(named: &Named, snapshot: &Snapshot) -> Lines {
    let mut lines = Lines::default();
    let Some(told) = &snapshot.topology else {
        return lines;
    };
    for group in &told.topology.groups {
        lines.add_group(named, snapshot, told, group);
    }
    let around = Around::of(&told.topology, &lines.groups);
    let all = told.topology.destinations.iter();
    let found: Vec<(DestinationLine, Option<Steps>)> = all
        .map(|one| destination(named, snapshot, told, one, &around, &lines.figures))
        .collect();
    drop(around);
    for (line, steps) in found {
        if let Some(steps) = steps {
            lines.read.insert(line.key());
            lines.steps.insert(line.key(), steps);
        }
        lines.destinations.push(line);
    }
    lines
}

impl Lines {
    fn add_group(&mut self, named: &Named, snapshot: &Snapshot, told: &Told, group: &Group) {
        let positions = &snapshot.positions;
        let key = group_key(&named.cluster, group.namespace.as_deref(), &group.name);
        let mut line = GroupLine {
            cluster: named.cluster.clone(),
            system: named.system.clone(),
            namespace: group.namespace.clone(),
            name: group.name.clone(),
            kind: group.kind.clone(),
            state: group.state.clone(),
            coordinator: group.coordinator.clone(),
            members: group.members.as_ref().map(|members| members.len() as u64),
            destinations: assigned(group).into_iter().collect(),
            partitions: 0,
            lag_messages: None,
            lag_known_messages: 0,
            unknown_partitions: 0,
            out_per_s: None,
            figures_at: None,
            missing_since: told.missing.groups.get(&group_name(group)).copied(),
            judged: None,
        };
        let depth = positions.depths.get(&group_name(group));
        if let Some(kept) = positions.groups.get(group.name.as_str()) {
            let figures = figures(positions, kept);
            let read = figures.by_destination.keys().map(|name| name.to_string());
            let all: BTreeSet<String> = read.chain(line.destinations).collect();
            line.destinations = all.into_iter().collect();
            line.partitions = figures.partitions;
            // One that stands nowhere is not up to date.
            line.lag_messages = figures.sum.whole().filter(|_| figures.partitions > 0);
            line.lag_known_messages = figures.sum.known;
            line.unknown_partitions = figures.sum.unknown;
            line.out_per_s = kept.per_s;
            line.figures_at = figures.aged;
            self.read.insert(key);
            self.steps.insert(
                key,
                Steps {
                    received: Step::None,
                    removed: kept.step,
                },
            );
            self.figures.insert(key, figures);
        } else if let Some(depth) = depth {
            // The consumers of one queue: what it holds is what they have before them.
            line.destinations = vec![group.name.clone()];
            // A stream keeps what was consumed: nobody tells how far its consumers are.
            let waiting = depth.messages().filter(|_| group.kind != STREAM);
            line.lag_messages = waiting;
            line.lag_known_messages = waiting.unwrap_or_default();
            line.out_per_s = depth.acknowledged.per_s;
            line.figures_at = aged(depth);
            self.read.insert(key);
            self.steps.insert(key, queue_steps(depth));
        }
        self.groups.push(line);
    }
}

/// The kind of a group that takes nothing away.
pub(super) const STREAM: &str = "stream";

/// `None` beside it: nothing of it was read.
fn destination(
    named: &Named,
    snapshot: &Snapshot,
    told: &Told,
    one: &Destination,
    around: &Around<'_>,
    figures: &HashMap<i64, GroupFigures>,
) -> (DestinationLine, Option<Steps>) {
    let positions = &snapshot.positions;
    // A queue of its name is another thing: an exchange holds nothing, and nobody reads it.
    let holds = one.kind != DestinationKind::Exchange;
    let groups = if holds { around.readers(one) } else { &[] };
    let mut line = DestinationLine {
        cluster: named.cluster.clone(),
        system: named.system.clone(),
        namespace: one.namespace.clone(),
        name: one.name.clone(),
        kind: one.kind,
        role: one.role,
        partitions: (!one.partitions.is_empty()).then_some(one.partitions.len() as u64),
        depth_messages: None,
        lag_messages: greatest(groups, &one.name, figures),
        in_per_s: None,
        out_per_s: None,
        consumers: one.consumers,
        stored_bytes: one.stored_bytes,
        groups: groups.len() as u64,
        findings: one.findings.len() as u64,
        dead_letters: match holds {
            true => around.dead_letters(one),
            false => Some(Vec::new()),
        },
        figures_at: None,
        missing_since: told
            .missing
            .destinations
            .get(&destination_name(one))
            .copied(),
        received_at: None,
        taken_at: None,
        held_since: None,
        all_taken: None,
        ends: Vec::new(),
    };
    if !holds {
        line.received_at = snapshot.routes.since;
        line.taken_at = snapshot.routes.lost_at(one.namespace.as_deref());
    }
    let mut steps = None;
    if let Some(depth) = positions
        .depths
        .get(&(one.namespace.clone(), one.name.clone()))
        .filter(|_| holds)
    {
        line.depth_messages = depth.messages();
        line.in_per_s = depth.published.per_s;
        line.out_per_s = depth.acknowledged.per_s;
        line.consumers = depth.depth.consumers.or(line.consumers);
        line.received_at = depth.published.moved_at;
        line.taken_at = depth.taken_at();
        line.held_since = Some(depth.held_since);
        line.all_taken = depth.all_taken();
        line.figures_at = aged(depth);
        steps = Some(queue_steps(depth));
    } else if !one.partitions.is_empty() {
        let log = Log::of(snapshot, one);
        line.depth_messages = log.held;
        line.in_per_s = log.per_s;
        line.figures_at = log.aged;
        line.ends = log.ends;
        line.taken_at = snapshot.made_again_at(&one.name);
        steps = log.is_read.then_some(Steps {
            received: log.step,
            removed: Step::None,
        });
        // What all its groups took together: each takes every message for itself.
        let rates: Option<Vec<f64>> = groups.iter().map(|group| sole(group)).collect();
        line.out_per_s = rates
            .filter(|rates| !rates.is_empty())
            .map(|rates| rates.iter().sum());
    }
    (line, steps)
}

/// The rate of a group, where it reads nothing else.
fn sole(group: &GroupLine) -> Option<f64> {
    group.out_per_s.filter(|_| group.destinations.len() == 1)
}

/// A destination whose messages have offsets.
struct Log {
    is_read: bool,
    held: Option<u64>,
    step: Step,
    per_s: Option<f64>,
    aged: Option<Timestamp>,
    ends: Vec<PartitionEnds>,
}

impl Log {
    fn of(snapshot: &Snapshot, one: &Destination) -> Self {
        let positions = &snapshot.positions;
        let mut log = Self {
            is_read: false,
            held: Some(0),
            step: Step::None,
            per_s: None,
            aged: None,
            ends: Vec::new(),
        };
        let (mut from, mut to) = (None, None);
        let mut unread = false;
        for partition in &one.partitions {
            let place = positions
                .place(&one.name, &partition.id)
                .filter(|p| p.head.is_some());
            let Some(place) = place else {
                (log.held, unread) = (None, true);
                continue;
            };
            log.is_read = true;
            log.ends.push(PartitionEnds {
                partition: partition.id.clone(),
                low: place.low,
                head: place.head,
            });
            let held = place
                .head
                .zip(place.low)
                .and_then(|(head, low)| head.checked_sub(low));
            let held = held.and_then(|held| u64::try_from(held).ok());
            log.held = log.held.zip(held).map(|(all, one)| all.saturating_add(one));
            log.step = log.step.plus(place.step);
            if !place.told {
                unread = true;
                log.aged = earlier(log.aged, place.at);
            }
            from = from.max(Some(place.before));
            to = to.max(Some(place.at));
        }
        if unread && log.step != Step::None {
            log.step = Step::Unknown;
        }
        if let (Some(from), Some(to)) = (from, to) {
            log.per_s = log.step.per_s(from, to);
        }
        log
    }
}

fn earlier(known: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(at, |known| known.min(at)))
}

fn queue_steps(depth: &DepthKept) -> Steps {
    Steps {
        received: depth.published.step,
        removed: depth.acknowledged.step,
    }
}

/// Set where the queue was not told by the last reading.
fn aged(depth: &DepthKept) -> Option<Timestamp> {
    (!depth.told).then_some(depth.depth.at)
}

fn assigned(group: &Group) -> BTreeSet<String> {
    let members = group.members.iter().flatten();
    let assigned = members.flat_map(|member| member.assigned.iter().flatten());
    assigned
        .map(|(destination, _)| destination.clone())
        .collect()
}

/// The greatest lag that a group has here; `None` where it is not known of one, or there is none.
fn greatest(
    groups: &[&GroupLine],
    destination: &str,
    figures: &HashMap<i64, GroupFigures>,
) -> Option<u64> {
    let here = groups.iter().map(|group| match figures.get(&group.key()) {
        Some(figures) => figures.by_destination.get(destination)?.whole(),
        None => group.lag_messages,
    });
    let here: Option<Vec<u64>> = here.collect();
    here?.into_iter().max()
}

/// Who reads each destination and where its dead letters go, looked up once.
struct Around<'a> {
    readers: HashMap<(&'a Option<String>, &'a str), Vec<&'a GroupLine>>,
    dead_letters: HashMap<(&'a Option<String>, &'a str), BTreeSet<&'a str>>,
    routes_are_told: bool,
}

impl<'a> Around<'a> {
    fn of(topology: &'a Topology, groups: &'a [GroupLine]) -> Self {
        let mut around = Self {
            readers: HashMap::new(),
            dead_letters: HashMap::new(),
            routes_are_told: is_told(&topology.unknown, "routes"),
        };
        for group in groups {
            for name in &group.destinations {
                around
                    .readers
                    .entry((&group.namespace, name))
                    .or_default()
                    .push(group);
            }
        }
        for route in topology
            .routes
            .iter()
            .filter(|route| route.kind == RouteKind::DeadLetter)
        {
            let from = (&route.namespace, route.from.as_str());
            around
                .dead_letters
                .entry(from)
                .or_default()
                .insert(&route.to);
        }
        around
    }

    fn readers<'s>(&'s self, one: &'s Destination) -> &'s [&'s GroupLine] {
        let readers = self.readers.get(&(&one.namespace, one.name.as_str()));
        readers.map(Vec::as_slice).unwrap_or_default()
    }

    fn dead_letters(&self, one: &Destination) -> Option<Vec<String>> {
        let names = self.dead_letters.get(&(&one.namespace, one.name.as_str()));
        let known = self.routes_are_told && is_told(&one.unknown, "dead_letters");
        match names {
            Some(names) => Some(names.iter().map(|name| (*name).to_owned()).collect()),
            None => known.then(Vec::new),
        }
    }
}

fn is_told(unknown: &[Unknown], member: &str) -> bool {
    unknown.iter().all(|unknown| unknown.member != member)
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
