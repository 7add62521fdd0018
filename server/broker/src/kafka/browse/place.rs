//! How far a partition was read.

use tokio::time::Instant;

use crate::adapter::Refused;

#[derive(Debug)]
pub(super) struct Place {
    /// The next offset to read.
    pub(super) next: i64,
    /// Where to stop, unless somebody lingers.
    pub(super) until: i64,
    /// After what is stored now, as the broker told last.
    pub(super) end: i64,
    /// The oldest that was kept when reading began.
    pub(super) low: i64,
    /// When it last gave something, in turns: who waits longest comes first.
    pub(super) served: u64,
    pub(super) trouble: Option<Troubled>,
    /// Batches that could not be read.
    pub(super) skipped: Option<Skipped>,
    /// Why it is read no further.
    pub(super) unread: Option<Refused>,
}

#[derive(Debug)]
pub(super) struct Troubled {
    pub(super) since: Instant,
    pub(super) tries: u32,
    /// Not asked before.
    pub(super) rests_until: Instant,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Skipped {
    pub(super) batches: u64,
    /// Of the first of them.
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) why: String,
}

impl Place {
    pub(super) fn new(next: i64, low: i64, end: i64) -> Self {
        Self {
            next,
            until: end,
            end,
            low,
            served: 0,
            trouble: None,
            skipped: None,
            unread: None,
        }
    }

    pub(super) fn wants(&self, lingers: bool) -> bool {
        self.unread.is_none() && (lingers || self.next < self.until)
    }

    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|trouble| trouble.rests_until)
    }

    pub(super) fn skip(&mut self, first: i64, last: i64, why: &dyn std::fmt::Display) {
        match &mut self.skipped {
            Some(skipped) => skipped.batches += 1,
            none => {
                *none = Some(Skipped {
                    batches: 1,
                    first,
                    last,
                    why: why.to_string(),
                });
            }
        }
    }

    /// For a person: why it, or a part of it, was not read.
    pub(super) fn complaint(&self) -> Option<String> {
        if let Some(refused) = &self.unread {
            return Some(match self.next {
                ..0 => refused.detail.clone(),
                next => format!("from offset {next}: {}", refused.detail),
            });
        }
        self.skipped.as_ref().map(Skipped::to_string)
    }
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            batches,
            first,
            last,
            why,
        } = self;
        write!(
            f,
            "the batch of offsets {first} to {last} was left out: {why}"
        )?;
        match batches {
            1 => Ok(()),
            more => write!(f, "; so were {} more", more - 1),
        }
    }
}
