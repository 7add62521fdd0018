//! Walks over a log in memory that keeps the contract of Browse: holes, retention, small budgets.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use async_trait::async_trait;
use bytes::Bytes;
use proptest::prelude::*;
use waybill_broker::Refused;
use waybill_broker::browse::{Ask, Ended, Keep, Price, Read, Shelf, Start, Stored};
use waybill_model::stored::ReadEnded;

use super::*;

const SIZE: u64 = 100;

/// A partition: what is kept of it, and where it ends.
#[derive(Clone, Debug, Default)]
struct Log {
    messages: BTreeMap<i64, Stored>,
    low: i64,
    end: i64,
}

#[derive(Clone, Debug, Default)]
struct Logs(BTreeMap<String, Log>, Away);

/// Partitions that cannot be read now.
type Away = BTreeSet<String>;

impl Logs {
    fn add(&mut self, partition: &str, offset: i64, at_ms: i64, key: &str) {
        let log = self.0.entry(partition.to_owned()).or_default();
        log.end = log.end.max(offset + 1);
        let stored = Stored {
            partition: Some(partition.to_owned()),
            offset,
            at: Some(Timestamp::from_unix_millis(at_ms)),
            is_broker_time: true,
            key: Some(Bytes::copy_from_slice(key.as_bytes())),
            value: Some(Bytes::from(format!("{{\"n\":{offset}}}"))),
            headers: Vec::new(),
            properties: Vec::new(),
            size_bytes: SIZE,
        };
        log.messages.insert(offset, stored);
    }

    fn begin(&self, start: &Start) -> BTreeMap<String, i64> {
        let mut positions = BTreeMap::new();
        for (partition, log) in self.0.iter().filter(|(name, _)| !self.1.contains(*name)) {
            let at = match start {
                Start::Earliest => log.low,
                Start::Newest(n) => log.end - i64::try_from(*n).unwrap_or(i64::MAX).min(log.end),
                Start::Offset(offset) => *offset,
                Start::Time(time) => {
                    let first = log.messages.values().find(|one| one.at >= Some(*time));
                    first.map_or(log.end, |one| one.offset)
                }
                Start::At(at) => at.get(partition).copied().unwrap_or(log.end),
            };
            positions.insert(partition.clone(), at.clamp(log.low, log.end));
        }
        positions
    }
}

#[async_trait]
impl Browse for Logs {
    async fn price(&self, _: &Shelf, _: Duration) -> Result<Price, Refused> {
        Ok(Price::Free {
            messages: None,
            bytes: None,
        })
    }

    /// In turn, one message of each partition.
    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused> {
        let mut read = Read {
            messages: 0,
            bytes: 0,
            next: self.begin(&ask.start),
            lows: BTreeMap::new(),
            ends: self
                .0
                .iter()
                .map(|(name, log)| (name.clone(), log.end))
                .collect(),
            ended: Ended::End,
            unread: self
                .1
                .iter()
                .map(|name| (name.clone(), "no leader".to_owned()))
                .collect(),
        };
        loop {
            let mut is_over = true;
            for (partition, log) in &self.0 {
                let Some(position) = read.next.get(partition).copied() else {
                    continue;
                };
                let Some((offset, stored)) = log.messages.range(position..).next() else {
                    read.next.insert(partition.clone(), log.end);
                    continue;
                };
                is_over = false;
                if read.bytes >= ask.budget.bytes {
                    read.ended = Ended::Bytes;
                    return Ok(read);
                }
                read.next.insert(partition.clone(), offset + 1);
                read.messages += 1;
                read.bytes += SIZE;
                if keep(stored.clone()) == ControlFlow::Break(()) {
                    read.ended = Ended::Enough;
                    return Ok(read);
                }
            }
            if is_over {
                return Ok(read);
            }
        }
    }
}

fn reading(from: From, limit: usize, messages: u64) -> Reading {
    Reading {
        person: "ada".into(),
        place: Place {
            id: "d".into(),
            cluster: "east".into(),
            system: "simulated".into(),
            shelf: Shelf {
                namespace: None,
                name: "orders".into(),
            },
            partitions: None,
        },
        partition: None,
        from,
        wanted: Wanted::default(),
        limit,
        budget: Budget {
            bytes: messages * SIZE,
            time: Duration::from_secs(60),
        },
        price_only: false,
        sight: Sight {
            bodies: true,
            veil: Veil::Masked,
            journeys: false,
        },
    }
}

async fn page(logs: &Logs, reading: &Reading) -> Found {
    let decoder = Decoder::default();
    let is_back = matches!(reading.from, From::Latest | From::Cursor(Cursor::Back(_)));
    let found = match is_back {
        true => back::read(logs, &decoder, reading).await,
        false => forward::read(logs, &decoder, reading).await,
    };
    found.unwrap()
}

/// Every page until there is no other.
async fn walk(logs: &Logs, mut reading: Reading) -> Vec<Vec<(String, i64)>> {
    let mut pages = Vec::new();
    loop {
        let found = page(logs, &reading).await;
        assert!(found.kept.len() <= reading.limit);
        let places = found
            .kept
            .iter()
            .map(|one| (one.partition.clone().unwrap(), one.offset));
        pages.push(places.collect());
        match found.next {
            // As it travels.
            Some(next) => reading.from = From::Cursor(next.to_string().parse().unwrap()),
            None => return pages,
        }
        assert!(pages.len() < 2_000, "it never ends");
    }
}

fn all(logs: &Logs) -> BTreeSet<(String, i64)> {
    let of = |(name, log): (&String, &Log)| {
        let name = name.clone();
        let offsets: Vec<i64> = log.messages.keys().copied().collect();
        offsets
            .into_iter()
            .map(move |offset| (name.clone(), offset))
    };
    logs.0.iter().flat_map(of).collect()
}

