//! What groups have committed: one question a coordinator.
//!
//! A broker lists only what was committed. Partitions that a group is assigned, and the other
//! partitions of topics in which it has commits, are its work too: they are there without a commit.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use waybill_model::time::Timestamp;
use waybill_model::topology::{self, Position, Unknown};

use super::error_lines::lines;
use super::offset_fetch::fetch;
use super::partial::Partial;
use super::place_book::PlaceBook;
use super::wrong_partitions::WrongPartitions;
use super::{coordinators, now};
use crate::adapter::Refused;
use crate::kafka::client::Session;
use crate::kafka::cluster_map::{ClusterMap, GroupMap, KnownGroup};
use crate::kafka::wire::commits_answer::{GroupCommits, PartitionCommit, TopicCommits};
use crate::kafka::wire::failure::Failure;

pub(super) const RIGHT: &str = "Describe on Group";

#[derive(Default)]
pub(super) struct Commits {
    pub(super) commits: topology::Commits,
    pub(super) unknown: Vec<Unknown>,
    pub(super) refused: Option<Refused>,
    /// Coordinators that were found to be others than remembered.
    pub(super) moved: BTreeMap<String, i32>,
}

/// What one question to all coordinators left open.
#[derive(Default)]
struct Open {
    /// By group: its error.
    wrong: BTreeMap<String, i16>,
    failures: Vec<(i32, Failure)>,
    answered: usize,
}

/// What was told so far, with the names that it refers to.
struct Told<'a> {
    map: &'a ClusterMap,
    places: PlaceBook<'a>,
    groups: Vec<topology::GroupCommits>,
    wrong: WrongPartitions,
}

/// A group whose coordinator has moved, or does not answer, is asked once more where it is now.
pub(super) async fn read(session: &Session<'_>, map: &ClusterMap, groups: &GroupMap) -> Commits {
    let mut commits = Commits::default();
    let mut told = Told::new(map);
    let by_node = groups.by_coordinator();
    // A coordinator that hangs must leave time to find out who took over from it.
    let first = session.within(0.8);
    let mut open = ask(&first, groups, &by_node, &mut told).await;
    let lost: Vec<&str> = lost_groups(&open, &by_node);
    if !lost.is_empty()
        && let Ok(found) = coordinators::find(session, &lost).await
    {
        let failed: BTreeSet<i32> = open.failures.iter().map(|(node, _)| *node).collect();
        let mut again = coordinators::by_node(&lost, &found);
        again.retain(|node, _| !failed.contains(node));
        let next = ask(session, groups, &again, &mut told).await;
        for group in again.values().flatten() {
            open.wrong.remove(*group);
        }
        open.answered += next.answered;
        open.wrong.extend(next.wrong);
        let waiting = |node: &i32| {
            let names = by_node.get(node).into_iter().flatten();
            names
                .into_iter()
                .any(|name| !again.values().flatten().any(|asked| asked == name))
        };
        open.failures.retain(|(node, _)| waiting(node));
        open.failures.extend(next.failures);
        commits.moved = found.into_iter().collect();
    }
    finish(open, &told.wrong, &mut commits);
    commits.commits = topology::Commits::new(told.places.places(), told.groups);
    commits
}

fn lost_groups<'a>(open: &Open, by_node: &BTreeMap<i32, Vec<&'a str>>) -> Vec<&'a str> {
    let failed: BTreeSet<i32> = open.failures.iter().map(|(node, _)| *node).collect();
    by_node
        .iter()
        .flat_map(|(node, names)| names.iter().map(move |name| (node, *name)))
        .filter(|(node, name)| {
            failed.contains(node) || open.wrong.get(*name).is_some_and(|code| has_moved(*code))
        })
        .map(|(_, name)| name)
        .collect()
}

fn finish(open: Open, wrong: &WrongPartitions, commits: &mut Commits) {
    if open.answered == 0 {
        let first = open.failures.first();
        commits.refused = first.map(|(_, failure)| failure.clone().into_refused(RIGHT));
    }
    let failed = open
        .failures
        .iter()
        .map(|(_, failure)| failure.unknown("commits", RIGHT));
    commits.unknown.extend(failed);
    commits
        .unknown
        .extend(wrong.unknown("commits", super::heads::RIGHT));
    commits.unknown.extend(group_errors(&open.wrong));
    commits.unknown.sort();
    commits.unknown.dedup();
}

fn group_errors(wrong: &BTreeMap<String, i16>) -> Vec<Unknown> {
    let errors = wrong.iter().map(|(group, code)| (*code, group.as_str()));
    lines(errors, "groups", "commits", RIGHT)
}

