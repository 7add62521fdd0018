//! What a broker told of where one message lies, as far as it was read.

use waybill_model::time::Timestamp;

/// About one hop.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub cluster: String,
    pub told: Told,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It keeps its messages, and groups move through them.
    Log(LogWord),
    /// What is taken is gone.
    Queues(QueuesWord),
}

/// Of the partition that the message lies in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogWord {
    /// The oldest offset that is kept.
    pub low: Option<i64>,
    /// When it was seen to have been made again under its name.
    pub made_again_at: Option<Timestamp>,
    /// Retry or dead-letter destinations of the cluster hold messages: one that was read past may lie
    /// there.
    pub aside: bool,
    pub readers: Vec<Reader>,
}

/// A group that has a position there.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    pub group: String,
    /// The next offset that it reads; `None`: it never committed there.
    pub committed: Option<i64>,
    pub head: Option<i64>,
    pub members: Option<u64>,
    /// Nothing behind its position was read yet. Where members take messages one by one, some are.
    pub in_order: bool,
    pub as_of: Timestamp,
    /// Old: what it had read then it has read, but it may have gone on.
    pub stale: bool,
}

/// Where its destination led it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuesWord {
    /// When the routes were read.
    pub as_of: Timestamp,
    pub stale: bool,
    /// Since when its routes are watched.
    pub watched_since: Option<Timestamp>,
    /// When one of them was last seen to go.
    pub lost_at: Option<Timestamp>,
    pub queues: Vec<QueueWord>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct QueueWord {
    pub name: String,
    /// Waiting and unacknowledged.
    pub held: Option<u64>,
    /// Messages leave it although nobody took them.
    pub lets_go: bool,
    /// What its dead letters come to; `None`: not known.
    pub dead_letters: Option<Vec<Parked>>,
    /// When its counters last told that a message came.
    pub received_at: Option<Timestamp>,
    /// When they last told that one was taken, handed out or gone for good; `None` beside a
    /// `received_at`: never.
    pub taken_at: Option<Timestamp>,
    /// Since when it holds what it holds.
    pub held_since: Option<Timestamp>,
    /// Everything that ever came was taken for good.
    pub all_taken: Option<bool>,
    pub as_of: Timestamp,
    pub stale: bool,
}

/// A queue of dead letters.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    pub held: Option<u64>,
    /// When its counters last told that a message came.
    pub received_at: Option<Timestamp>,
}
