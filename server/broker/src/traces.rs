//! What clients without OpenTelemetry wrote to their broker about their messages, told as spans.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use waybill_model::span::Span;
use waybill_model::time::Timestamp;

use crate::adapter::Refused;
use crate::browse::Budget;

/// The scope of every span that [`NativeTraces`] tells: by it such a span is known wherever it is read.
pub const SCOPE: &str = "waybill.native_trace";

/// A broker's own trace of messages, where its clients write one. Reading it disturbs nothing: no
/// group, no offset.
#[async_trait]
pub trait NativeTraces: Send + Sync {
    /// What was written from a place on.
    ///
    /// # Errors
    /// The trace may not be read, or the cluster does not answer. A cluster in which nobody writes a
    /// trace is no error: it tells nothing.
    async fn read(
        &self,
        from: &From,
        budget: Budget,
        patience: Duration,
    ) -> Result<Traced, Refused>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// As [`Traced::next`] told; what is no longer kept is passed over.
    pub next: BTreeMap<String, i64>,
    /// Where partitions begin that are not named: they are new, or were away until now. The same from
    /// the first reading of all on.
    pub first_at: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traced {
    /// Ids are made from what was written: the same record gives the same span whenever it is read.
    /// A span names its message by id; it is under no parent of another client's.
    pub spans: Vec<Span>,
    /// Where to go on, by partition; none for those that were never reached.
    pub next: BTreeMap<String, i64>,
    /// The budget ended it: there is more.
    pub more: bool,
    /// Records that could not be read.
    pub unread_records: u64,
}
