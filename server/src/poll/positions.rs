//! Where messages stand, as last told: each position keeps the time of its own reading, so that what
//! a broker leaves out ages in place of vanishing.
//!
//! Built anew from each reading, with what was not told again carried over: bounded by what one
//! reading and the topology hold, 24 bytes a (group, partition).

use std::collections::BTreeMap;
use std::sync::Arc;

use waybill_model::time::Timestamp;
use waybill_model::topology::{Commits, Depth, GroupCommits, Head, Position, Readings};

use super::depths::DepthKept;
use super::lag::Step;
use super::places::{PlaceKept, Places};

#[derive(Clone, Debug, Default)]
pub struct Positions {
    pub places: Places,
    pub groups: BTreeMap<Arc<str>, GroupKept>,
    pub depths: Depths,
    /// The new number of each place, where the last reading dealt them anew.
    pub renumbered: Option<Vec<Option<u32>>>,
}

/// By namespace and name.
type Depths = BTreeMap<(Option<String>, String), DepthKept>;

#[derive(Clone, Debug, Default)]
pub struct GroupKept {
    /// Sorted by place, each once.
    pub commits: Vec<CommitKept>,
    /// Of the last reading, and of those before it that told what was carried over: few.
    times: Vec<Timestamp>,
    /// Over all its partitions, since the reading before.
    pub step: Step,
    pub per_s: Option<f64>,
}

/// There may be millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitKept {
    pub place: u32,
    /// Which of the group's times.
    read: u32,
    pub committed: Option<i64>,
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
            next.keep_commits(self.groups, existing);
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

    fn take_commits(&mut self, before: &BTreeMap<Arc<str>, GroupKept>, commits: Commits) {
        let (names, groups) = commits.into_parts();
        // By the reading's own numbers.
        let mut numbers: Vec<Option<u32>> = vec![None; names.len()];
        for group in groups {
            let GroupCommits {
                group: name,
                at,
                positions,
            } = group;
            let place = |position: Position| {
                let number = numbers.get_mut(position.place as usize)?;
                let place = match number {
                    Some(place) => *place,
                    None => {
                        let name = names.get(position.place as usize)?;
                        let place = self.use_place(&name.destination, &name.partition);
                        *number.insert(place)
                    }
                };
                Some(CommitKept {
                    place,
                    read: 0,
                    committed: position.committed,
                })
            };
            // In the same memory.
            let told: Vec<CommitKept> = positions.into_iter().filter_map(place).collect();
            if told.is_empty() {
                // Without any position its lag is not known, which is not a lag of 0.
                continue;
            }
            match self.groups.get_mut(name.as_str()) {
                Some(group) => group.add(told, at),
                None => {
                    let group = GroupKept::told(told, at);
                    self.groups.insert(name.into(), group);
                }
            }
        }
        for (name, group) in &mut self.groups {
            group.sort();
            group.compare(before.get(name));
        }
    }

    /// What was not told again.
    fn keep_commits(&mut self, before: BTreeMap<Arc<str>, GroupKept>, existing: &impl Existing) {
        for (name, old) in before {
            if !existing.has_group(&name) {
                continue;
            }
            let group = self.groups.entry(name).or_insert_with(|| GroupKept {
                per_s: old.per_s,
                ..GroupKept::default()
            });
            let places = &mut self.places;
            group.carry_over(&old, |place| {
                let kept = places
                    .get_mut(place)
                    .filter(|place| existing.has_partition(&place.destination, &place.partition));
                kept.map(|place| place.used = true).is_some()
            });
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
        self.renumbered = Some(numbers);
    }
}

impl GroupKept {
    fn told(commits: Vec<CommitKept>, at: Timestamp) -> Self {
        Self {
            commits,
            times: vec![at],
            step: Step::Unknown,
            per_s: None,
        }
    }

    /// Further partitions; of two that were read apart the earlier time counts.
    fn add(&mut self, commits: Vec<CommitKept>, at: Timestamp) {
        self.commits.extend(commits);
        if let Some(first) = self.times.first_mut() {
            *first = at.min(*first);
        }
    }

    fn sort(&mut self) {
        self.commits.sort_by_key(|commit| commit.place);
        self.commits.dedup_by_key(|commit| commit.place);
    }

    pub fn at(&self, commit: &CommitKept) -> Timestamp {
        let at = self.times.get(commit.read as usize);
        at.copied().unwrap_or(Timestamp::EPOCH)
    }

    /// By the last reading; else it was carried over.
    /// When it was read last; `None` where the last reading told nothing of it.
    pub fn told_at(&self) -> Option<Timestamp> {
        let is_told = self.commits.iter().any(|commit| self.is_told(commit));
        self.times.first().copied().filter(|_| is_told)
    }

    pub fn is_told(&self, commit: &CommitKept) -> bool {
        commit.read == 0
    }

    /// How far it went. Both are sorted.
    fn compare(&mut self, before: Option<&Self>) {
        let Some(before) = before else {
            (self.step, self.per_s) = (Step::Unknown, None);
            return;
        };
        (self.step, self.per_s) = (Step::None, None);
        let (mut from, mut to) = (None, None);
        let mut old = before.commits.iter().peekable();
        for commit in &self.commits {
            while old.next_if(|old| old.place < commit.place).is_some() {}
            let was = old.next_if(|old| old.place == commit.place);
            if commit.committed.is_none() && was.is_none_or(|was| was.committed.is_none()) {
                // Nothing was taken, and nothing is.
                continue;
            }
            let step = Step::between(was.and_then(|was| was.committed), commit.committed);
            self.step = self.step.plus(step);
            from = from.max(was.map(|was| before.at(was)));
            to = to.max(Some(self.at(commit)));
        }
        self.per_s = match (from, to) {
            (Some(from), Some(to)) => self.step.per_s(from, to),
            _ => None,
        };
    }

    /// Adds what the last reading left out, where `stays` says that its place is there.
    fn carry_over(&mut self, old: &Self, mut stays: impl FnMut(u32) -> bool) {
        let told = self.commits.len();
        if self.times.is_empty() {
            // What it would have told is of no time.
            self.times.push(Timestamp::EPOCH);
        }
        let mut unsorted = Vec::new();
        let mut new = self.commits.iter().peekable();
        for commit in &old.commits {
            while new.next_if(|new| new.place < commit.place).is_some() {}
            let is_told = new.peek().is_some_and(|new| new.place == commit.place);
            if !is_told && stays(commit.place) {
                unsorted.push((*commit, old.at(commit)));
            }
        }
        for (commit, at) in unsorted {
            let known = self.times.iter().skip(1).position(|time| *time == at);
            let read = match known {
                Some(known) => known + 1,
                None => {
                    self.times.push(at);
                    self.times.len() - 1
                }
            };
            self.commits.push(CommitKept {
                read: u32::try_from(read).unwrap_or(u32::MAX),
                ..commit
            });
        }
        if told > 0 && self.commits.len() > told {
            // Of a part alone the way would be too short.
            (self.step, self.per_s) = (Step::Unknown, None);
        }
        self.sort();
    }
}

#[cfg(test)]
#[path = "positions_tests.rs"]
mod tests;
