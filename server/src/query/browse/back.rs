//! Newest first. Brokers read forward only, so this reads windows, each before the one before, and
//! keeps for every partition what of it was not looked at: no message is shown twice or left out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use waybill_broker::browse::{Browse, Budget, Ended, Read, Start, Stored};
use waybill_model::problem::Problem;
use waybill_model::stored::{ReadEnded, Unread};

use super::cursor::{Cursor, Reach};
use super::sieve::{Kept, Sieve};
use super::spent::{Found, Spent, add_away, ended, unread};
use super::{From, Reading};
use crate::payload::Decoder;

/// Messages of one partition in the first window, where only some are wanted.
const WINDOW: u64 = 200;
/// More of one partition are never asked for at once.
const WIDEST: u64 = 1 << 40;
/// What looking for the oldest message may take beyond the budget of a page.
const PROBE: Budget = Budget {
    bytes: 64 << 10,
    time: Duration::from_secs(1),
};
/// Windows of all partitions together, for one page.
const ROUNDS: usize = 64;

pub(super) async fn read(
    browse: &dyn Browse,
    decoder: &Decoder,
    reading: &Reading,
) -> Result<Found, Problem> {
    let mut walk = Walk::new(decoder, reading);
    let why = walk.run(browse).await?;
    Ok(walk.found(why))
}

struct Walk<'a> {
    reading: &'a Reading,
    spent: Spent,
    sieve: Sieve<'a>,
    /// By partition; empty before the first window.
    reach: BTreeMap<String, Reach>,
    shown: Vec<Kept>,
    unread: Vec<Unread>,
    width: u64,
    has_probed: bool,
    is_stuck: bool,
}

impl<'a> Walk<'a> {
    fn new(decoder: &'a Decoder, reading: &'a Reading) -> Self {
        let spent = Spent::new(reading.budget);
        let ends_at = spent.ends_at();
        Self {
            sieve: Sieve::new(&reading.wanted, decoder, reading.sight, ends_at, usize::MAX),
            reading,
            spent,
            reach: match &reading.from {
                From::Cursor(Cursor::Back(reach)) => reach.clone(),
                _ => BTreeMap::new(),
            },
            shown: Vec::new(),
            unread: Vec::new(),
            width: width(reading),
            has_probed: false,
            is_stuck: false,
        }
    }

    async fn run(&mut self, browse: &dyn Browse) -> Result<ReadEnded, Problem> {
        let mut is_first = self.reach.is_empty();
        for _ in 0..ROUNDS {
            let is_full = self.shown.len() >= self.reading.limit || self.sieve.is_heavy();
            if is_full || self.is_stuck {
                return Ok(ReadEnded::Enough);
            }
            let left = match self.spent.left() {
                Ok(left) => left,
                Err(why) => return Ok(why),
            };
            let why = if is_first {
                is_first = false;
                self.newest(browse, left).await?
            } else if self.reach.values().any(|reach| reach.gap.is_some()) {
                self.gaps(browse, left).await?
            } else if self.reach.values().any(|reach| reach.below > 0) {
                self.before(browse, left).await?
            } else {
                return Ok(ReadEnded::End);
            };
            if self.sieve.is_out_of_time {
                return Ok(ReadEnded::Time);
            }
            match why {
                ReadEnded::Bytes | ReadEnded::Time => return Ok(why),
                ReadEnded::End | ReadEnded::Enough => {}
            }
        }
        // Windows grow with each round, so this many cover any partition.
        Ok(ReadEnded::Enough)
    }

    /// The newest of every partition.
    async fn newest(&mut self, browse: &dyn Browse, left: Budget) -> Result<ReadEnded, Problem> {
        let start = Start::Newest(self.width);
        let round = self.round(browse, start, left, |_, _| Side::Inside).await?;
        for (partition, next) in &round.read.next {
            let end = round.read.ends.get(partition).copied().unwrap_or(*next);
            let below = round.lowest.get(partition).copied().unwrap_or(*next);
            let gap = (*next < end).then_some((*next, end));
            self.reach.insert(partition.clone(), Reach { below, gap });
        }
        for (partition, _) in &round.read.unread {
            self.reach.entry(partition.clone()).or_insert(Reach::AWAY);
        }
        self.show();
        Ok(round.ended)
    }

