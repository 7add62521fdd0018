//! The message that a group stands before.

use std::ops::ControlFlow;

use waybill_broker::browse::{Shelf, Start, Stored};

use crate::query::Query;
use crate::query::browse::Place;

/// A position in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) struct At<'a> {
    pub cluster: &'a str,
    pub system: &'a str,
    pub destination: &'a str,
    pub partition: &'a str,
    pub offset: i64,
}

#[derive(Debug)]
pub(in crate::query) enum Record {
    /// At the position, or after it: what compaction removed lies before no one.
    Found(Stored),
    /// There is none up to the end.
    None,
    /// Nothing answered within the budget.
    Unknown,
}

impl Record {
    pub(in crate::query) fn found(self) -> Option<Stored> {
        match self {
            Self::Found(stored) => Some(stored),
            Self::None | Self::Unknown => None,
        }
    }
}

impl Query {
    /// The first message at the position or after it.
    pub(in crate::query) async fn record_at(&self, at: At<'_>) -> Record {
        let place = Place {
            id: String::new(),
            cluster: at.cluster.to_owned(),
            system: at.system.to_owned(),
            shelf: Shelf {
                namespace: None,
                name: at.destination.to_owned(),
            },
            partitions: None,
        };
        let mut found = None;
        let mut keep = |stored: Stored| {
            if stored.offset < at.offset {
                return ControlFlow::Continue(());
            }
            found = Some(stored);
            ControlFlow::Break(())
        };
        let partition = Some(at.partition.to_owned());
        let start = Start::Offset(at.offset);
        let is_whole = self.look(&place, partition, start, &mut keep).await;
        match (found, is_whole) {
            (Some(stored), _) => Record::Found(stored),
            (None, Some(true)) => Record::None,
            (None, _) => Record::Unknown,
        }
    }
}
