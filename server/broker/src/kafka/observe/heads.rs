//! Where partitions begin and end: one ListOffsets a leader, with all partitions that it leads.
//!
//! The end is the one that `read_committed` consumers see (the last stable offset): messages of a
//! transaction that is still open are nobody's lag. Without transactions it is the high watermark,
//! which Kafka's own tools show. A group that reads uncommitted messages can stand beyond it while
//! a transaction is open: see [`super::open_transactions`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest, ListOffsetsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Unknown, Why};

use super::partial::Partial;
use super::wrong_partitions::WrongPartitions;
use super::{metadata, now};
use crate::adapter::Refused;
use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;
use crate::kafka::wire::failure::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The last stable offset.
    Latest,
    /// The end with what open transactions wrote: the high watermark.
    Written,
    Earliest,
}

impl Which {
    /// With a meaning of its own in place of a time.
    fn timestamp(self) -> i64 {
        match self {
            Self::Latest | Self::Written => -1,
            Self::Earliest => -2,
        }
    }

    fn isolation(self) -> i8 {
        const READ_UNCOMMITTED: i8 = 0;
        const READ_COMMITTED: i8 = 1;
        match self {
            Self::Written => READ_UNCOMMITTED,
            Self::Latest | Self::Earliest => READ_COMMITTED,
        }
    }
}

pub(super) const RIGHT: &str = "Describe on Topic";

#[derive(Default)]
pub(super) struct Offsets {
    pub(super) by_topic: HashMap<String, HashMap<i32, (i64, Timestamp)>>,
    pub(super) unknown: Vec<Unknown>,
    /// Where no leader answered at all.
    pub(super) refused: Option<Refused>,
}

/// Partitions by leader.
type Led<'a> = BTreeMap<i32, BTreeMap<&'a str, Vec<i32>>>;

/// What one question to all leaders left open.
#[derive(Default)]
struct Open {
    wrong: WrongPartitions,
    /// Leaders that did not answer.
    failures: Vec<(i32, Failure)>,
    answered: usize,
}

/// A partition that somebody else leads by now is asked once more, after the metadata.
pub(super) async fn read(session: &Session<'_>, map: &ClusterMap, which: Which) -> Offsets {
    let (led, mut leaderless) = map.by_leader();
    let mut offsets = Offsets::default();
    // A leader that hangs must leave time to find out who leads now.
    let first = session.within(0.7);
    let mut open = ask(&first, map, &led, which, &mut offsets).await;
    if (open.wrong.moved() || !open.failures.is_empty())
        && let Ok(answer) = metadata::read(session).await
    {
        let fresh = metadata::map(&answer);
        let (fresh_led, fresh_leaderless) = fresh.by_leader();
        leaderless = fresh_leaderless;
        let again = worth_asking(&open, &led, fresh_led);
        let next = ask(session, &fresh, &again, which, &mut offsets).await;
        open.answered += next.answered;
        open.wrong = open.wrong.without_moved(next.wrong);
        // Of those that failed before, the ones that lead nothing any more have cost nothing.
        let (still_led, _) = fresh.by_leader();
        open.failures
            .retain(|(node, _)| still_led.contains_key(node));
        open.failures.extend(next.failures);
    }
    if open.answered == 0 {
        let first = open.failures.first();
        offsets.refused = first.map(|(_, failure)| failure.clone().into_refused(RIGHT));
    }
    let failed = open
        .failures
        .iter()
        .map(|(_, failure)| failure.unknown("heads", RIGHT));
    offsets.unknown.extend(failed);
    offsets.unknown.extend(open.wrong.unknown("heads", RIGHT));
    if leaderless > 0 {
        offsets.unknown.push(Unknown {
            member: "heads".into(),
            why: Why::Missing,
            detail: Some(format!("{leaderless} partitions have no leader")),
        });
    }
    offsets.unknown.sort();
    offsets.unknown.dedup();
    offsets
}

/// Of `fresh`: what was wrong with a partition itself, and what a leader that failed led before.
fn worth_asking<'a>(open: &Open, before: &Led<'_>, fresh: Led<'a>) -> Led<'a> {
    let failed: BTreeSet<i32> = open.failures.iter().map(|(node, _)| *node).collect();
    let lost: HashSet<(&str, i32)> = before
        .iter()
        .filter(|(leader, _)| failed.contains(leader))
        .flat_map(|(_, topics)| {
            topics
                .iter()
                .flat_map(|(t, all)| all.iter().map(|p| (*t, *p)))
        })
        .collect();
    let moved = open.wrong.moved_partitions();
    let mut again = fresh;
    again.retain(|leader, _| !failed.contains(leader));
    for topics in again.values_mut() {
        for (topic, partitions) in topics.iter_mut() {
            partitions.retain(|p| moved.contains(&(*topic, *p)) || lost.contains(&(*topic, *p)));
        }
        topics.retain(|_, partitions| !partitions.is_empty());
    }
    again.retain(|_, topics| !topics.is_empty());
    again
}

async fn ask(
    session: &Session<'_>,
    map: &ClusterMap,
    led: &Led<'_>,
    which: Which,
    offsets: &mut Offsets,
) -> Open {
    let asked = led.iter().map(|(leader, topics)| {
        (*leader, async move {
            let target = session.node(map, *leader)?;
            let answer = session.ask(&target, |_| request(topics, which)).await?;
            Ok((answer, now()))
        })
    });
    let partial = Partial::of(asked).await;
    let mut open = Open {
        wrong: WrongPartitions::default(),
        failures: partial.failures,
        answered: partial.answers.len(),
    };
    for (_, (answer, at)) in partial.answers {
        take(&answer, at, offsets, &mut open.wrong);
    }
    open
}

fn request(topics: &BTreeMap<&str, Vec<i32>>, which: Which) -> ListOffsetsRequest {
    let topics = topics.iter().map(|(name, partitions)| {
        let partitions = partitions.iter().map(|partition| {
            ListOffsetsPartition::default()
                .with_partition_index(*partition)
                .with_current_leader_epoch(-1)
                .with_timestamp(which.timestamp())
        });
        ListOffsetsTopic::default()
            .with_name(TopicName(StrBytes::from_string((*name).to_owned())))
            .with_partitions(partitions.collect())
    });
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(which.isolation())
        .with_topics(topics.collect())
}

fn take(
    answer: &ListOffsetsResponse,
    at: Timestamp,
    offsets: &mut Offsets,
    wrong: &mut WrongPartitions,
) {
    for topic in &answer.topics {
        let known = offsets.by_topic.entry(topic.name.to_string()).or_default();
        for partition in &topic.partitions {
            match partition.error_code {
                0 if partition.offset >= 0 => {
                    known.insert(partition.partition_index, (partition.offset, at));
                }
                code => wrong.add(&topic.name, partition.partition_index, code),
            }
        }
    }
}
