//! What is kept of a cluster: the last good topology and the last positions, with their times.
//! Nothing turns to zero and nothing vanishes because a broker refuses, or can tell a part only.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use waybill_model::time::Timestamp;
use waybill_model::topology::{
    Destination, DestinationKind, Group, Readings, Route, RouteKind, Topology, Unknown,
};

use super::positions::{Existing, Positions};
use super::route_watch::RouteWatch;

#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub topology: Option<Told>,
    pub positions: Positions,
    pub readings_at: Option<Timestamp>,
    pub routes: RouteWatch,
    made_again: HashMap<String, Timestamp>,
}

/// A topology with what was carried over from the one before.
#[derive(Clone, Debug)]
pub struct Told {
    pub topology: Arc<Topology>,
    pub at: Timestamp,
    /// What the broker leaves out while it cannot tell everything, and since when.
    pub missing: Missing,
    known: Known,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Missing {
    pub destinations: BTreeMap<DestinationName, Timestamp>,
    pub groups: BTreeMap<GroupName, Timestamp>,
}

/// Namespace, kind as it sorts, name.
pub type DestinationName = (Option<String>, u8, String);
pub type GroupName = (Option<String>, String);

pub fn destination_name(one: &Destination) -> DestinationName {
    (
        one.namespace.clone(),
        kind_order(one.kind),
        one.name.clone(),
    )
}

pub fn group_name(group: &Group) -> GroupName {
    (group.namespace.clone(), group.name.clone())
}

fn kind_order(kind: DestinationKind) -> u8 {
    kind as u8
}

impl Snapshot {
    /// Takes a good answer. What it leaves out is carried over where it may only be hidden: while a
    /// node is not running, or while the list itself is told to have a gap. Names of destinations that
    /// are others than before are handed back.
    pub fn take_topology(&mut self, mut new: Topology, at: Timestamp) -> Vec<String> {
        let mut missing = Missing::default();
        let mut again = Vec::new();
        if let Some(old) = &self.topology {
            again = made_again(&old.topology, &new);
            for one in &again {
                self.positions.forget(one);
                self.made_again.insert(one.clone(), at);
            }
            let node_away = new.nodes.iter().any(|node| node.running == Some(false));
            if node_away || has_gap(&new.unknown, "destinations") {
                carry_destinations(old, &mut new, &mut missing, at);
            }
            if node_away || has_gap(&new.unknown, "groups") {
                carry_groups(old, &mut new, &mut missing, at);
            }
        }
        let old = self.topology.as_ref().map(|told| told.topology.as_ref());
        self.routes.take(old, &new, at);
        self.topology = Some(Told::new(new, at, missing));
        again
    }

    /// When a destination was seen to be another one than before, under its name.
    pub fn made_again_at(&self, destination: &str) -> Option<Timestamp> {
        self.made_again.get(destination).copied()
    }

    /// As it was kept by whoever polled before.
    pub fn restore_topology(&mut self, topology: Topology, at: Timestamp) {
        self.topology = Some(Told::new(topology, at, Missing::default()));
    }

    pub fn take_readings(&mut self, readings: Readings, at: Timestamp) {
        let positions = std::mem::take(&mut self.positions);
        let everything = Known::default();
        let known = self
            .topology
            .as_ref()
            .map_or(&everything, |told| &told.known);
        self.positions = positions.after(readings, known);
        self.readings_at = Some(at);
    }