fn logs() -> impl Strategy<Value = Logs> {
    // Which of the first offsets are there, where retention began, how uneven time is.
    let log = (
        proptest::collection::vec(any::<bool>(), 0..60),
        0..2_000_i64,
        0..7_i64,
    );
    proptest::collection::vec(log, 1..5).prop_map(|partitions| {
        let mut logs = Logs::default();
        for (n, (kept, low, jitter)) in partitions.into_iter().enumerate() {
            let partition = n.to_string();
            for (offset, _) in kept.iter().enumerate().filter(|(_, kept)| **kept) {
                let offset = low + offset as i64;
                let at = offset * 10 + (offset * 7919 % (jitter + 1)) * 25;
                logs.add(
                    &partition,
                    offset,
                    at,
                    if offset % 3 == 0 { "a" } else { "b" },
                );
            }
            let log = logs.0.entry(partition).or_default();
            log.low = low;
            log.end = low + kept.len() as i64;
        }
        logs
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #[test]
    fn every_message_is_shown_once(logs in logs(), limit in 1..20_usize, budget in 1..200_u64, back in any::<bool>()) {
        let from = if back { From::Latest } else { From::Earliest };
        let pages = run(walk(&logs, reading(from, limit, budget)));
        let shown: Vec<(String, i64)> = pages.into_iter().flatten().collect();
        let once: BTreeSet<(String, i64)> = shown.iter().cloned().collect();
        prop_assert_eq!(shown.len(), once.len(), "one is shown twice");
        prop_assert_eq!(once, all(&logs));
    }

    #[test]
    fn what_is_wanted_is_shown_once(logs in logs(), limit in 1..20_usize, budget in 5..200_u64, back in any::<bool>()) {
        let from = if back { From::Latest } else { From::Earliest };
        let mut reading = reading(from, limit, budget);
        reading.wanted.key = Some(b"a".to_vec());
        reading.wanted.filter = Some(crate::filter::parse("value.n >= 10").unwrap());
        let pages = run(walk(&logs, reading));
        let mut shown: Vec<(String, i64)> = pages.into_iter().flatten().collect();
        shown.sort();
        let expected: Vec<_> = all(&logs)
            .into_iter()
            .filter(|(_, offset)| offset % 3 == 0 && *offset >= 10)
            .collect();
        prop_assert_eq!(shown, expected);
    }
}

#[test]
fn the_newest_come_first_over_all_partitions() {
    let mut logs = Logs::default();
    for offset in 0..100 {
        logs.add("0", offset, offset * 10, "a");
        logs.add("1", offset, offset * 10 + 5, "a");
    }
    let found = run(page(&logs, &reading(From::Latest, 4, 10_000)));
    let places: Vec<(&str, i64)> = found
        .kept
        .iter()
        .map(|one| (one.partition.as_deref().unwrap(), one.offset))
        .collect();
    assert_eq!(places, [("1", 99), ("0", 99), ("1", 98), ("0", 98)]);
    assert_eq!(found.told.ended, ReadEnded::Enough);
    assert_eq!(found.told.matched, 4);
    // No more is read for it than four of each.
    assert_eq!(found.told.messages, 8);
}

#[test]
fn a_budget_ends_a_page_and_says_so() {
    let mut logs = Logs::default();
    (0..100).for_each(|offset| logs.add("0", offset, offset, "a"));
    let mut of_key = reading(From::Latest, 50, 30);
    of_key.wanted.key = Some(b"nobody's".to_vec());
    let found = run(page(&logs, &of_key));
    assert_eq!((found.told.ended, found.kept.len()), (ReadEnded::Bytes, 0));
    assert_eq!(found.told.messages, 30);
    assert!(found.next.is_some());
    let forward = run(page(&logs, &reading(From::Earliest, 50, 30)));
    assert_eq!(
        (forward.told.ended, forward.kept.len()),
        (ReadEnded::Bytes, 30)
    );
    let whole = run(page(&logs, &reading(From::Offset(90), 50, 30)));
    assert_eq!((whole.told.ended, whole.kept.len()), (ReadEnded::End, 10));
    assert!(whole.next.is_none());
}

#[test]
fn an_old_log_is_walked_to_its_first_message() {
    let mut logs = Logs::default();
    logs.add("0", 3_000_000_000, 1, "a");
    logs.add("0", 3_000_000_001, 2, "a");
    logs.0.get_mut("0").unwrap().low = 3_000_000_000;
    let pages = run(walk(&logs, reading(From::Latest, 1, 100)));
    let shown: Vec<(String, i64)> = pages.into_iter().flatten().collect();
    assert_eq!(
        shown,
        [
            ("0".to_owned(), 3_000_000_001),
            ("0".to_owned(), 3_000_000_000)
        ]
    );
}

#[test]
fn what_was_away_at_first_is_told_on_each_page() {
    for from in [From::Latest, From::Time(Timestamp::from_unix_millis(0))] {
        let mut logs = Logs::default();
        (0..4).for_each(|offset| logs.add("0", offset, offset, "a"));
        logs.add("1", 0, 0, "a");
        logs.1.insert("1".to_owned());
        let mut found = run(page(&logs, &reading(from, 1, 100)));
        logs.1.clear();
        let mut shown = found.kept.len();
        while let Some(next) = found.next {
            let from = From::Cursor(next.to_string().parse().unwrap());
            found = run(page(&logs, &reading(from, 1, 100)));
            shown += found.kept.len();
            let told = found.unread.iter().map(|one| one.partition.as_str());
            assert_eq!(told.collect::<Vec<_>>(), ["1"]);
        }
        assert_eq!(shown, 4);
    }
}
