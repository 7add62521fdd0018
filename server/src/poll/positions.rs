//! Where messages stand, as last told: each position keeps the time of its own reading, so that what
//! a broker leaves out ages in place of vanishing.
//!
//! Built anew from each reading, with what was not told again carried over: bounded by what one
//! reading and the topology hold, 40 bytes a (group, partition).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use waybill_model::time::Timestamp;
use waybill_model::topology::{Commit, Depth, Head, Readings};

use super::depths::DepthKept;
use super::lag::Step;
use super::places::{PlaceKept, Places};

#[derive(Clone, Debug, Default)]
pub struct Positions {
    pub places: Places,
    pub groups: BTreeMap<Arc<str>, GroupKept>,
    pub depths: Depths,
}

/// By namespace and name.
type Depths = BTreeMap<(Option<String>, String), DepthKept>;

#[derive(Clone, Debug, Default)]
pub struct GroupKept {
    /// Sorted by place.
    pub commits: Vec<CommitKept>,
    /// Over all its partitions, since the reading before.
    pub step: Step,
    pub per_s: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitKept {
    pub place: u32,
    pub committed: Option<i64>,
    pub at: Timestamp,
    /// By the last reading; else it was carried over.
    pub told: bool,
}

/// What still exists, as the topology tells; everything while none was read.
pub trait Existing {
    fn has_partition(&self, destination: &str, partition: &str) -> bool;
    fn has_group(&self, group: &str) -> bool;
    fn has_destination(&self, namespace: Option<&str>, name: &str) -> bool;
}

impl Positions {
    /// What stands after `readings`. Of what they leave out the last positions stay, if they are
    /// told to be a part only (`readings.unknown`) and the topology still has it.
    #[must_use]
    pub fn after(self, readings: Readings, existing: &impl Existing) -> Self {
        let partial = !readings.unknown.is_empty();
        let (places, before) = self.places.emptied();
        let mut next = Self {
            places,
            ..Self::default()
        };
        for head in &readings.heads {
            next.take_head(&before, head);
        }
        if partial {
            next.keep_heads(&before, existing);
        }
        next.take_commits(&self.groups, readings.commits);
        if partial {
            next.keep_commits(&self.groups, existing);
        }
        for depth in readings.depths {
            next.take_depth(&self.depths, depth);
        }
        if partial {
            next.keep_depths(self.depths, existing);
        }
        next.compact();
        next
    }

    /// A destination that was made again under its name is another one.
    pub fn forget(&mut self, destination: &str) {
        for place in self.places.iter_mut() {
            if &*place.destination == destination {
                (place.head, place.low, place.step) = (None, None, Step::None);
            }
        }
        let places = &self.places;
        for group in self.groups.values_mut() {
            group.commits.retain(|commit| {
                let place = places.get(commit.place);
                place.is_some_and(|place| &*place.destination != destination)
            });
        }
    }

    pub fn place(&self, destination: &str, partition: &str) -> Option<&PlaceKept> {
        let place = self.places.get(self.places.find(destination, partition)?);
        place.filter(|place| place.used)
    }

    fn take_head(&mut self, before: &[PlaceKept], head: &Head) {
        let number = self.places.number(&head.destination, &head.partition);
        let before = before.get(number as usize).filter(|p| p.head.is_some());
        let last = before.and_then(|place| place.head);
        let Some(place) = self.places.get_mut(number) else {
            return;
        };
        place.used = true;
        (place.head, place.written) = (Some(head.head), head.written);
        // Read seldom; not kept over an end that went back, which is another partition's beginning.
        place.low = match head.low {
            None if last.is_some_and(|last| head.head < last) => None,
            None => before.and_then(|place| place.low),
            told => told,
        };
        place.at = head.at;
        place.told = true;
        place.step = Step::between(last, Some(head.head));
        place.before = before.map_or(head.at, |place| place.at);
    }

    fn keep_heads(&mut self, before: &[PlaceKept], existing: &impl Existing) {
        for (place, old) in self.places.iter_mut().zip(before) {
            if place.head.is_none()
                && old.head.is_some()
                && existing.has_partition(&old.destination, &old.partition)
            {
                *place = PlaceKept {
                    used: true,
                    told: false,
                    step: Step::None,
                    ..old.clone()
                };
            }
        }
    }

