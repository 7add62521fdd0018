//! Where groups stand. Names are written once and positions refer to them by number, since groups ×
//! partitions may be millions: 24 bytes a position.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Each group on each of its partitions, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commits {
    places: Vec<Place>,
    groups: Vec<GroupCommits>,
}

/// A partition, by the names that positions refer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub destination: String,
    pub partition: String,
}

/// What one group has committed. A group may stand more than once, on other partitions each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCommits {
    pub group: String,
    /// Read before the heads, so that a lag is never negative.
    pub at: Timestamp,
    pub positions: Vec<Position>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Where the partition stands among [`Commits::places`].
    pub place: u32,
    /// `None` where the group never committed: its lag then counts from the oldest message.
    pub committed: Option<i64>,
}

/// One group on one partition, written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit<Name = String> {
    pub group: Name,
    pub destination: Name,
    pub partition: Name,
    pub committed: Option<i64>,
    pub at: Timestamp,
}

impl Commits {
    /// Every position must refer to one of `places`.
    pub fn new(places: Vec<Place>, groups: Vec<GroupCommits>) -> Self {
        Self { places, groups }
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    pub fn groups(&self) -> &[GroupCommits] {
        &self.groups
    }

    pub fn into_parts(self) -> (Vec<Place>, Vec<GroupCommits>) {
        (self.places, self.groups)
    }

    /// Without any position.
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.positions.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = Commit<&str>> {
        self.groups.iter().flat_map(|group| {
            let commit = |position: &Position| {
                let place = self.places.get(position.place as usize)?;
                Some(Commit {
                    group: group.group.as_str(),
                    destination: place.destination.as_str(),
                    partition: place.partition.as_str(),
                    committed: position.committed,
                    at: group.at,
                })
            };
            group.positions.iter().filter_map(commit)
        })
    }

    /// In place of what the group has there, if it has anything. Looks through all names: for few.
    pub fn put(&mut self, commit: Commit) {
        let (destination, partition) = (commit.destination, commit.partition);
        let same = |place: &Place| place.destination == destination && place.partition == partition;
        let place = match self.places.iter().position(same) {
            Some(place) => place,
            None => {
                self.places.push(Place {
                    destination,
                    partition,
                });
                self.places.len() - 1
            }
        };
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let position = Position {
            place,
            committed: commit.committed,
        };
        let known = self.groups.iter_mut().find(|group| {
            group.group == commit.group
                && (group.at == commit.at || group.positions.iter().any(|p| p.place == place))
        });
        match known {
            None => self.groups.push(GroupCommits {
                group: commit.group,
                at: commit.at,
                positions: vec![position],
            }),
            Some(group) => match group.positions.iter_mut().find(|p| p.place == place) {
                Some(known) => *known = position,
                None => group.positions.push(position),
            },
        }
    }

    /// As if all had been read at this time.
    pub fn set_time(&mut self, at: Timestamp) {
        self.groups.iter_mut().for_each(|group| group.at = at);
    }
}

impl From<Vec<Commit>> for Commits {
    fn from(all: Vec<Commit>) -> Self {
        let mut commits = Self::default();
        all.into_iter().for_each(|commit| commits.put(commit));
        commits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(group: &str, partition: &str, committed: Option<i64>, second: i64) -> Commit {
        Commit {
            group: group.into(),
            destination: "orders".into(),
            partition: partition.into(),
            committed,
            at: Timestamp::from_unix_millis(second * 1_000),
        }
    }

    #[test]
    fn names_stand_once_and_are_told_with_each_position() {
        let all = [
            commit("billing", "0", Some(5), 1),
            commit("billing", "1", None, 1),
            commit("audit", "0", Some(7), 2),
        ];
        let mut commits = Commits::from(all.to_vec());
        assert_eq!((commits.places().len(), commits.groups().len()), (2, 2));
        let told: Vec<(&str, &str, Option<i64>)> = commits
            .iter()
            .map(|c| (c.group, c.partition, c.committed))
            .collect();
        let expected = [
            ("billing", "0", Some(5)),
            ("billing", "1", None),
            ("audit", "0", Some(7)),
        ];
        assert_eq!(told, expected);
        commits.put(commit("billing", "0", Some(6), 1));
        assert_eq!(commits.iter().next().unwrap().committed, Some(6));
        assert_eq!(commits.iter().count(), 3, "in place of the old one");
        assert_eq!(size_of::<Position>(), 24);
    }
}
