//! Where messages stand now: commits first, heads second, so that a lag is never negative by the
//! order of asking. A broker that does not answer leaves its queues out, and nobody else's.

use std::collections::BTreeSet;

use futures::future::join_all;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Readings, Unknown};

use super::ask::{self, ends_all, is_silence};
use super::brokers::{Broker, census};
use super::commits::{self, Book, Known};
use super::groups::{DELAY_TOPIC, TIMER_TOPIC};
use super::memory::{Had, Memory, Topics};
use super::{heads, now, told};
use crate::adapter::Refused;
use crate::rocketmq::answers::offsets::AllOffsets;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{GET_ALL_CONSUMER_OFFSET, Request};
use crate::rocketmq::wire::failure::Failure;

/// # Errors
/// No name server answers and none ever did, or none of the brokers answers.
pub(super) async fn read(session: &Session<'_>, memory: &Memory) -> Result<Readings, Refused> {
    let census = census(session, memory).await?;
    let parts = census
        .brokers
        .iter()
        .map(|broker| of(session, memory, broker));
    let parts = join_all(parts).await;
    let subscribed = memory.state().subscribed.clone();
    let mut readings = Readings::default();
    let mut book = Book::default();
    let mut unknown = BTreeSet::new();
    let mut refused: Option<Failure> = None;
    let mut is_told = parts.is_empty();
    for (broker, part) in census.brokers.iter().zip(parts) {
        let part = match part {
            Ok(part) => part,
            Err(failure) if ends_all(&failure) => {
                return Err(failure.into_refused(commits::RIGHT));
            }
            Err(failure) => {
                unknown.insert(failure.unknown("heads", heads::RIGHT));
                unknown.insert(failure.unknown("commits", commits::RIGHT));
                if refused.as_ref().is_none_or(is_silence) {
                    refused = Some(failure);
                }
                continue;
            }
        };
        is_told = true;
        let known = Known {
            broker: &broker.name,
            topics: &part.topics,
            consumed: &part.had.consumed,
            subscribed: &subscribed,
            ends: &part.heads.ends,
        };
        match &part.offsets {
            Ok(offsets) => book.add(&known, offsets, part.at),
            Err(failure) => {
                unknown.insert(failure.unknown("commits", commits::RIGHT));
            }
        }
        if let Some(runtime) = &part.heads.runtime {
            book.add_own(&broker.name, runtime, &part.heads.ends, part.heads.at);
        }
        readings.heads.extend(part.heads.ends.heads(&broker.name));
        unknown.extend(part.heads.unknown);
        let mut state = memory.state();
        state.ends.insert(broker.name.clone(), part.heads.ends);
    }
    if !is_told && let Some(failure) = refused {
        return Err(failure.into_refused(commits::RIGHT));
    }
    readings.commits = book.into_commits();
    readings.unknown = unknown.into_iter().collect::<Vec<Unknown>>();
    Ok(readings)
}

struct Part {
    had: Had,
    topics: Topics,
    /// Asked at this time.
    offsets: Result<AllOffsets, Failure>,
    at: Timestamp,
    heads: heads::Told,
}

/// # Errors
/// It does not answer.
async fn of(session: &Session<'_>, memory: &Memory, broker: &Broker) -> Result<Part, Failure> {
    let target = broker.master()?;
    let at = now();
    let asked = Request::new(GET_ALL_CONSUMER_OFFSET);
    let offsets = ask::read::<AllOffsets>(session, &target, &asked).await;
    if let Err(failure) = &offsets
        && (is_silence(failure) || ends_all(failure))
    {
        return Err(failure.clone());
    }
    let mut had = memory.had(&broker.name);
    let topics = match had.topics.clone() {
        Some(topics) => topics,
        // Before the first topology.
        None => told::topics(session, &target).await?,
    };
    if had.topics.is_none() {
        had.topics = Some(topics.clone());
        memory.learn(&broker.name, had.clone());
    }
    let mut consumed: BTreeSet<&str> = BTreeSet::from([DELAY_TOPIC, TIMER_TOPIC]);
    consumed.retain(|topic| topics.contains_key(*topic));
    let told = offsets.as_ref().ok().into_iter().flat_map(AllOffsets::iter);
    consumed.extend(told.map(|one| one.topic).filter(|topic| {
        // Of a topic that was deleted, positions stay behind.
        topics.contains_key(*topic) || !had.consumed.iter().any(|(_, known)| known == topic)
    }));
    let ends = memory.state().ends.remove(&broker.name).unwrap_or_default();
    let subscribed = memory.state().subscribed.clone();
    let waiting = subscribed.topics.values().flatten().map(String::as_str);
    consumed.extend(
        waiting.filter(|topic| {
            topics.contains_key(*topic) && commits::counts_uncommitted(topic, &ends)
        }),
    );
    let wanted = heads::Wanted {
        topics: &topics,
        consumed: &consumed,
    };
    match heads::read(session, &target, wanted, ends).await {
        Ok(heads) => Ok(Part {
            had,
            topics,
            offsets,
            at,
            heads,
        }),
        Err((failure, ends)) => {
            memory.state().ends.insert(broker.name.clone(), ends);
            Err(failure)
        }
    }
}
