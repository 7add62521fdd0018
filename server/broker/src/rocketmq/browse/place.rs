//! How far a queue was read.

use std::time::Duration;

use tokio::time::Instant;

use super::trouble::{PATIENCE, Trouble};
use crate::adapter::Refused;

const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Place {
    /// The next offset to read.
    pub(super) next: i64,
    /// Where to stop, unless somebody lingers.
    pub(super) until: i64,
    /// After what is stored now, as the broker told last.
    pub(super) end: i64,
    /// The oldest that was kept when reading began; negative: nobody knows.
    pub(super) low: i64,
    /// Messages stored before this are passed over until one is not, in milliseconds since the Unix
    /// epoch: brokers find times by the chunk.
    pub(super) not_before: Option<i64>,
    /// When it was last asked, in turns: who waits longest comes first.
    pub(super) served: u64,
    /// Not asked before.
    pub(super) rests_until: Option<Instant>,
    troubled_since: Option<(Instant, u32)>,
    skipped: Option<Skipped>,
    /// Why it is read no further.
    pub(super) unread: Option<Refused>,
}

#[derive(Debug, PartialEq, Eq)]
struct Skipped {
    messages: u64,
    /// At or after this offset is the first of them.
    first: i64,
    why: String,
}

impl Place {
    pub(super) fn new(next: i64, end: i64) -> Self {
        Self {
            next,
            until: end,
            end,
            low: -1,
            not_before: None,
            served: 0,
            rests_until: None,
            troubled_since: None,
            skipped: None,
            unread: None,
        }
    }

    /// One that cannot be read.
    pub(super) fn closed(next: i64, why: Refused) -> Self {
        Self {
            unread: Some(why),
            ..Self::new(next, -1)
        }
    }

    pub(super) fn wants(&self, lingers: bool) -> bool {
        self.unread.is_none() && (lingers || self.next < self.until)
    }

    /// Whether a message stored then is passed over.
    pub(super) fn is_too_early(&mut self, stored_at: i64) -> bool {
        if self.not_before.is_some_and(|time| stored_at < time) {
            return true;
        }
        self.not_before = None;
        false
    }

    pub(super) fn skip(&mut self, why: &dyn std::fmt::Display) {
        let first = self.next;
        let skipped = self.skipped.get_or_insert_with(|| Skipped {
            messages: 0,
            first,
            why: why.to_string(),
        });
        skipped.messages += 1;
    }

    pub(super) fn is_well(&mut self) {
        self.troubled_since = None;
        self.rests_until = None;
    }

    /// Not asked for a moment; after a while, unless somebody lingers, never again.
    pub(super) fn meet(&mut self, trouble: Trouble, lingers: bool) {
        let refused = match trouble {
            Trouble::Passing(refused) => refused,
            Trouble::Lasting(refused) => {
                self.unread = Some(refused);
                return;
            }
        };
        let now = Instant::now();
        let (since, tries) = self.troubled_since.get_or_insert((now, 0));
        let rest = FIRST_REST.saturating_mul(1 << (*tries).min(5));
        *tries += 1;
        self.rests_until = Some(now + rest.min(LONGEST_REST));
        if !lingers && now.duration_since(*since) >= PATIENCE {
            self.unread = Some(refused);
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
        let skipped = self.skipped.as_ref()?;
        let more = match skipped.messages {
            1 => String::new(),
            messages => format!("; so were {} more", messages - 1),
        };
        let Skipped { first, why, .. } = skipped;
        Some(format!(
            "a message from offset {first} on was left out: {why}{more}"
        ))
    }
}
