//! Spans, packed.
//!
//! A commit is one statement: a row of `span_block` whose frames hold the spans, one segment of
//! level 0 of the term index in a few pages, and the commit's roll-ups. What is looked up by term
//! costs one btree probe a segment; the merger keeps segments few.
//!
//! **Order.** A writer holds a lock, shared with other writers, from before it draws its block id
//! until its commit is visible. Who asks for the horizon takes the same lock exclusively for the
//! moment of reading the sequence: at that moment nobody is between the two, so every id up to the
//! horizon is committed or never will be. `since` reads up to the horizon and thus never passes a
//! block that appears later. Writers run side by side and share their fsync.
//!
//! **Duplicates.** A span may stand in several blocks; readers return it once.

pub(crate) mod append;
pub(crate) mod encode;
pub(crate) mod entries;
pub(crate) mod filter;
pub(crate) mod find;
pub mod frame;
pub(crate) mod marks;
pub(crate) mod merge;
pub(crate) mod pages;
pub(crate) mod probe;
mod row;
pub(crate) mod scan;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::reference::Term;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;

pub use encode::{EncodedBlock, encode};
pub use marks::{Marks, Touch, Tried};
pub use merge::Merged;

/// Grows in the order in which `since` gives blocks; has gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub i64);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A span with what it is to be found by, and the line of the roll-ups that it counts in.
#[derive(Clone, Debug)]
pub struct IndexedSpan {
    pub span: Span,
    pub terms: Vec<Term>,
    pub rollup: Option<RollupKey>,
    /// It tells of a failed, retried or dead-lettered message: the finder looks at its trace.
    pub troubled: bool,
    /// What it tried, where it is a consumer's: one for each message.
    pub tried: Vec<Tried>,
}

/// Service, minute and duration come from the span.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RollupKey {
    pub system: String,
    pub destination: String,
    pub operation: Operation,
    pub role: DestinationRole,
    /// Of a consumer, by the broker's own name.
    pub group: Option<String>,
    pub failed: bool,
}

/// A committed block as the finder follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    pub id: BlockId,
    /// `None`: written by a version that kept none; read the spans.
    pub marks: Option<Marks>,
}

/// A committed block as it is read back.
#[derive(Clone, Debug)]
pub struct Block {
    pub id: BlockId,
    pub received_at: Timestamp,
    pub spans: Vec<Arc<Span>>,
    pub corrupt: Vec<CorruptFrame>,
}

/// Every span that carries a term asked for, and some of its neighbours: to be filtered by the
/// caller.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Each (trace, span) once.
    pub spans: Vec<Arc<Span>>,
    /// Parallel to the spans: the newest block that holds it, of those read.
    pub blocks: Vec<BlockId>,
    /// When the blocks read arrived.
    pub arrivals: BTreeMap<BlockId, Timestamp>,
    /// More frames held these terms than were allowed; the newest were read.
    pub truncated: bool,
    pub corrupt: Vec<CorruptFrame>,
}

/// Whole blocks, newest first.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Each (trace, span) once.
    pub spans: Vec<Arc<Span>>,
    /// Pass it as `before` to go on; `None`: nothing older is in the range.
    pub next: Option<BlockId>,
    /// Arrival of the oldest block read.
    pub back_to: Option<Timestamp>,
    pub corrupt: Vec<CorruptFrame>,
}

/// A frame that cannot be read. Its neighbours can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame {frame} of block {block} cannot be read: {reason}")]
pub struct CorruptFrame {
    pub block: BlockId,
    pub frame: u16,
    pub reason: String,
}

/// Drops the second and later copies of a span.
#[derive(Default)]
pub(crate) struct Once(HashSet<(TraceId, SpanId)>);

impl Once {
    pub(crate) fn keep(&mut self, spans: Vec<Arc<Span>>) -> Vec<Arc<Span>> {
        let mut kept = spans;
        kept.retain(|span| self.0.insert((span.trace_id, span.span_id)));
        kept
    }
}
