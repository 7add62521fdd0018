//! The last readings of each group, for judging: where it stood and how far behind, reading by
//! reading, as far as they differ.
//!
//! Bounded: 16 bytes a position and reading, [`MOST_CELLS`] of them in a cluster; with more positions
//! fewer readings are kept, down to the last one, and what needs a direction is then not judged.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use waybill_model::time::Timestamp;
use waybill_store::readings::GroupSample;

use super::group_figures::lag_at;
use super::positions::{GroupKept, Positions};
use super::shelf_life::Oldest;
use crate::detect::{Heads, Sample, Window};

const MOST_CELLS: usize = 2_500_000;
const MOST_READINGS: usize = 24;
/// Ends that are kept of a partition, while there are not very many partitions.
const MOST_ENDS: usize = 24;
/// Of the time between two readings: one was missed.
const MISSED: f64 = 2.0;
const MANY_PLACES: usize = 50_000;
const FEW_ENDS: usize = 6;

#[derive(Default)]
pub struct Windows {
    groups: HashMap<Arc<str>, GroupWindow>,
    /// By number of the place.
    places: Vec<PlaceWindow>,
    /// Rows of before this process, by group, until its first reading.
    left: HashMap<String, Vec<GroupSample>>,
}

#[derive(Clone, Default)]
pub struct PlaceWindow {
    pub heads: Heads,
    pub oldest: Oldest,
}

#[derive(Default)]
struct GroupWindow {
    places: Vec<u32>,
    /// Of each place, in Unix nanoseconds.
    moved_at: Vec<i64>,
    frames: VecDeque<Frame>,
    until: Timestamp,
    /// Names of what it reads.
    destinations: HashSet<Arc<str>>,
}

/// Of each place.
struct Frame {
    at: Timestamp,
    committed: Box<[i64]>,
    lag: Box<[u64]>,
}

/// It never committed; its lag is not known.
const NEVER: i64 = i64::MIN;
const UNKNOWN: u64 = u64::MAX;

/// A position that went back between two readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WentBack {
    pub group: Arc<str>,
    pub place: u32,
    pub at: Timestamp,
    pub from: i64,
    pub to: i64,
}

impl Windows {
    /// As it was left by whoever read before: rows of each group, in order of time, each holding
    /// until the next, the last until `until`.
    pub fn left(samples: Vec<(String, GroupSample)>) -> Self {
        let mut left: HashMap<String, Vec<GroupSample>> = HashMap::new();
        for (group, sample) in samples {
            left.entry(group).or_default().push(sample);
        }
        Self {
            left,
            ..Self::default()
        }
    }

    /// After a reading of the cluster. What went back is told, for each group and destination once.
    pub fn take(&mut self, positions: &Positions, interval_ms: f64) -> Vec<WentBack> {
        if let Some(numbers) = &positions.renumbered {
            self.renumber(numbers);
        }
        self.take_left(positions);
        self.take_ends(positions);
        let cells: usize = positions.groups.values().map(|g| g.commits.len()).sum();
        let readings = (MOST_CELLS / cells.max(1)).clamp(1, MOST_READINGS);
        let mut back = Vec::new();
        for (name, kept) in &positions.groups {
            let Some(at) = kept.told_at() else { continue };
            let window = match self.groups.get_mut(name) {
                Some(window) => window,
                None => self.groups.entry(name.clone()).or_default(),
            };
            window.place(positions, kept);
            let before = window.until;
            if at.ms_since(before) > MISSED * interval_ms {
                window.miss(readings);
            }
            let mut told = HashSet::new();
            for (place, from, to) in window.take(positions, kept, at, readings) {
                let cut_at = self.places.get(place as usize);
                let is_cut = cut_at.and_then(|place| place.heads.cut_at()) >= Some(before);
                let name_of = positions.places.get(place).map(|place| &place.destination);
                if !is_cut && told.insert(name_of) {
                    back.push(WentBack {
                        group: name.clone(),
                        place,
                        at,
                        from,
                        to,
                    });
                }
            }
        }
        self.groups
            .retain(|name, _| positions.groups.contains_key(name));
        back
    }

    /// The destination is another one under its name.
    pub fn begin_again(&mut self, positions: &Positions, destination: &str, at: Timestamp) {
        let all = positions.places.all().iter().zip(&mut self.places);
        for (place, window) in all {
            if &*place.destination == destination {
                window.heads.begin_again(at);
                window.oldest = Oldest::default();
            }
        }
    }

