//! Where the queues of one broker end, with as few questions as are right.
//!
//! All topics of a broker share one log. Where it ends is one figure of one answer (28): while it stays,
//! every queue ends where it did. When it moved, one answer (317) tells the ends of every queue that a
//! group has a position in. What is left are topics that nobody reads, which are asked one by one
//! (202), a few at a time: those that moved last time first, then those not asked for longest. The
//! beginnings of queues move only when the log's beginning does.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Head, Unknown, Why};

use super::ask::{self, is_silence};
use super::memory::Topics;
use super::{names, now};
use crate::rocketmq::answers::consume_stats::BrokerConsumeStats;
use crate::rocketmq::answers::runtime::Runtime;
use crate::rocketmq::answers::topic_stats::TopicStats;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{
    GET_BROKER_CONSUME_STATS, GET_BROKER_RUNTIME_INFO, GET_TOPIC_STATS_INFO, Request, said,
};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

/// Topics that nobody reads, asked for in one reading.
pub(super) const QUIET_AT_ONCE: usize = 64;

pub(super) const RIGHT: &str = "Get on Topic";

/// What is known of one broker's queues.
#[derive(Default)]
pub(super) struct BrokerEnds {
    topics: BTreeMap<String, TopicEnds>,
    turn: u64,
}

#[derive(Default)]
struct TopicEnds {
    queues: BTreeMap<u32, Ends>,
    /// When the heads were read, or last known to stand.
    at: Timestamp,
    /// Where the log ended when that was; `None`: not sure.
    log_end: Option<i64>,
    /// Where the log began when the beginnings of queues were read.
    log_start: Option<i64>,
    /// In which reading that was.
    read: u64,
    /// In which reading it was last asked for by itself, and whether it had moved since the one before.
    asked: u64,
    has_moved: bool,
}

#[derive(Clone, Copy)]
struct Ends {
    low: Option<i64>,
    head: i64,
}

/// Where the log of a broker stands.
#[derive(Clone, Copy, Default)]
struct Log {
    end: Option<i64>,
    start: Option<i64>,
}

pub(super) struct Told {
    pub(super) ends: BrokerEnds,
    /// 28, where it was told.
    pub(super) runtime: Option<Runtime>,
    /// When 28 was asked.
    pub(super) at: Timestamp,
    pub(super) unknown: BTreeSet<Unknown>,
}

/// What of the broker is to be known.
pub(super) struct Wanted<'a> {
    pub(super) topics: &'a Topics,
    /// Topics in which some group has a position.
    pub(super) consumed: &'a BTreeSet<&'a str>,
}

/// # Errors
/// It does not answer at all; and the ends that were known.
pub(super) async fn read(
    session: &Session<'_>,
    target: &Target,
    wanted: Wanted<'_>,
    mut ends: BrokerEnds,
) -> Result<Told, (Failure, BrokerEnds)> {
    ends.turn += 1;
    ends.topics.retain(|topic, _| {
        wanted.topics.contains_key(topic) || wanted.consumed.contains(topic.as_str())
    });
    let at = now();
    let asked = Request::new(GET_BROKER_RUNTIME_INFO);
    let runtime = match ask::read::<Runtime>(session, target, &asked).await {
        Ok(runtime) => Some(runtime),
        Err(failure) if is_silence(&failure) => return Err((failure, ends)),
        Err(_) => None,
    };
    let log = runtime.as_ref().map(log).unwrap_or_default();
    ends.stand(log, at);
    if ends.is_outdated(&wanted) {
        let asked = Request::new(GET_BROKER_CONSUME_STATS).with("isOrder", false);
        let at = now();
        match ask::read::<BrokerConsumeStats>(session, target, &asked).await {
            Ok(told) => ends.take(&told, log, at),
            Err(failure) if is_silence(&failure) => return Err((failure, ends)),
            // What it would have told is asked topic by topic.
            Err(_) => {}
        }
    }
    let due = ends.due(&wanted, log);
    let mut unknown = BTreeSet::new();
    let mut unread = 0;
    for topic in due {
        if Instant::now() >= session.deadline() {
            unread += usize::from(!ends.topics.contains_key(&topic));
            continue;
        }
        let at = now();
        let asked = Request::new(GET_TOPIC_STATS_INFO).with("topic", &topic);
        match ask::read::<TopicStats>(session, target, &asked).await {
            Ok(told) => ends.put(topic, &told, log, at),
            Err(failure) if failure.code() == Some(said::TOPIC_NOT_EXIST) => {
                ends.topics.remove(&topic);
            }
            Err(failure) => {
                unknown.insert(failure.unknown("heads", RIGHT));
                if is_silence(&failure) {
                    break;
                }
                let turn = ends.turn;
                ends.topics.entry(topic).or_default().asked = turn;
            }
        }
    }
    if unread > 0 {
        unknown.insert(Unknown {
            member: "heads".to_owned(),
            why: Why::NotAsked,
            detail: Some(format!("{target}: {unread} topics are still to be read")),
        });
    }
    Ok(Told {
        ends,
        runtime,
        at,
        unknown,
    })
}