    /// What a budget left out, forward: as many as are wanted.
    async fn gaps(&mut self, browse: &dyn Browse, left: Budget) -> Result<ReadEnded, Problem> {
        let gaps: BTreeMap<String, (i64, i64)> = self
            .reach
            .iter()
            .filter_map(|(partition, reach)| Some((partition.clone(), reach.gap?)))
            .collect();
        let at = gaps
            .iter()
            .map(|(partition, (at, _))| (partition.clone(), *at));
        let start = Start::At(at.collect());
        self.sieve.most = self.reading.limit.saturating_sub(self.shown.len());
        let side = |partition: &str, offset| match gaps.get(partition) {
            Some((_, end)) if offset < *end => Side::Inside,
            Some(_) => Side::After,
            None => Side::Other,
        };
        let round = self.round(browse, start, left, side).await?;
        self.sieve.most = usize::MAX;
        let mut is_stuck = true;
        for (partition, (at, end)) in &gaps {
            let next = round.next(partition).unwrap_or(*at);
            is_stuck &= next <= *at;
            if let Some(reach) = self.reach.get_mut(partition) {
                reach.gap = (next < *end).then_some((next, *end));
            }
        }
        // Partitions that cannot be read now: the next page tries them again.
        self.is_stuck = is_stuck;
        self.shown.append(&mut self.sieve.kept);
        Ok(round.ended)
    }

    /// A window of every partition before what was looked at.
    async fn before(&mut self, browse: &dyn Browse, left: Budget) -> Result<ReadEnded, Problem> {
        let width = i64::try_from(self.width).unwrap_or(i64::MAX);
        let windows: BTreeMap<String, (i64, i64)> = self
            .reach
            .iter()
            .filter(|(_, reach)| reach.below > 0)
            .map(|(partition, reach)| {
                let from = reach.below.saturating_sub(width).max(0);
                (partition.clone(), (from, reach.below))
            })
            .collect();
        let at = windows
            .iter()
            .map(|(partition, (from, _))| (partition.clone(), *from));
        let start = Start::At(at.collect());
        let side = |partition: &str, offset| match windows.get(partition) {
            Some((_, end)) if offset < *end => Side::Inside,
            Some(_) => Side::After,
            None => Side::Other,
        };
        let round = self.round(browse, start, left, side).await?;
        for (partition, (from, end)) in &windows {
            let next = round.next(partition).unwrap_or(*from);
            if let Some(reach) = self.reach.get_mut(partition) {
                // An older one than `from` may be the first that is kept, or a later.
                reach.below = *from;
                reach.gap = (next < *end).then_some((next.max(*from), *end));
            }
        }
        let was_empty = round.lowest.is_empty();
        self.widen(was_empty);
        self.show();
        if was_empty && !self.has_probed {
            self.probe(browse).await?;
        }
        Ok(round.ended)
    }