    /// Whether the group had a position there at its last reading.
    pub fn reads(&self, group: &str, destination: &str) -> bool {
        let window = self.groups.get(group);
        let left = self.left.get(group).and_then(|samples| samples.last());
        window.is_some_and(|window| window.destinations.contains(destination))
            || left.is_some_and(|left| {
                let mut partitions = left.partitions.iter();
                partitions.any(|one| one.destination == destination)
            })
    }

    pub fn place(&self, number: u32) -> Option<&PlaceWindow> {
        self.places.get(number as usize)
    }

    /// When the message at an offset was written.
    pub fn wrote(&mut self, number: u32, offset: i64, at: Timestamp) {
        if let Some(place) = self.places.get_mut(number as usize) {
            place.heads.was_written(offset, at);
        }
    }

    /// Hands over the window of each place of a group, its samples written into one buffer.
    pub fn each(&self, group: &str, mut see: impl FnMut(u32, Window<'_>)) {
        let Some(window) = self.groups.get(group) else {
            return;
        };
        let mut samples = Vec::with_capacity(window.frames.len());
        for (at, number) in window.places.iter().enumerate() {
            samples.clear();
            samples.extend(window.frames.iter().map(|frame| frame.sample(at)));
            let place = self.places.get(*number as usize);
            see(
                *number,
                Window {
                    samples: &samples,
                    until: window.until,
                    moved_at: moved(window.moved_at[at]),
                    cut_at: place.and_then(|place| place.heads.cut_at()),
                },
            );
        }
    }

    fn take_ends(&mut self, positions: &Positions) {
        let places = positions.places.all();
        self.places.resize_with(places.len(), PlaceWindow::default);
        let most = match places.len() {
            count if count > MANY_PLACES => FEW_ENDS,
            _ => MOST_ENDS,
        };
        for (place, window) in places.iter().zip(&mut self.places) {
            let Some(head) = place.head.filter(|_| place.told) else {
                continue;
            };
            window.heads.read(head, place.at, most);
            if let Some(low) = place.low {
                window.oldest.read(low, place.at);
            }
        }
    }

    fn take_left(&mut self, positions: &Positions) {
        if self.left.is_empty() {
            return;
        }
        let left = std::mem::take(&mut self.left);
        self.places
            .resize_with(positions.places.all().len(), PlaceWindow::default);
        let mut ends = Vec::new();
        for (group, samples) in left {
            let Some(kept) = positions.groups.get(group.as_str()) else {
                continue;
            };
            let mut window = GroupWindow::default();
            window.places = kept.commits.iter().map(|commit| commit.place).collect();
            window.moved_at = vec![NEVER; window.places.len()];
            window.destinations = destinations(positions, &window.places);
            for sample in samples {
                let at = sample.at;
                let mut committed = vec![NEVER; window.places.len()];
                let mut lag = vec![UNKNOWN; window.places.len()];
                for one in sample.partitions {
                    let number = positions.places.find(&one.destination, &one.partition);
                    let Some(number) = number else { continue };
                    ends.extend(one.head.map(|head| (at, number, head)));
                    if let Ok(here) = window.places.binary_search(&number) {
                        committed[here] = one.committed.unwrap_or(NEVER);
                        lag[here] = one.lag_messages.unwrap_or(UNKNOWN);
                    }
                }
                window.push(at, committed, lag, MOST_READINGS);
            }
            // The last row holds until the first reading.
            window.until = window.until.max(kept.told_at().unwrap_or_default());
            self.groups.insert(group.into(), window);
        }
        ends.sort_unstable();
        for (at, number, head) in ends {
            if let Some(place) = self.places.get_mut(number as usize) {
                place.heads.read(head, at, MOST_ENDS);
            }
        }
    }

    fn renumber(&mut self, numbers: &[Option<u32>]) {
        let count = numbers.iter().flatten().count();
        let mut places = vec![PlaceWindow::default(); count];
        for (old, new) in std::mem::take(&mut self.places).into_iter().zip(numbers) {
            if let Some(place) = new.and_then(|new| places.get_mut(new as usize)) {
                *place = old;
            }
        }
        self.places = places;
        for group in self.groups.values_mut() {
            // A place that is gone has no number: none of the next reading is the same.
            let new = |old: &u32| numbers.get(*old as usize).copied().flatten();
            group.places = group
                .places
                .iter()
                .map(|old| new(old).unwrap_or(u32::MAX))
                .collect();
        }
    }
}

impl GroupWindow {
    /// Places that went back, with their positions before and now.
    fn take(
        &mut self,
        positions: &Positions,
        kept: &GroupKept,
        at: Timestamp,
        readings: usize,
    ) -> Vec<(u32, i64, i64)> {
        let told = kept.commits.iter().map(|commit| {
            let place = positions.places.get(commit.place);
            // What is carried over stood there then; nobody told that it still does.
            let is_told = kept.is_told(commit) && place.is_some_and(|place| place.told);
            let lag = lag_at(positions, commit).filter(|_| is_told);
            (commit.committed.unwrap_or(NEVER), lag.unwrap_or(UNKNOWN))
        });
        let same = self.frames.back().is_some_and(|last| {
            let before = last.committed.iter().copied().zip(last.lag.iter().copied());
            before.eq(told.clone())
        });
        if same {
            self.until = self.until.max(at);
            return Vec::new();
        }
        let (committed, lag): (Vec<i64>, Vec<u64>) = told.unzip();
        let back = self.frames.back().map_or_else(Vec::new, |before| {
            let pairs = before.committed.iter().zip(&committed).zip(&self.places);
            let back = pairs.filter(|((was, is), _)| is < was && **is != NEVER);
            back.map(|((was, is), place)| (*place, *was, *is)).collect()
        });
        self.push(at, committed, lag, readings);
        back
    }

