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

impl Query {
    /// The first message at the position or after it: what compaction removed lies before no one.
    /// `None` where there is none, or nothing answered within the budget.
    pub(in crate::query) async fn record_at(&self, at: At<'_>) -> Option<Stored> {
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
        self.look(&place, partition, start, &mut keep).await;
        found
    }
}