    /// An empty window is a hole, or lies before everything that is kept: the oldest message tells.
    async fn probe(&mut self, browse: &dyn Browse) -> Result<(), Problem> {
        self.has_probed = true;
        let old = self.reach.iter().filter(|(_, reach)| reach.below > 0);
        let at: BTreeMap<String, i64> = old.map(|(partition, _)| (partition.clone(), 0)).collect();
        let mut first: BTreeMap<String, i64> = BTreeMap::new();
        let mut keep = |stored: Stored| {
            first
                .entry(key_of(&stored.partition))
                .or_insert(stored.offset);
            match first.len() >= at.len() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let start = Start::At(at.clone());
        let read = self
            .spent
            .read(browse, self.reading, start, PROBE, &mut keep)
            .await?;
        for partition in at.keys() {
            let Some(reach) = self.reach.get_mut(partition) else {
                continue;
            };
            let has_older = match (first.get(partition), read.next.get(partition)) {
                (Some(first), _) => *first < reach.below,
                // It was not reached within the budget.
                (None, Some(next)) => *next < reach.below,
                (None, None) => true,
            };
            if !has_older {
                reach.below = 0;
            }
        }
        Ok(())
    }

    fn widen(&mut self, was_empty: bool) {
        let times = match (was_empty, self.reading.wanted.is_all()) {
            (true, _) => 16,
            (false, false) => 2,
            (false, true) => 1,
        };
        self.width = self.width.saturating_mul(times).min(WIDEST);
    }

    /// Of what is kept the newest, by time but never out of the order of a partition; the rest is
    /// left for the next page.
    fn show(&mut self) {
        let mut of: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
        for kept in self.sieve.kept.drain(..) {
            of.entry(key_of(&kept.partition)).or_default().push(kept);
        }
        of.values_mut()
            .for_each(|list| list.sort_by_key(|kept| kept.offset));
        while self.shown.len() < self.reading.limit {
            let newest = of
                .iter()
                .filter_map(|(partition, list)| Some((list.last()?.at, partition)))
                .max()
                .map(|(_, partition)| partition.clone());
            let Some(list) = newest.and_then(|partition| of.get_mut(&partition)) else {
                return;
            };
            self.shown.extend(list.pop());
        }
        for (partition, list) in of {
            if let (Some(left), Some(reach)) = (list.last(), self.reach.get_mut(&partition)) {
                reach.below = left.offset + 1;
                // What is left is counted when it is shown.
                self.sieve.matched = self.sieve.matched.saturating_sub(list.len() as u64);
            }
        }
    }

    /// Reads until everything inside was seen, and asks for schemas on the way.
    async fn round(
        &mut self,
        browse: &dyn Browse,
        mut start: Start,
        mut left: Budget,
        side: impl Fn(&str, i64) -> Side + Send + Sync,
    ) -> Result<Round, Problem> {
        let mut lowest: BTreeMap<String, i64> = BTreeMap::new();
        let mut after: BTreeSet<String> = BTreeSet::new();
        let inside = match &start {
            Start::At(at) => at.len(),
            _ => usize::MAX,
        };
        loop {
            let sieve = &mut self.sieve;
            let mut keep = |stored: Stored| {
                let partition = key_of(&stored.partition);
                match side(&partition, stored.offset) {
                    Side::Inside => {
                        let seen = lowest.entry(partition).or_insert(stored.offset);
                        *seen = stored.offset.min(*seen);
                        sieve.take(stored)
                    }
                    Side::After => {
                        after.insert(partition);
                        match after.len() >= inside {
                            true => ControlFlow::Break(()),
                            false => ControlFlow::Continue(()),
                        }
                    }
                    Side::Other => ControlFlow::Continue(()),
                }
            };
            let read = self
                .spent
                .read(browse, self.reading, start, left, &mut keep)
                .await?;
            let waited = self.sieve.settle().await;
            let is_over = !waited || self.sieve.is_full() || after.len() >= inside;
            let why = match self.spent.left() {
                _ if is_over => ended(read.ended),
                Ok(budget) => {
                    left = budget;
                    start = Start::At(read.next);
                    continue;
                }
                Err(why) => why,
            };
            self.unread = unread(&read.unread);
            let is_whole = matches!(read.ended, Ended::End);
            return Ok(Round {
                read,
                lowest,
                ended: if is_whole { ReadEnded::End } else { why },
            });
        }
    }

    fn found(self, why: ReadEnded) -> Found {
        let told = self.spent.told(&self.sieve, why);
        let mut kept = self.shown;
        kept.sort_by(|a, b| {
            let place = |one: &Kept| (one.at, one.partition.clone(), one.offset);
            place(b).cmp(&place(a))
        });
        let (away, mut reach): (BTreeMap<String, Reach>, BTreeMap<String, Reach>) = self
            .reach
            .into_iter()
            .filter(|(_, reach)| reach.is_away() || !reach.is_done())
            .partition(|(_, reach)| reach.is_away());
        let mut unread = self.unread;
        add_away(&mut unread, away.keys());
        let is_over = reach.is_empty();
        reach.extend(away);
        Found {
            kept,
            told,
            next: (!is_over).then_some(Cursor::Back(reach)),
            unread,
        }
    }
}

/// Where a message lies, seen from what is asked.
enum Side {
    Inside,
    After,
    Other,
}

struct Round {
    read: Read,
    /// The first message of each partition that was seen inside.
    lowest: BTreeMap<String, i64>,
    ended: ReadEnded,
}

impl Round {
    fn next(&self, partition: &str) -> Option<i64> {
        self.read.next.get(partition).copied()
    }
}

/// As positions name it: where a destination has no partitions, the only one has no name.
pub(super) fn key_of(partition: &Option<String>) -> String {
    partition.clone().unwrap_or_default()
}

fn width(reading: &Reading) -> u64 {
    let limit = reading.limit as u64;
    if !reading.wanted.is_all() {
        return WINDOW.max(limit);
    }
    match (&reading.partition, reading.place.partitions) {
        // Of many partitions fewer each: all of them together are a few pages.
        (None, Some(partitions)) if partitions > 8 => (8 * limit / partitions).max(1),
        _ => limit,
    }
}
