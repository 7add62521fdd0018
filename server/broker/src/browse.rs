//! Reads stored messages and disturbs nothing: no acknowledgement, no group, no offset, no requeue.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use waybill_model::time::Timestamp;

use crate::adapter::Refused;

#[async_trait]
pub trait Browse: Send + Sync {
    /// What reading this destination takes; nothing of it is read. Where it cannot be read without
    /// disturbing, what that would cost and what to do instead.
    ///
    /// # Errors
    /// The destination is not there, may not be read, or its cluster does not answer.
    async fn price(&self, place: &Shelf, patience: Duration) -> Result<Price, Refused>;

    /// Reads forward from `ask.start` and hands each message to `keep`, in the order of each
    /// partition, until `keep` breaks, everything that was there when reading began was read, or the
    /// budget is used up. The message at which `keep` breaks counts as read.
    ///
    /// # Errors
    /// As [`Self::price`], and where only disturbing could read: [`crate::Reason::Disturbs`].
    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused>;

    /// What the broker's own index finds, each checked to be what was sought, in no order. `None`:
    /// it has no such index, and only reading finds anything.
    ///
    /// # Errors
    /// As [`Self::price`].
    async fn find(&self, find: &Find, keep: &mut Keep<'_>) -> Result<Option<Indexed>, Refused> {
        let _ = (find, keep);
        Ok(None)
    }
}

/// Takes one message; breaks where enough was read.
pub type Keep<'a> = dyn FnMut(Stored) -> ControlFlow<()> + Send + 'a;

/// A destination that holds messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    pub namespace: Option<String>,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Price {
    /// Reads and leaves no trace. What lies there now, where the broker tells.
    Free {
        messages: Option<u64>,
        bytes: Option<u64>,
    },
    /// `cost`: what a look would do to the messages. `instead`: what to do.
    Disturbs { cost: String, instead: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub shelf: Shelf,
    /// One partition; `None`: all.
    pub partition: Option<String>,
    pub start: Start,
    pub budget: Budget,
    /// How long to wait at the end for messages that are not there yet: a live tail. Zero: what is
    /// there now. Counted from when the end was first reached; what comes meanwhile is handed over
    /// at once.
    pub linger: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The oldest message that is kept.
    Earliest,
    /// The newest `n` of each partition.
    Newest(u64),
    /// This offset in each partition asked; where it is no longer kept, the oldest that is; beyond
    /// the end, the end.
    Offset(i64),
    /// The first message of this time or later.
    Time(Timestamp),
    /// As [`Read::next`] told; what is no longer kept is passed over to the oldest that is. Partitions
    /// that are not named start at their end.
    At(BTreeMap<String, i64>),
}

/// What one reading may take. Messages in the middle of the last answer may exceed `bytes` by one
/// answer, never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Read from the broker, before decompression.
    pub bytes: u64,
    pub time: Duration,
}

/// One stored message. Every part of it is hostile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub partition: Option<String>,
    pub offset: i64,
    /// `None`: the broker keeps no time.
    pub at: Option<Timestamp>,
    /// Whether the broker set the time, not the producer.
    pub is_broker_time: bool,
    pub key: Option<Bytes>,
    /// `None`: no body at all, such as a tombstone; an empty body is empty.
    pub value: Option<Bytes>,
    /// In their order; a name may stand twice.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// What the broker or the client says of the message besides headers, such as `content_type`.
    pub properties: Vec<(&'static str, String)>,
    /// As stored: key, value and headers, uncompressed.
    pub size_bytes: u64,
}

impl Stored {
    /// What it weighs in memory, about: many small ones are more than what they hold.
    pub fn weight_bytes(&self) -> u64 {
        self.size_bytes + 256 + 64 * self.headers.len() as u64
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Handed to `keep`.
    pub messages: u64,
    /// Read from the broker.
    pub bytes: u64,
    /// Where to go on, by partition (`""` where there are none): nothing between is left out, nothing
    /// read twice.
    pub next: BTreeMap<String, i64>,
    /// The oldest offset that was kept when reading began, by partition, where the broker tells it.
    pub lows: BTreeMap<String, i64>,
    /// The first offset after what is stored now, by partition.
    pub ends: BTreeMap<String, i64>,
    pub ended: Ended,
    /// Partitions that could not be read, and why.
    pub unread: Vec<(String, String)>,
}

/// A look into an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    pub shelf: Shelf,
    pub clue: Clue,
    /// Stored then or later.
    pub from: Option<Timestamp>,
    pub patience: Duration,
}

/// What an index may know a message by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clue {
    /// One of its keys.
    Key(String),
    /// The id that its client or its broker calls it by.
    Id(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Handed to `keep`.
    pub messages: u64,
    /// Read from the broker.
    pub bytes: u64,
    /// There is no further one.
    pub is_whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was there was read.
    End,
    /// `keep` had enough.
    Enough,
    Bytes,
    Time,
}
