//! Readings: no lag below zero, nothing unknown written as a figure, nothing that is not there.

use std::collections::{HashMap, HashSet};

use waybill_model::topology::{Head, Readings, Topology};

use super::told::Lists;

/// What is broken in them, a line each; empty where nothing is.
pub fn readings(topology: &Topology, readings: &Readings) -> Vec<String> {
    let mut broken = Vec::new();
    let destinations: HashSet<&str> = topology
        .destinations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let groups: HashSet<&str> = topology
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    let mut heads: HashMap<(&str, &str), &Head> = HashMap::new();
    for head in &readings.heads {
        let what = format!("head of {:?} {:?}", head.destination, head.partition);
        if heads
            .insert((&head.destination, &head.partition), head)
            .is_some()
        {
            broken.push(format!("{what} stands twice"));
        }
        if head.head < 0 || head.low.is_some_and(|low| low < 0 || low > head.head) {
            broken.push(format!("{what}: from {:?} to {}", head.low, head.head));
        }
        if !destinations.contains(head.destination.as_str()) {
            broken.push(format!("{what}: the topology has no such destination"));
        }
    }
    let mut seen = HashSet::new();
    for commit in readings.commits.iter() {
        let place = (commit.destination, commit.partition);
        let what = format!("commit of {:?} on {place:?}", commit.group);
        if !seen.insert((commit.group, place)) {
            broken.push(format!("{what} stands twice"));
        }
        if !groups.contains(commit.group) {
            broken.push(format!("{what}: the topology has no such group"));
        }
        if commit.committed.is_some_and(|committed| committed < 0) {
            broken.push(format!("{what}: {:?} is no offset", commit.committed));
        }
        let Some(head) = heads.get(&place) else {
            continue;
        };
        if commit
            .committed
            .is_some_and(|committed| committed > head.head)
        {
            broken.push(format!(
                "{what}: {:?} is beyond {}",
                commit.committed, head.head
            ));
        }
        if commit.at > head.at {
            broken.push(format!(
                "{what}: read after the head, so that a lag may be below zero"
            ));
        }
    }
    of_depths(topology, readings, &mut broken);
    broken
}

fn of_depths(topology: &Topology, readings: &Readings, broken: &mut Vec<String>) {
    let places: HashSet<_> = topology
        .destinations
        .iter()
        .map(|one| (one.namespace.as_deref(), one.name.as_str()))
        .collect();
    let mut seen = HashSet::new();
    for depth in &readings.depths {
        let place = (depth.namespace.as_deref(), depth.destination.as_str());
        let what = format!("depth of {place:?}");
        if !seen.insert(place) {
            broken.push(format!("{what} stands twice"));
        }
        if !places.contains(&place) {
            broken.push(format!("{what}: the topology has no such destination"));
        }
        let lists = Lists {
            what,
            own: &depth.unknown,
            holder: (&readings.unknown, "depths"),
        };
        lists.check(
            broken,
            &[
                ("ready", depth.ready.is_some()),
                ("unacknowledged", depth.unacknowledged.is_some()),
                ("consumers", depth.consumers.is_some()),
                ("published_total", depth.published_total.is_some()),
                ("delivered_total", depth.delivered_total.is_some()),
                ("acknowledged_total", depth.acknowledged_total.is_some()),
                ("redelivered_total", depth.redelivered_total.is_some()),
                ("head_at", depth.head_at.is_some()),
            ],
        );
    }
}
