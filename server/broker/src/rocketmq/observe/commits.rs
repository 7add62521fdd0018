//! Where groups stand on one broker: what they committed, and where they never did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use waybill_model::time::Timestamp;
use waybill_model::topology::{Commits, GroupCommits, Place, Position};

use super::groups::{DELAY_TOPIC, DELAYS, TIMER, TIMER_TOPIC};
use super::heads::BrokerEnds;
use super::memory::{Consumed, Subscribed, Topics};
use super::names;
use crate::rocketmq::answers::offsets::AllOffsets;
use crate::rocketmq::answers::runtime::Runtime;

pub(super) const RIGHT: &str = "Get on Group";

/// Positions of all brokers. A queue is one place, whoever reads it.
#[derive(Default)]
pub(super) struct Book {
    numbers: HashMap<(String, String), u32>,
    places: Vec<Place>,
    groups: Vec<GroupCommits>,
}

/// What is known of a broker when its positions are read.
pub(super) struct Known<'a> {
    pub(super) broker: &'a str,
    pub(super) topics: &'a Topics,
    /// Of the last topology: a position in a topic that was not there then is of a deleted one.
    pub(super) consumed: &'a Consumed,
    pub(super) subscribed: &'a Subscribed,
    pub(super) ends: &'a BrokerEnds,
}

/// Whether a position in this topic counts although nothing was ever committed. An empty retry topic,
/// of which each group has one, is no lag of anybody's.
pub(super) fn counts_uncommitted(topic: &str, ends: &BrokerEnds) -> bool {
    !topic.starts_with(names::RETRY) || ends.holds_messages(topic)
}

impl Book {
    pub(super) fn add(&mut self, known: &Known<'_>, told: &AllOffsets, at: Timestamp) {
        let mut by_group: BTreeMap<&str, Vec<Position>> = BTreeMap::new();
        let mut told_of: BTreeSet<(&str, &str)> = BTreeSet::new();
        for one in told.iter() {
            told_of.insert((one.group, one.topic));
            if known.subscribed.broadcast.contains(one.group) {
                continue;
            }
            let positions = self.positions(known, one.group, one.topic, one.queues);
            by_group.entry(one.group).or_default().extend(positions);
        }
        for (group, topics) in &known.subscribed.topics {
            if known.subscribed.broadcast.contains(group) {
                continue;
            }
            for topic in topics {
                let counts =
                    known.topics.contains_key(topic) && counts_uncommitted(topic, known.ends);
                if counts && !told_of.contains(&(group.as_str(), topic.as_str())) {
                    let positions = self.positions(known, group, topic, &BTreeMap::new());
                    by_group.entry(group).or_default().extend(positions);
                }
            }
        }
        for (group, positions) in by_group {
            self.push(group, positions, at);
        }
    }

    /// The broker's own readers: of delay levels, and of messages with a time of their own.
    pub(super) fn add_own(
        &mut self,
        broker: &str,
        runtime: &Runtime,
        ends: &BrokerEnds,
        at: Timestamp,
    ) {
        // Level 1 is queue 0. A level that never put any message back is not told.
        let done: BTreeMap<u32, i64> = runtime
            .delay_levels()
            .filter_map(|(level, done, _)| {
                let queue = u32::try_from(level).ok()?.checked_sub(1)?;
                Some((queue, done))
            })
            .collect();
        let known = done
            .keys()
            .copied()
            .filter(|queue| ends.head(DELAY_TOPIC, *queue).is_some());
        let queues: BTreeSet<u32> = ends
            .queues_with_messages(DELAY_TOPIC)
            .chain(known)
            .collect();
        let levels: Vec<Position> = queues
            .into_iter()
            .map(|queue| Position {
                place: self.number(DELAY_TOPIC, broker, queue),
                committed: done.get(&queue).copied(),
            })
            .collect();
        self.push(DELAYS, levels, at);
        let behind = runtime.timer_behind().filter(|behind| *behind >= 0);
        if let (Some(behind), Some(head)) = (behind, ends.head(TIMER_TOPIC, 0)) {
            let place = self.number(TIMER_TOPIC, broker, 0);
            let position = Position {
                place,
                committed: Some((head - behind).max(0)),
            };
            self.push(TIMER, vec![position], at);
        }
    }

    pub(super) fn into_commits(self) -> Commits {
        Commits::new(self.places, self.groups)
    }

    fn positions(
        &mut self,
        known: &Known<'_>,
        group: &str,
        topic: &str,
        told: &BTreeMap<i32, i64>,
    ) -> Vec<Position> {
        let committed = |queue: u32| {
            let told = i32::try_from(queue).ok().and_then(|queue| told.get(&queue));
            told.copied().filter(|offset| *offset >= 0)
        };
        let queues: Vec<u32> = match known.topics.get(topic) {
            Some(config) => (0..config.queues()).collect(),
            None => {
                let pair = (group.to_owned(), topic.to_owned());
                if known.consumed.contains(&pair) {
                    return Vec::new();
                }
                let queues = told.keys();
                queues
                    .filter_map(|queue| u32::try_from(*queue).ok())
                    .collect()
            }
        };
        let positions = queues.into_iter().map(|queue| Position {
            place: self.number(topic, known.broker, queue),
            committed: committed(queue),
        });
        positions.collect()
    }

    fn number(&mut self, topic: &str, broker: &str, queue: u32) -> u32 {
        let partition = names::partition(broker, queue);
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let key = (topic.to_owned(), partition.clone());
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.places.push(Place {
                destination: topic.to_owned(),
                partition,
            });
        }
        number
    }

    fn push(&mut self, group: &str, positions: Vec<Position>, at: Timestamp) {
        if !positions.is_empty() {
            self.groups.push(GroupCommits {
                group: group.to_owned(),
                at,
                positions,
            });
        }
    }
}
