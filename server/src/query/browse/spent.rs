//! What of a reading's budget is used up.

use std::time::{Duration, Instant};

use waybill_broker::browse::{Ask, Browse, Budget, Ended, Keep, Read, Start};
use waybill_model::problem::Problem;
use waybill_model::stored::{ReadEnded, ReadSoFar, Unread};

use super::cursor::Cursor;
use super::sieve::{Kept, Sieve};
use super::{GRACE, Reading, refusal};

pub(super) struct Spent {
    began: Instant,
    budget: Budget,
    messages: u64,
    bytes: u64,
}

/// What a reading found.
pub(in crate::query) struct Found {
    pub(in crate::query) kept: Vec<Kept>,
    pub(in crate::query) told: ReadSoFar,
    pub(in crate::query) next: Option<Cursor>,
    pub(in crate::query) unread: Vec<Unread>,
}

impl Spent {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            began: Instant::now(),
            budget,
            messages: 0,
            bytes: 0,
        }
    }

    /// # Errors
    /// Which part of the budget is used up.
    pub(super) fn left(&self) -> Result<Budget, ReadEnded> {
        let time = self.budget.time.saturating_sub(self.began.elapsed());
        let bytes = self.budget.bytes.saturating_sub(self.bytes);
        match (bytes, time) {
            (0, _) => Err(ReadEnded::Bytes),
            (_, Duration::ZERO) => Err(ReadEnded::Time),
            (bytes, time) => Ok(Budget { bytes, time }),
        }
    }

    pub(super) fn ends_at(&self) -> Instant {
        self.began + self.budget.time
    }

    pub(super) fn told(&self, sieve: &Sieve<'_>, ended: ReadEnded) -> ReadSoFar {
        ReadSoFar {
            messages: self.messages,
            bytes: self.bytes,
            ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            matched: sieve.matched,
            unjudged: sieve.unjudged,
            ended,
        }
    }

    /// One question to the broker, counted.
    pub(super) async fn read(
        &mut self,
        browse: &dyn Browse,
        reading: &Reading,
        start: Start,
        budget: Budget,
        keep: &mut Keep<'_>,
    ) -> Result<Read, Problem> {
        let ask = Ask {
            shelf: reading.place.shelf.clone(),
            partition: reading.partition.clone(),
            start,
            budget,
            linger: Duration::ZERO,
        };
        let asked = browse.read(&ask, keep);
        let read = match tokio::time::timeout(budget.time + GRACE, asked).await {
            Ok(Ok(read)) => read,
            Ok(Err(refused)) => return Err(refusal::problem(&reading.place, refused)),
            Err(_) => return Err(refusal::too_slow(&reading.place)),
        };
        self.messages += read.messages;
        self.bytes += read.bytes;
        Ok(read)
    }
}

pub(super) fn unread(read: &[(String, String)]) -> Vec<Unread> {
    let told = |(partition, why): &(String, String)| Unread {
        partition: partition.clone(),
        why: crate::audit::one_line(why),
    };
    read.iter().map(told).collect()
}

/// Those that no page of a reading shows, as they were away when it began; what is told already
/// stays.
pub(super) fn add_away<'a>(unread: &mut Vec<Unread>, away: impl Iterator<Item = &'a String>) {
    for partition in away {
        if !unread.iter().any(|told| told.partition == *partition) {
            unread.push(Unread {
                partition: partition.clone(),
                why: "it was away when this reading began: begin anew to see it".to_owned(),
            });
        }
    }
}

pub(super) fn ended(ended: Ended) -> ReadEnded {
    match ended {
        Ended::End => ReadEnded::End,
        Ended::Enough => ReadEnded::Enough,
        Ended::Bytes => ReadEnded::Bytes,
        Ended::Time => ReadEnded::Time,
    }
}
