//! Where messages stand, as last told: each position keeps the time of its own reading, so that what
//! a broker leaves out ages in place of vanishing.
//!
//! Built anew from each reading, with what was not told again carried over: bounded by what one
//! reading and the topology hold, 40 bytes a (group, partition).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use waybill_model::time::Timestamp;
use waybill_model::topology::{Commit, Depth, Head, Readings};

use super::depths::DepthKept;
use super::lag::Step;

#[derive(Clone, Debug, Default)]
pub struct Positions {
    pub places: Vec<PlaceKept>,
    index: HashMap<Arc<str>, HashMap<Arc<str>, u32>>,
    pub groups: BTreeMap<Arc<str>, GroupKept>,
    /// By namespace and name.
    pub depths: BTreeMap<(Option<String>, String), DepthKept>,
}

/// One partition.
#[derive(Clone, Debug)]
pub struct PlaceKept {
    pub destination: Arc<str>,
    pub partition: Arc<str>,
    /// `None`: only commits name it.
    pub head: Option<i64>,
    pub low: Option<i64>,
    pub at: Timestamp,
    /// By the last reading; else it was carried over.
    pub told: bool,
    /// Since the reading before.
    pub step: Step,
    pub before: Timestamp,
}

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
        let mut next = Self::default();
        for head in &readings.heads {
            next.take_head(&self, head);
        }
        if partial {
            let kept = self.places.iter().filter(|place| place.head.is_some());
            for old in kept.filter(|old| existing.has_partition(&old.destination, &old.partition)) {
                next.keep_head(old);
            }
        }
        next.take_commits(&self, readings.commits);
        if partial {
            next.keep_commits(&self, existing);
        }
        for depth in readings.depths {
            next.take_depth(&self, depth);
        }
        if partial {
            for (key, old) in &self.depths {
                if existing.has_destination(key.0.as_deref(), &key.1) {
                    next.depths
                        .entry(key.clone())
                        .or_insert_with(|| old.unread());
                }
            }
        }
        next
    }

    /// A destination that was made again under its name is another one.
    pub fn forget(&mut self, destination: &str) {
        let gone: Vec<bool> = self
            .places
            .iter()
            .map(|place| &*place.destination == destination)
            .collect();
        for (place, _) in self.places.iter_mut().zip(&gone).filter(|(_, gone)| **gone) {
            (place.head, place.low, place.step) = (None, None, Step::None);
        }
        for group in self.groups.values_mut() {
            group
                .commits
                .retain(|commit| gone.get(commit.place as usize) != Some(&true));
        }
    }

    pub fn place(&self, destination: &str, partition: &str) -> Option<&PlaceKept> {
        let at = *self.index.get(destination)?.get(partition)?;
        self.places.get(at as usize)
    }

    fn take_head(&mut self, old: &Self, head: &Head) {
        let before = old
            .place(&head.destination, &head.partition)
            .filter(|p| p.head.is_some());
        let step = Step::between(before.and_then(|place| place.head), Some(head.head));
        // Read seldom; not kept over an end that went back, which is another partition's beginning.
        let went_back = before
            .and_then(|place| place.head)
            .is_some_and(|old| head.head < old);
        let low = match head.low {
            None if went_back => None,
            None => before.and_then(|place| place.low),
            told => told,
        };
        let at = self.intern(&head.destination, &head.partition);
        if let Some(place) = self.places.get_mut(at as usize) {
            place.head = Some(head.head);
            place.low = low;
            place.at = head.at;
            place.told = true;
            place.step = step;
            place.before = before.map_or(head.at, |place| place.at);
        }
    }

    fn keep_head(&mut self, old: &PlaceKept) {
        let at = self.intern(&old.destination, &old.partition);
        if let Some(place) = self
            .places
            .get_mut(at as usize)
            .filter(|p| p.head.is_none())
        {
            *place = old.clone();
            (place.told, place.step) = (false, Step::None);
        }
    }

    fn take_commits(&mut self, old: &Self, mut commits: Vec<Commit>) {
        commits.sort_by(|a, b| {
            (&a.group, &a.destination, &a.partition).cmp(&(&b.group, &b.destination, &b.partition))
        });
        for run in commits.chunk_by(|a, b| a.group == b.group) {
            let name: Arc<str> = run[0].group.as_str().into();
            let mut kept: Vec<CommitKept> = run
                .iter()
                .map(|commit| CommitKept {
                    place: self.intern(&commit.destination, &commit.partition),
                    committed: commit.committed,
                    at: commit.at,
                    told: true,
                })
                .collect();
            kept.sort_unstable_by_key(|commit| commit.place);
            let group = self.moved(old, &name, kept);
            self.groups.insert(name, group);
        }
    }

    /// With the way since the reading before.
    fn moved(&self, old: &Self, name: &str, commits: Vec<CommitKept>) -> GroupKept {
        let mut group = GroupKept {
            commits,
            ..GroupKept::default()
        };
        let Some(before) = old.groups.get(name) else {
            group.step = Step::Unknown;
            return group;
        };
        let old_places: HashMap<(&str, &str), &CommitKept> = before
            .commits
            .iter()
            .filter_map(|commit| {
                let place = old.places.get(commit.place as usize)?;
                Some(((&*place.destination, &*place.partition), commit))
            })
            .collect();
        let (mut from, mut to) = (None, None);
        for commit in &group.commits {
            let Some(place) = self.places.get(commit.place as usize) else {
                continue;
            };
            let was = old_places.get(&(&*place.destination, &*place.partition));
            if commit.committed.is_none() && was.is_none_or(|was| was.committed.is_none()) {
                // Nothing was taken, and nothing is.
                continue;
            }
            let was_at = was.map(|was| was.at);
            let step = Step::between(was.and_then(|was| was.committed), commit.committed);
            group.step = group.step.plus(step);
            from = from.max(was_at);
            to = to.max(Some(commit.at));
        }
        group.per_s = match (from, to) {
            (Some(from), Some(to)) => group.step.per_s(from, to),
            _ => None,
        };
        group
    }

    fn keep_commits(&mut self, old: &Self, existing: &impl Existing) {
        for (name, before) in old
            .groups
            .iter()
            .filter(|(name, _)| existing.has_group(name))
        {
            let mut kept = Vec::new();
            for commit in &before.commits {
                let Some(place) = old.places.get(commit.place as usize) else {
                    continue;
                };
                if existing.has_partition(&place.destination, &place.partition) {
                    let place = self.intern(&place.destination, &place.partition);
                    kept.push(CommitKept {
                        place,
                        told: false,
                        ..*commit
                    });
                }
            }
            let group = self
                .groups
                .entry(name.clone())
                .or_insert_with(|| GroupKept {
                    per_s: before.per_s,
                    ..GroupKept::default()
                });
            let told: HashSet<u32> = group.commits.iter().map(|commit| commit.place).collect();
            kept.retain(|commit| !told.contains(&commit.place));
            if !told.is_empty() && !kept.is_empty() {
                // Of a part alone the way would be too short.
                (group.step, group.per_s) = (Step::Unknown, None);
            }
            group.commits.extend(kept);
            group.commits.sort_unstable_by_key(|commit| commit.place);
        }
    }

    fn take_depth(&mut self, old: &Self, depth: Depth) {
        let key = (depth.namespace.clone(), depth.destination.clone());
        let kept = DepthKept::after(old.depths.get(&key), depth);
        self.depths.insert(key, kept);
    }

    fn intern(&mut self, destination: &str, partition: &str) -> u32 {
        if let Some(at) = self
            .index
            .get(destination)
            .and_then(|known| known.get(partition))
        {
            return *at;
        }
        let at = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let (name, partitions) = match self.index.get_key_value(destination) {
            Some((name, _)) => (name.clone(), self.index.get_mut(destination)),
            None => (destination.into(), None),
        };
        let partition: Arc<str> = partition.into();
        match partitions {
            Some(partitions) => {
                partitions.insert(partition.clone(), at);
            }
            None => {
                let first = HashMap::from([(partition.clone(), at)]);
                self.index.insert(name.clone(), first);
            }
        }
        self.places.push(PlaceKept {
            destination: name,
            partition,
            head: None,
            low: None,
            at: Timestamp::EPOCH,
            told: false,
            step: Step::None,
            before: Timestamp::EPOCH,
        });
        at
    }
}

#[cfg(test)]
#[path = "positions_tests.rs"]
mod tests;
