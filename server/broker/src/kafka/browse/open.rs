//! Where a reading begins, and what it told in the end.

use std::collections::BTreeMap;

use tokio::time::Instant;
use waybill_model::time::Timestamp;

use super::bounds;
use super::place::Place;
use super::reader::Reader;
use super::topic::{self, Topic};
use super::trouble::leaderless;
use crate::adapter::Refused;
use crate::browse::{Ask, Ended, Read, Start};
use crate::kafka::client::Session;

/// # Errors
/// As [`crate::Browse::price`].
pub(super) async fn open<'a>(session: Session<'a>, ask: &Ask) -> Result<Reader<'a>, Refused> {
    let mut topic = topic::look(&session, &ask.shelf.name).await?;
    let partitions = asked(&topic, ask)?;
    let left = session.deadline().saturating_duration_since(Instant::now());
    let give_up = Instant::now() + left / 2;
    // Commits move ends forward: the beginning first, so that it is never after the end.
    let mut lows =
        bounds::settle(&session, &mut topic, &partitions, bounds::EARLIEST, give_up).await?;
    let mut ends =
        bounds::settle(&session, &mut topic, &partitions, bounds::LATEST, give_up).await?;
    let mut times = match &ask.start {
        Start::Time(time) => {
            let time = milliseconds(*time);
            bounds::settle(&session, &mut topic, &partitions, time, give_up).await?
        }
        _ => BTreeMap::new(),
    };
    let mut places = BTreeMap::new();
    for partition in partitions {
        let name = partition.to_string();
        let told = |of: &mut BTreeMap<i32, _>| of.remove(&partition).unwrap_or(Ok(None));
        let place = match (told(&mut lows), told(&mut ends), told(&mut times)) {
            (Ok(low), Ok(end), Ok(time)) => {
                let low = low.unwrap_or(0);
                let end = end.unwrap_or(low);
                let first = first(&ask.start, &name, low, end, time);
                Place::new(first.min(end).max(low), low, end)
            }
            (Err(refused), _, _) | (_, Err(refused), _) | (_, _, Err(refused)) => Place {
                unread: Some(refused),
                ..Place::new(unseen(&ask.start, &name), 0, -1)
            },
        };
        places.insert(partition, place);
    }
    Ok(Reader {
        session,
        topic,
        places,
        budget: ask.budget,
        linger: ask.linger,
        bytes: 0,
        lingers_until: None,
        turn: 0,
        is_stale: false,
    })
}

fn asked(topic: &Topic, ask: &Ask) -> Result<Vec<i32>, Refused> {
    let Some(only) = &ask.partition else {
        return Ok(topic.leaders.keys().copied().collect());
    };
    let known = |partition: &i32| topic.leaders.contains_key(partition);
    match only.parse().ok().filter(known) {
        Some(partition) if partition.to_string() == *only => Ok(vec![partition]),
        _ => Err(topic::no_partition(&topic.name, only)),
    }
}

/// `time`: where the time asked is; `None`: after everything.
fn first(start: &Start, partition: &str, low: i64, end: i64, time: Option<i64>) -> i64 {
    match start {
        Start::Earliest => low,
        Start::Newest(n) => end.saturating_sub(i64::try_from(*n).unwrap_or(i64::MAX)),
        Start::Offset(offset) => *offset,
        Start::Time(_) => time.unwrap_or(end),
        Start::At(offsets) => offsets.get(partition).copied().unwrap_or(end),
    }
}

/// Where to go on later in a partition of which nothing is known now; negative: nobody knows.
fn unseen(start: &Start, partition: &str) -> i64 {
    match start {
        Start::Earliest => 0,
        Start::Offset(offset) => *offset,
        Start::At(offsets) => offsets.get(partition).copied().unwrap_or(-1),
        Start::Newest(_) | Start::Time(_) => -1,
    }
}

/// Stored times have no more than milliseconds: the first that is not before. What is negative has
/// another meaning in the protocol.
fn milliseconds(time: Timestamp) -> i64 {
    let nanos = time.unix_nanos();
    let more = i64::from(nanos.rem_euclid(1_000_000) > 0);
    (time.unix_millis() + more).max(0)
}

/// # Errors
/// Where nothing was read because of one reason that concerns all.
pub(super) fn told(reader: Reader<'_>, messages: u64, ended: Ended) -> Result<Read, Refused> {
    let unread = |place: &Place| place.unread.clone();
    let is_for_all = |refused: &Refused| *refused != leaderless();
    if messages == 0
        && reader.bytes == 0
        && let Some(first) = reader.places.values().find_map(unread).filter(is_for_all)
        && reader.places.values().all(|place| place.unread.is_some())
    {
        return Err(first);
    }
    let known = |of: fn(&Place) -> i64| {
        let offsets = reader.places.iter().map(move |(p, place)| (p, of(place)));
        let offsets = offsets.filter(|(_, offset)| *offset >= 0);
        offsets.map(|(p, offset)| (p.to_string(), offset)).collect()
    };
    let complaints = reader.places.iter();
    let complaints = complaints.filter_map(|(p, place)| Some((p.to_string(), place.complaint()?)));
    Ok(Read {
        messages,
        bytes: reader.bytes,
        next: known(|place| place.next),
        // Of one that could not be read neither is known.
        lows: known(|place| place.low.min(place.end)),
        ends: known(|place| place.end),
        ended,
        unread: complaints.collect(),
    })
}