    /// Nobody read since its last reading: what waits is not known from there on.
    fn miss(&mut self, readings: usize) {
        if let Some(last) = self.frames.back() {
            let (committed, lag) = (last.committed.to_vec(), vec![UNKNOWN; last.lag.len()]);
            self.push(self.until, committed, lag, readings);
        }
    }

    fn push(&mut self, at: Timestamp, committed: Vec<i64>, lag: Vec<u64>, readings: usize) {
        self.until = self.until.max(at);
        if let Some(last) = self.frames.back() {
            if *last.committed == *committed && *last.lag == *lag {
                return;
            }
            let pairs = last.committed.iter().zip(&committed);
            for (moved, (was, is)) in self.moved_at.iter_mut().zip(pairs) {
                // What was not there before did not move.
                if was != is && *was != NEVER {
                    *moved = at.unix_nanos();
                }
            }
        }
        self.frames.push_back(Frame {
            at,
            committed: committed.into(),
            lag: lag.into(),
        });
        while self.frames.len() > readings {
            self.frames.pop_front();
        }
    }

    /// Makes the columns those of the group's places.
    fn place(&mut self, positions: &Positions, kept: &GroupKept) {
        let same = self.places.len() == kept.commits.len()
            && self
                .places
                .iter()
                .zip(&kept.commits)
                .all(|(a, b)| *a == b.place);
        if same {
            return;
        }
        let old: HashMap<u32, usize> = self.places.iter().copied().zip(0..).collect();
        let places: Vec<u32> = kept.commits.iter().map(|commit| commit.place).collect();
        let from: Vec<Option<usize>> = places.iter().map(|place| old.get(place).copied()).collect();
        for frame in &mut self.frames {
            let committed = from
                .iter()
                .map(|at| at.map_or(NEVER, |at| frame.committed[at]));
            let lag = from.iter().map(|at| at.map_or(UNKNOWN, |at| frame.lag[at]));
            (frame.committed, frame.lag) = (committed.collect(), lag.collect());
        }
        let moved = from
            .iter()
            .map(|at| at.map_or(NEVER, |at| self.moved_at[at]));
        self.moved_at = moved.collect();
        self.destinations = destinations(positions, &places);
        self.places = places;
    }
}

fn destinations(positions: &Positions, places: &[u32]) -> HashSet<Arc<str>> {
    let places = places.iter().filter_map(|n| positions.places.get(*n));
    places.map(|place| place.destination.clone()).collect()
}

fn moved(nanos: i64) -> Option<Timestamp> {
    (nanos != NEVER).then(|| Timestamp::from_unix_nanos(nanos))
}

impl Frame {
    fn sample(&self, at: usize) -> Sample {
        Sample {
            at: self.at,
            committed: Some(self.committed[at]).filter(|offset| *offset != NEVER),
            lag: Some(self.lag[at]).filter(|lag| *lag != UNKNOWN),
        }
    }
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
