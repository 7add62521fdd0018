//! The message that a group stands before.

use std::collections::HashMap;
use std::ops::ControlFlow;

use waybill_broker::browse::{Read, Shelf, Start, Stored};

use super::found::client_id;
use super::place::is_whole;
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
    /// There is none from the position to the end, and none was dropped there.
    None,
    /// Nothing answered within the budget, or whoever did keeps nothing of the position: dropped since,
    /// or not there yet.
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

impl At<'_> {
    fn place(&self) -> Place {
        Place {
            id: String::new(),
            cluster: self.cluster.to_owned(),
            system: self.system.to_owned(),
            shelf: Shelf {
                namespace: None,
                name: self.destination.to_owned(),
            },
            partitions: None,
        }
    }

    /// Whether the position lies within what was kept when it was read.
    fn is_within(&self, read: &Read) -> bool {
        let bounds = read
            .lows
            .get(self.partition)
            .zip(read.ends.get(self.partition));
        bounds.is_some_and(|(low, end)| (*low..*end).contains(&self.offset))
    }
}

impl Query {
    /// The first message at the position or after it.
    pub(in crate::query) async fn record_at(&self, at: At<'_>) -> Record {
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
        let read = self.look(&at.place(), partition, start, &mut keep).await;
        match (found, read) {
            (Some(stored), _) => Record::Found(stored),
            (None, Some(read)) if is_whole(&read) && at.is_within(&read) => Record::None,
            (None, _) => Record::Unknown,
        }
    }

    /// What clients call the messages that lie before the position, at most so many, by offset.
    pub(in crate::query) async fn ids_before(&self, at: At<'_>, most: i64) -> HashMap<i64, String> {
        let mut ids = HashMap::new();
        let mut keep = |stored: Stored| {
            if stored.offset >= at.offset {
                return ControlFlow::Break(());
            }
            ids.extend(client_id(&stored).map(|id| (stored.offset, id.to_owned())));
            ControlFlow::Continue(())
        };
        let partition = Some(at.partition.to_owned());
        let start = Start::Offset(at.offset.saturating_sub(most));
        // What was not read has no id.
        self.look(&at.place(), partition, start, &mut keep).await;
        ids
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use waybill_broker::browse::Ended;

    use super::*;

    #[test]
    fn nothing_is_there_only_where_it_would_be_kept() {
        for (low, end, offset, expected) in [
            (Some(0), 9, 5, true),
            (Some(5), 9, 5, true),
            // Everything before the end was dropped.
            (Some(9), 9, 5, false),
            (Some(6), 9, 5, false),
            // Who answered is not as far.
            (Some(0), 5, 5, false),
            (None, 9, 5, false),
        ] {
            let of = |offset: i64| ("0".to_owned(), offset);
            let read = Read {
                messages: 0,
                bytes: 0,
                next: BTreeMap::new(),
                lows: low.map(of).into_iter().collect(),
                ends: BTreeMap::from([of(end)]),
                ended: Ended::End,
                unread: Vec::new(),
            };
            let at = At {
                cluster: "east",
                system: "simulated",
                destination: "orders",
                partition: "0",
                offset,
            };
            assert_eq!(at.is_within(&read), expected, "{low:?} {end}");
        }
    }
}
