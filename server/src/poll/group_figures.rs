//! One group on all its partitions.

use std::collections::BTreeMap;
use std::hash::Hasher;
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
    for (commit, place) in placed(positions, group) {
        let lag = lag(commit.committed, ends(place));
        figures.partitions += 1;
        figures.sum.add(lag);
        match figures.by_destination.get_mut(&place.destination) {
            Some(sum) => sum.add(lag),
            None => {
                let mut sum = Sum::default();
                sum.add(lag);
                figures
                    .by_destination
                    .insert(place.destination.clone(), sum);
            }
        }
        for offset in [commit.committed, place.head] {
            // No offset is the least number.
            hasher.write_i64(offset.unwrap_or(i64::MIN));
        }
        hasher.write_u64(lag.unwrap_or(u64::MAX));
        let old = [
            (commit.told, commit.at),
            (place.told || place.head.is_none(), place.at),
        ];
        for (_, at) in old.into_iter().filter(|(told, _)| !told) {
            figures.aged = Some(figures.aged.map_or(at, |aged| aged.min(at)));
        }
    }
    figures.fingerprint = hasher.digest();
    figures
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
