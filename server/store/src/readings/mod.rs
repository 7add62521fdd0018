//! What was read of groups and destinations over time: packed samples of groups on all their
//! partitions, and roll-ups by minute and hour. Days are dropped whole by retention.

mod events;
mod packed;
mod read;
mod write;

use waybill_model::reading::PartitionPosition;
use waybill_model::time::Timestamp;

pub use read::Moved;

#[cfg(feature = "testing")]
pub(crate) use {
    events::STATEMENTS as EVENT_STATEMENTS, read::STATEMENTS as READ_STATEMENTS,
    write::STATEMENTS as WRITE_STATEMENTS,
};

/// One group on all its partitions at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSample {
    /// As [`group_key`](crate::topology::group_key) gives it.
    pub group: i64,
    pub at: Timestamp,
    /// `None` where it is not known on every partition.
    pub lag_messages: Option<u64>,
    pub partitions: Vec<PartitionPosition>,
}

/// One figure of one object over a minute or an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingRollup {
    /// Key of a group (the figure is its lag) or of a destination (its depth).
    pub object: i64,
    pub start: Timestamp,
    /// `None`: not known at any time.
    pub least: Option<i64>,
    pub greatest: Option<i64>,
    pub last: Option<i64>,
    /// Messages that came in and went out; `None`: not known for all of the time.
    pub received: Option<u64>,
    pub removed: Option<u64>,
}

impl ReadingRollup {
    /// Adds a later part of the same stretch, as the tables do.
    fn add(&mut self, later: &Self) {
        let known = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b);
        self.least = known(self.least, later.least).min();
        self.greatest = known(self.greatest, later.greatest).max();
        self.last = later.last;
        let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        self.received = sum(self.received, later.received);
        self.removed = sum(self.removed, later.removed);
    }
}

/// What one reading of a cluster leaves to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingBatch {
    pub samples: Vec<GroupSample>,
    /// Samples by group and time that these replace.
    pub superseded: Vec<(i64, Timestamp)>,
    /// In order of time, where one stands more than once.
    pub minutes: Vec<ReadingRollup>,
    pub hours: Vec<ReadingRollup>,
    /// Minutes in which the cluster was read, and how often.
    pub read_minutes: Vec<(Timestamp, u32)>,
}

impl ReadingBatch {
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
            && self.superseded.is_empty()
            && self.minutes.is_empty()
            && self.hours.is_empty()
            && self.read_minutes.is_empty()
    }
}
