//! What groups have committed: one question a coordinator.
//!
//! A broker lists only what was committed. Partitions that a group is assigned, and the other
//! partitions of topics in which it has commits, are its work too: they are there without a commit.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Commit, Unknown};

use super::error_lines::lines;
use super::offset_fetch::{GroupCommits, fetch};
use super::partial::Partial;
use super::wrong_partitions::WrongPartitions;
use super::{coordinators, now};
use crate::adapter::Refused;
use crate::kafka::client::Session;
use crate::kafka::cluster_map::{ClusterMap, GroupMap, KnownGroup};
use crate::kafka::wire::failure::Failure;

pub(super) const RIGHT: &str = "Describe on Group";

#[derive(Default)]
pub(super) struct Commits {
    pub(super) commits: Vec<Commit>,
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
    partitions: WrongPartitions,
    failures: Vec<(i32, Failure)>,
    answered: usize,
}

/// A group whose coordinator has moved, or does not answer, is asked once more where it is now.
pub(super) async fn read(session: &Session<'_>, map: &ClusterMap, groups: &GroupMap) -> Commits {
    let mut commits = Commits::default();
    let by_node = groups.by_coordinator();
    // A coordinator that hangs must leave time to find out who took over from it.
    let first = session.within(0.8);
    let mut open = ask(&first, map, groups, &by_node, &mut commits).await;
    let lost: Vec<&str> = lost_groups(&open, &by_node);
    if !lost.is_empty()
        && let Ok(found) = coordinators::find(session, &lost).await
    {
        let failed: BTreeSet<i32> = open.failures.iter().map(|(node, _)| *node).collect();
        let mut again = coordinators::by_node(&lost, &found);
        again.retain(|node, _| !failed.contains(node));
        let next = ask(session, map, groups, &again, &mut commits).await;
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
    finish(open, &mut commits);
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

fn finish(open: Open, commits: &mut Commits) {
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
        .extend(open.partitions.unknown("commits", super::heads::RIGHT));
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
    map: &ClusterMap,
    groups: &GroupMap,
    by_node: &BTreeMap<i32, Vec<&str>>,
    commits: &mut Commits,
) -> Open {
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
        for group in fetched {
            if group.error != 0 {
                open.wrong.insert(group.group, group.error);
            } else if let Some(known) = groups.groups.get(&group.group) {
                take(&group, known, map, at, commits, &mut open.partitions);
            }
        }
    }
    open
}

fn take(
    group: &GroupCommits,
    known: &KnownGroup,
    map: &ClusterMap,
    at: Timestamp,
    commits: &mut Commits,
    wrong: &mut WrongPartitions,
) {
    // Its work: topic by topic, each partition with its commit.
    let mut work: BTreeMap<&str, BTreeMap<i32, Option<i64>>> = BTreeMap::new();
    for (topic, partitions) in &known.assigned {
        let partitions = partitions.iter().map(|partition| (*partition, None));
        work.entry(topic).or_default().extend(partitions);
    }
    for topic in &group.topics {
        let mut committed = false;
        let partitions = work.entry(&topic.topic).or_default();
        for partition in &topic.partitions {
            if partition.error != 0 {
                wrong.add(&topic.topic, partition.partition, partition.error);
                partitions.remove(&partition.partition);
            } else {
                committed |= partition.offset >= 0;
                let offset = (partition.offset >= 0).then_some(partition.offset);
                partitions.insert(partition.partition, offset);
            }
        }
        if committed && let Some(all) = map.topics.get(&topic.topic) {
            let listed: BTreeSet<i32> = topic.partitions.iter().map(|p| p.partition).collect();
            let others = all.keys().filter(|partition| !listed.contains(partition));
            for partition in others {
                partitions.entry(*partition).or_insert(None);
            }
        }
    }
    for (topic, partitions) in work {
        for (partition, committed) in partitions {
            commits.commits.push(Commit {
                group: group.group.clone(),
                destination: topic.to_owned(),
                partition: partition.to_string(),
                committed,
                at,
            });
        }
    }
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