fn log(runtime: &Runtime) -> Log {
    // While queues are behind the log, where they end now says nothing.
    let is_settled = runtime.behind_bytes() == Some(0);
    Log {
        end: runtime.log_end().filter(|_| is_settled),
        start: runtime.log_start(),
    }
}

impl BrokerEnds {
    pub(super) fn heads<'a>(&'a self, broker: &'a str) -> impl Iterator<Item = Head> + 'a {
        self.topics.iter().flat_map(move |(topic, ends)| {
            ends.queues.iter().map(move |(queue, told)| Head {
                destination: topic.clone(),
                partition: names::partition(broker, *queue),
                head: told.head,
                written: None,
                low: told.low,
                at: ends.at,
            })
        })
    }

    pub(super) fn head(&self, topic: &str, queue: u32) -> Option<i64> {
        Some(self.topics.get(topic)?.queues.get(&queue)?.head)
    }

    /// As far as it was read.
    pub(super) fn queues_with_messages(&self, topic: &str) -> impl Iterator<Item = u32> + '_ {
        let queues = self.topics.get(topic).into_iter();
        let queues = queues.flat_map(|ends| &ends.queues);
        let full = queues.filter(|(_, ends)| ends.head > ends.low.unwrap_or(0));
        full.map(|(queue, _)| *queue)
    }

    pub(super) fn holds_messages(&self, topic: &str) -> bool {
        self.queues_with_messages(topic).next().is_some()
    }

    /// The log ends where it did when they were read: so do they.
    fn stand(&mut self, log: Log, at: Timestamp) {
        for ends in self.topics.values_mut() {
            if log.end.is_some() && ends.log_end == log.end {
                (ends.at, ends.read) = (at, self.turn);
            }
        }
    }

    /// Topics that are new here are asked for by themselves, for where they begin.
    fn take(&mut self, told: &BrokerConsumeStats, log: Log, at: Timestamp) {
        for (queue, head) in told.ends() {
            let Ok(number) = u32::try_from(queue.queue_id) else {
                continue;
            };
            let Some(ends) = self.topics.get_mut(&queue.topic) else {
                continue;
            };
            let low = ends.queues.get(&number).and_then(|old| old.low);
            ends.queues.insert(number, Ends::new(low, head));
            (ends.log_end, ends.at, ends.read) = (log.end, at, self.turn);
        }
    }

    fn put(&mut self, topic: String, told: &TopicStats, log: Log, at: Timestamp) {
        let before = self.topics.remove(&topic).unwrap_or_default();
        let queues: BTreeMap<u32, Ends> = told
            .offset_table
            .iter()
            .filter_map(|(queue, told)| {
                let number = u32::try_from(queue.queue_id).ok()?;
                Some((number, Ends::new(told.min_offset, told.max_offset?)))
            })
            .collect();
        let ends = TopicEnds {
            has_moved: heads(&before.queues) != heads(&queues),
            queues,
            at,
            log_end: log.end,
            log_start: log.start,
            read: self.turn,
            asked: self.turn,
        };
        self.topics.insert(topic, ends);
    }

    /// What is to be asked for by itself, in this order.
    fn due(&self, wanted: &Wanted<'_>, log: Log) -> Vec<String> {
        let (mut must, mut may): (Vec<&str>, Vec<(bool, u64, &str)>) = (Vec::new(), Vec::new());
        let consumed = wanted.consumed.iter().copied();
        let topics = wanted.topics.keys().map(String::as_str).chain(consumed);
        for topic in topics.collect::<BTreeSet<&str>>() {
            let Some(ends) = self.topics.get(topic) else {
                must.push(topic);
                continue;
            };
            let is_read = ends.read == self.turn;
            if !is_read && wanted.consumed.contains(topic) {
                must.push(topic);
            } else if !is_read || ends.log_start != log.start {
                may.push((!ends.has_moved, ends.asked, topic));
            }
        }
        may.sort_unstable();
        let may = may.into_iter().take(QUIET_AT_ONCE);
        let may = may.map(|(_, _, topic)| topic);
        must.into_iter().chain(may).map(str::to_owned).collect()
    }

    fn is_outdated(&self, wanted: &Wanted<'_>) -> bool {
        let mut topics = self.topics.iter();
        topics
            .any(|(topic, ends)| ends.read != self.turn && wanted.consumed.contains(topic.as_str()))
    }
}

impl Ends {
    fn new(low: Option<i64>, head: i64) -> Self {
        let head = head.max(0);
        Self {
            low: low.filter(|low| (0..=head).contains(low)),
            head,
        }
    }
}

fn heads(queues: &BTreeMap<u32, Ends>) -> Vec<i64> {
    queues.values().map(|ends| ends.head).collect()
}