    fn take_commits(&mut self, before: &BTreeMap<Arc<str>, GroupKept>, commits: Vec<Commit>) {
        let mut groups: HashMap<&str, Vec<CommitKept>> = HashMap::new();
        for run in commits.chunk_by(|a, b| a.group == b.group) {
            let kept = groups.entry(&run[0].group).or_default();
            kept.reserve(run.len());
            for commit in run {
                let place = self.use_place(&commit.destination, &commit.partition);
                kept.push(CommitKept {
                    place,
                    committed: commit.committed,
                    at: commit.at,
                    told: true,
                });
            }
        }
        for (name, mut commits) in groups {
            commits.sort_unstable_by_key(|commit| commit.place);
            let group = GroupKept::after(before.get(name), commits);
            self.groups.insert(name.into(), group);
        }
    }

    fn keep_commits(&mut self, before: &BTreeMap<Arc<str>, GroupKept>, existing: &impl Existing) {
        for (name, old) in before.iter().filter(|(name, _)| existing.has_group(name)) {
            let group = self
                .groups
                .entry(name.clone())
                .or_insert_with(|| GroupKept {
                    per_s: old.per_s,
                    ..GroupKept::default()
                });
            let told = group.commits.len();
            for commit in &old.commits {
                let is_told = group.commits[..told]
                    .binary_search_by_key(&commit.place, |commit| commit.place)
                    .is_ok();
                let Some(place) = self.places.get_mut(commit.place).filter(|_| !is_told) else {
                    continue;
                };
                if existing.has_partition(&place.destination, &place.partition) {
                    place.used = true;
                    group.commits.push(CommitKept {
                        told: false,
                        ..*commit
                    });
                }
            }
            if told > 0 && group.commits.len() > told {
                // Of a part alone the way would be too short.
                (group.step, group.per_s) = (Step::Unknown, None);
            }
            group.commits.sort_unstable_by_key(|commit| commit.place);
        }
    }

    fn take_depth(&mut self, before: &Depths, depth: Depth) {
        let key = (depth.namespace.clone(), depth.destination.clone());
        let kept = DepthKept::after(before.get(&key), depth);
        self.depths.insert(key, kept);
    }

    fn keep_depths(&mut self, before: Depths, existing: &impl Existing) {
        for (key, old) in before {
            if existing.has_destination(key.0.as_deref(), &key.1) {
                self.depths.entry(key).or_insert_with(|| old.unread());
            }
        }
    }

    fn use_place(&mut self, destination: &str, partition: &str) -> u32 {
        let number = self.places.number(destination, partition);
        if let Some(place) = self.places.get_mut(number) {
            place.used = true;
        }
        number
    }

    fn compact(&mut self) {
        let Some(numbers) = self.places.compacted() else {
            return;
        };
        for group in self.groups.values_mut() {
            group.commits.retain_mut(|commit| {
                let number = numbers.get(commit.place as usize).copied().flatten();
                commit.place = number.unwrap_or_default();
                number.is_some()
            });
        }
    }
}

impl GroupKept {
    /// `commits` by place, as those before.
    fn after(before: Option<&Self>, commits: Vec<CommitKept>) -> Self {
        let mut group = Self {
            commits,
            ..Self::default()
        };
        let Some(before) = before else {
            group.step = Step::Unknown;
            return group;
        };
        let (mut from, mut to) = (None, None);
        let mut old = before.commits.iter().peekable();
        for commit in &group.commits {
            while old.next_if(|old| old.place < commit.place).is_some() {}
            let was = old.next_if(|old| old.place == commit.place);
            if commit.committed.is_none() && was.is_none_or(|was| was.committed.is_none()) {
                // Nothing was taken, and nothing is.
                continue;
            }
            let step = Step::between(was.and_then(|was| was.committed), commit.committed);
            group.step = group.step.plus(step);
            from = from.max(was.map(|was| was.at));
            to = to.max(Some(commit.at));
        }
        group.per_s = match (from, to) {
            (Some(from), Some(to)) => group.step.per_s(from, to),
            _ => None,
        };
        group
    }
}

#[cfg(test)]
#[path = "positions_tests.rs"]
mod tests;