    /// How many things the readings name that the topology does not know.
    pub fn unheard(&self) -> usize {
        let Some(told) = &self.topology else {
            return 0;
        };
        let known = &told.known;
        let positions = &self.positions;
        let places = positions.places.used();
        let places = places.filter(|p| !known.has_partition(&p.destination, &p.partition));
        let groups = positions
            .groups
            .keys()
            .filter(|group| !known.has_group(group));
        let queues = positions.depths.keys();
        let queues =
            queues.filter(|(namespace, name)| !known.has_destination(namespace.as_deref(), name));
        places.count() + groups.count() + queues.count()
    }
}

impl Told {
    fn new(topology: Topology, at: Timestamp, missing: Missing) -> Self {
        Self {
            known: Known::of(&topology),
            topology: Arc::new(topology),
            at,
            missing,
        }
    }
}

fn has_gap(unknown: &[Unknown], list: &str) -> bool {
    unknown.iter().any(|unknown| unknown.member == list)
}

/// Names of destinations that have another id than before.
fn made_again(old: &Topology, new: &Topology) -> Vec<String> {
    let ids: HashMap<DestinationName, &str> = old
        .destinations
        .iter()
        .filter_map(|one| Some((destination_name(one), one.id.as_deref()?)))
        .collect();
    let changed = |one: &&Destination| {
        let before = ids.get(&destination_name(one));
        before.is_some_and(|before| one.id.as_deref().is_some_and(|id| id != *before))
    };
    new.destinations
        .iter()
        .filter(changed)
        .map(|one| one.name.clone())
        .collect()
}

fn carry_destinations(old: &Told, new: &mut Topology, missing: &mut Missing, at: Timestamp) {
    let told: HashSet<DestinationName> = new.destinations.iter().map(destination_name).collect();
    for one in &old.topology.destinations {
        let name = destination_name(one);
        if !told.contains(&name) {
            let since = old.missing.destinations.get(&name).copied().unwrap_or(at);
            missing.destinations.insert(name, since);
            new.destinations.push(one.clone());
        }
    }
    let hidden: HashSet<(&Option<String>, &str)> = missing
        .destinations
        .keys()
        .map(|(namespace, _, name)| (namespace, name.as_str()))
        .collect();
    let told: HashSet<_> = new.routes.iter().map(route_name).collect();
    let carried: Vec<Route> = old
        .topology
        .routes
        .iter()
        .filter(|route| {
            hidden.contains(&(&route.namespace, route.from.as_str()))
                && !told.contains(&route_name(route))
        })
        .cloned()
        .collect();
    new.routes.extend(carried);
}

fn route_name(route: &Route) -> (&Option<String>, &str, &str, Option<&str>, RouteKind) {
    let key = route.routing_key.as_deref();
    (&route.namespace, &route.from, &route.to, key, route.kind)
}

fn carry_groups(old: &Told, new: &mut Topology, missing: &mut Missing, at: Timestamp) {
    let told: HashSet<GroupName> = new.groups.iter().map(group_name).collect();
    for group in &old.topology.groups {
        let name = group_name(group);
        if !told.contains(&name) {
            let since = old.missing.groups.get(&name).copied().unwrap_or(at);
            missing.groups.insert(name, since);
            new.groups.push(group.clone());
        }
    }
}

/// Names of a topology, for looking up; without one everything may exist.
#[derive(Clone, Debug, Default)]
struct Known {
    is_told: bool,
    partitions: HashMap<String, HashSet<String>>,
    destinations: HashSet<(Option<String>, String)>,
    groups: HashSet<String>,
}

impl Known {
    fn of(topology: &Topology) -> Self {
        let mut known = Self {
            is_told: true,
            ..Self::default()
        };
        for one in &topology.destinations {
            let place = (one.namespace.clone(), one.name.clone());
            known.destinations.insert(place);
            let partitions = known.partitions.entry(one.name.clone()).or_default();
            partitions.extend(one.partitions.iter().map(|partition| partition.id.clone()));
        }
        known.groups = topology
            .groups
            .iter()
            .map(|group| group.name.clone())
            .collect();
        known
    }
}

impl Existing for Known {
    fn has_partition(&self, destination: &str, partition: &str) -> bool {
        let partitions = self.partitions.get(destination);
        !self.is_told || partitions.is_some_and(|known| known.contains(partition))
    }

    fn has_group(&self, group: &str) -> bool {
        !self.is_told || self.groups.contains(group)
    }

    fn has_destination(&self, namespace: Option<&str>, name: &str) -> bool {
        let place = (namespace.map(str::to_owned), name.to_owned());
        !self.is_told || self.destinations.contains(&place)
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
