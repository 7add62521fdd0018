//! One group on all its partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use waybill_model::reading::PartitionPosition;
use waybill_model::time::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use super::lag::{Ends, Sum, lag};
use super::places::PlaceKept;
use super::positions::{CommitKept, GroupKept, Positions};

/// Added up without writing out names: groups on many thousands of partitions are read every few
/// seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupFigures {
    pub by_destination: BTreeMap<Arc<str>, Sum>,
    pub sum: Sum,
    pub partitions: u64,
    /// The oldest position, where one was not told by the last reading.
    pub aged: Option<Timestamp>,
    /// Differs where a position or an end does.
    pub fingerprint: u64,
}

pub fn figures(positions: &Positions, group: &GroupKept) -> GroupFigures {
    let mut figures = GroupFigures::default();
    let mut hasher = Xxh3::new();
    // Partitions of one destination mostly stand together.
    let mut here: Option<(&Arc<str>, Sum)> = None;
    for (commit, place) in placed(positions, group) {
        let lag = lag(commit.committed, ends(place));
        figures.partitions += 1;
        figures.sum.add(lag);
        match &mut here {
            Some((name, sum)) if Arc::ptr_eq(name, &place.destination) => sum.add(lag),
            _ => {
                let mut sum = Sum::default();
                sum.add(lag);
                if let Some((name, sum)) = here.replace((&place.destination, sum)) {
                    figures.add_destination(name, sum);
                }
            }
        }
        // No offset is the least number.
        let offset = |offset: Option<i64>| offset.unwrap_or(i64::MIN).to_le_bytes();
        let lag = lag.unwrap_or(u64::MAX).to_le_bytes();
        let bytes = [offset(commit.committed), offset(place.head), lag];
        hasher.update(bytes.as_flattened());
        if !group.is_told(commit) {
            figures.age(group.at(commit));
        }
        if !place.told && place.head.is_some() {
            figures.age(place.at);
        }
    }
    if let Some((name, sum)) = here {
        figures.add_destination(name, sum);
    }
    figures.fingerprint = hasher.digest();
    figures
}

/// Of one position; `None` where it is not known.
pub fn lag_at(positions: &Positions, commit: &CommitKept) -> Option<u64> {
    let place = positions.places.get(commit.place)?;
    lag(commit.committed, ends(place)).ok()
}

impl GroupFigures {
    fn add_destination(&mut self, name: &Arc<str>, sum: Sum) {
        match self.by_destination.get_mut(name) {
            Some(known) => known.plus(sum),
            None => {
                self.by_destination.insert(name.clone(), sum);
            }
        }
    }

    fn age(&mut self, at: Timestamp) {
        self.aged = Some(self.aged.map_or(at, |aged| aged.min(at)));
    }
}

/// Written out, by destination, then by number where partitions have numbers.
pub fn partitions(positions: &Positions, group: &GroupKept) -> Vec<PartitionPosition> {
    let position = |(commit, place): (&CommitKept, &PlaceKept)| {
        let lag = lag(commit.committed, ends(place));
        PartitionPosition {
            destination: place.destination.to_string(),
            partition: place.partition.to_string(),
            committed: commit.committed,
            head: place.head,
            lag_messages: lag.ok(),
            gap: lag.err(),
        }
    };
    let mut all: Vec<PartitionPosition> = placed(positions, group).map(position).collect();
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    all
}

fn placed<'a>(
    positions: &'a Positions,
    group: &'a GroupKept,
) -> impl Iterator<Item = (&'a CommitKept, &'a PlaceKept)> {
    let commits = group.commits.iter();
    commits.filter_map(|commit| Some((commit, positions.places.get(commit.place)?)))
}

fn ends(place: &PlaceKept) -> Ends {
    Ends {
        head: place.head,
        written: place.written,
        low: place.low,
    }
}

fn order(position: &PartitionPosition) -> (&str, u64, &str) {
    let number = position.partition.parse().unwrap_or(u64::MAX);
    (&position.destination, number, &position.partition)
}