async fn ask(
    session: &Session<'_>,
    groups: &GroupMap,
    by_node: &BTreeMap<i32, Vec<&str>>,
    told: &mut Told<'_>,
) -> Open {
    let map = told.map;
    let asked = by_node.iter().map(|(node, names)| {
        (*node, async move {
            let target = session.node(map, *node)?;
            let fetched = fetch(session, &target, names).await?;
            Ok((fetched, now()))
        })
    });
    let partial = Partial::of(asked).await;
    let mut open = Open {
        failures: partial.failures,
        answered: partial.answers.len(),
        ..Open::default()
    };
    for (_, (fetched, at)) in partial.answers {
        // Once each, whatever an answer repeats: each brings all partitions of its topics.
        let mut seen = BTreeSet::new();
        for group in fetched {
            if !seen.insert(group.group.clone()) {
                continue;
            }
            if group.error != 0 {
                open.wrong.insert(group.group, group.error);
            } else if let Some(known) = groups.groups.get(&group.group) {
                told.take(group, known, at);
            }
        }
    }
    open
}

impl<'a> Told<'a> {
    fn new(map: &'a ClusterMap) -> Self {
        Self {
            map,
            places: PlaceBook::of(map),
            groups: Vec::new(),
            wrong: WrongPartitions::default(),
        }
    }

    fn take(&mut self, mut group: GroupCommits, known: &KnownGroup, at: Timestamp) {
        let mut seen = BTreeSet::new();
        group
            .topics
            .retain(|topic| seen.insert(topic.topic.clone()));
        let count = group.topics.iter().map(|topic| topic.partitions.len());
        let mut positions = Vec::with_capacity(count.sum());
        let mut unlisted: BTreeMap<&str, &BTreeSet<i32>> = known
            .assigned
            .iter()
            .map(|(topic, partitions)| (topic.as_str(), partitions))
            .collect();
        for topic in group.topics {
            let assigned = unlisted.remove(topic.topic.as_str());
            self.take_topic(topic, assigned, &mut positions);
        }
        for (topic, partitions) in unlisted {
            let mut places = self.places.topic(topic);
            positions.extend(partitions.iter().map(|partition| Position {
                place: places.number(*partition),
                committed: None,
            }));
        }
        self.groups.push(topology::GroupCommits {
            group: group.group,
            at,
            positions,
        });
    }

    /// Of one topic: what is listed, and what is its work without a commit.
    fn take_topic(
        &mut self,
        topic: TopicCommits,
        assigned: Option<&BTreeSet<i32>>,
        positions: &mut Vec<Position>,
    ) {
        let name = &topic.topic;
        let mut places = self.places.topic(name);
        let mut listed = topic.partitions;
        listed.sort_by_key(|partition| partition.partition);
        listed.dedup_by_key(|partition| partition.partition);
        let mut committed = false;
        for partition in &listed {
            if partition.error != 0 {
                self.wrong.add(name, partition.partition, partition.error);
                continue;
            }
            committed |= partition.offset >= 0;
            positions.push(Position {
                place: places.number(partition.partition),
                committed: (partition.offset >= 0).then_some(partition.offset),
            });
        }
        let all = self.map.topics.get(name).filter(|_| committed);
        let others = all.into_iter().flat_map(|all| all.keys().copied());
        let assigned = assigned.into_iter().flatten().copied();
        let mut missing: BTreeSet<i32> = unlisted(others, &listed).collect();
        missing.extend(unlisted(assigned, &listed));
        positions.extend(missing.into_iter().map(|partition| Position {
            place: places.number(partition),
            committed: None,
        }));
    }
}

/// Those of `all`, which are sorted like `listed`, that are not among them.
fn unlisted(
    all: impl Iterator<Item = i32>,
    listed: &[PartitionCommit],
) -> impl Iterator<Item = i32> {
    let mut listed = listed.iter().peekable();
    all.filter(move |partition| {
        while listed.next_if(|l| l.partition < *partition).is_some() {}
        listed.peek().is_none_or(|l| l.partition != *partition)
    })
}

fn has_moved(code: i16) -> bool {
    use ResponseError as E;
    matches!(
        ResponseError::try_from_code(code),
        Some(E::NotCoordinator | E::CoordinatorNotAvailable | E::CoordinatorLoadInProgress)
    )
}

#[cfg(test)]
#[path = "commits_tests.rs"]
mod tests;
