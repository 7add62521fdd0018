//! Where a reading begins, and what it told in the end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use waybill_model::time::Timestamp;

use super::bounds;
use super::place::Place;
use super::reader::Reader;
use super::topic::{self, Topic};
use crate::adapter::{Reason, Refused};
use crate::browse::{Ask, Budget, Ended, Read, Start};
use crate::rocketmq::client::Session;
use crate::rocketmq::queue::Queue;
use crate::traces::From;

/// # Errors
/// As [`crate::Browse::price`].
pub(super) async fn open<'a>(session: Session<'a>, ask: &Ask) -> Result<Reader<'a>, Refused> {
    let topic = topic::look(&session, &ask.shelf.name).await?;
    let queues = asked(&topic, ask)?.into_iter();
    let starts = queues.map(|queue| (queue, Cow::Borrowed(&ask.start)));
    let reader = begin(session, topic, starts.collect(), ask.budget).await;
    Ok(Reader {
        linger: ask.linger,
        ..reader
    })
}

/// `None`: the topic is not there, or no master of its brokers is known now.
pub(super) async fn follow<'a>(
    session: Session<'a>,
    name: &str,
    from: &From,
    budget: Budget,
) -> Result<Option<Reader<'a>>, Refused> {
    let topic = match topic::look(&session, name).await {
        Ok(topic) => topic,
        Err(refused) if refused.reason == Reason::NotThere => return Ok(None),
        Err(refused) => return Err(refused),
    };
    let starts = topic.queues.keys().map(|queue| {
        let start = match from.next.get(&queue.to_string()) {
            Some(offset) => Start::Offset(*offset),
            None => Start::Time(from.first_at),
        };
        (queue.clone(), Cow::Owned(start))
    });
    let starts = starts.collect();
    Ok(Some(begin(session, topic, starts, budget).await))
}

async fn begin<'a>(
    session: Session<'a>,
    topic: Topic,
    starts: Vec<(Queue, Cow<'_, Start>)>,
    budget: Budget,
) -> Reader<'a> {
    let mut places = BTreeMap::new();
    for (queue, start) in starts {
        // A broker that hangs must leave time for the others.
        let place = match bounds::of(&session.within(0.5), &topic, &queue).await {
            Ok((low, end)) => first(&session, &topic, &queue, &start, low, end).await,
            Err(refused) => Err(refused),
        };
        let place = place
            .unwrap_or_else(|refused| Place::closed(unseen(&start, &queue.to_string()), refused));
        places.insert(queue, place);
    }
    Reader {
        session,
        topic,
        places,
        budget,
        linger: Duration::ZERO,
        bytes: 0,
        lingers_until: None,
        turn: 0,
        looked: tokio::time::Instant::now(),
        is_stale: false,
    }
}

fn asked(topic: &Topic, ask: &Ask) -> Result<Vec<Queue>, Refused> {
    let Some(only) = &ask.partition else {
        return Ok(topic.queues.keys().cloned().collect());
    };
    match Queue::parse(only).filter(|queue| topic.queues.contains_key(queue)) {
        Some(queue) => Ok(vec![queue]),
        None => Err(topic::no_queue(&topic.name, only)),
    }
}

async fn first(
    session: &Session<'_>,
    topic: &Topic,
    queue: &Queue,
    start: &Start,
    low: i64,
    end: i64,
) -> Result<Place, Refused> {
    let mut not_before = None;
    let first = match start {
        Start::Earliest => low,
        Start::Newest(n) => end.saturating_sub(i64::try_from(*n).unwrap_or(i64::MAX)),
        Start::Offset(offset) => *offset,
        Start::Time(_) if low == end => end,
        Start::Time(time) => {
            let time = milliseconds(*time);
            not_before = Some(time);
            bounds::at(session, topic, queue, time).await?
        }
        Start::At(offsets) => offsets.get(&queue.to_string()).copied().unwrap_or(end),
    };
    let mut place = Place::new(first.min(end).max(low), end);
    (place.low, place.not_before) = (low, not_before);
    Ok(place)
}

/// Where to go on later in a queue of which nothing is known now; negative: nobody knows.
fn unseen(start: &Start, queue: &str) -> i64 {
    match start {
        Start::Earliest => 0,
        Start::Offset(offset) => *offset,
        Start::At(offsets) => offsets.get(queue).copied().unwrap_or(-1),
        Start::Newest(_) | Start::Time(_) => -1,
    }
}

/// Stored times have no more than milliseconds: the first that is not before.
fn milliseconds(time: Timestamp) -> i64 {
    let nanos = time.unix_nanos();
    let more = i64::from(nanos.rem_euclid(1_000_000) > 0);
    (time.unix_millis() + more).max(0)
}

/// # Errors
/// Where nothing was read because of one reason that concerns all.
pub(super) fn told(reader: Reader<'_>, messages: u64, ended: Ended) -> Result<Read, Refused> {
    let mut refusals = reader.places.values().map(|place| place.unread.as_ref());
    if messages == 0
        && reader.bytes == 0
        && refusals.clone().all(|refused| refused.is_some())
        && let Some(refused) = refusals.find_map(|refused| refused)
    {
        return Err(refused.clone());
    }
    let known = |of: fn(&Place) -> i64| {
        let offsets = reader
            .places
            .iter()
            .map(|(queue, place)| (queue, of(place)));
        let offsets = offsets.filter(|(_, offset)| *offset >= 0);
        offsets
            .map(|(queue, offset)| (queue.to_string(), offset))
            .collect()
    };
    let complaints = reader.places.iter();
    let complaints =
        complaints.filter_map(|(queue, place)| Some((queue.to_string(), place.complaint()?)));
    Ok(Read {
        messages,
        bytes: reader.bytes,
        next: known(|place| place.next),
        lows: known(|place| place.low),
        ends: known(|place| place.end),
        ended,
        unread: complaints.collect(),
    })
}
