//! Looking through one destination, newest first: in its broker's index, or by reading it.

use std::time::Duration;

use waybill_broker::browse::Stored;
use waybill_model::problem::Problem;
use waybill_model::stored::ReadSoFar;
use waybill_model::time::Timestamp;

use super::Asker;
use crate::payload::Veil;
use crate::query::Query;
use crate::query::browse::{self, Budget, From, Place, Reading, Sight, Sought, Wanted};

/// What one look may take.
pub(super) struct Scan {
    /// Forward from here, where it is given.
    pub from: Option<Timestamp>,
    pub most: usize,
    pub bytes: u64,
    pub time: Duration,
}

pub(super) struct Scanned {
    pub kept: Vec<Stored>,
    pub told: ReadSoFar,
    /// Everything that lay there was looked at.
    pub is_whole: bool,
}

impl Query {
    pub(super) async fn scan(
        &self,
        place: &Place,
        sought: &Sought,
        scan: Scan,
        asker: &Asker,
    ) -> Result<Scanned, Problem> {
        let reading = Reading {
            person: self.lately.asker(&asker.person),
            place: place.clone(),
            partition: None,
            from: scan.from.map_or(From::Latest, From::Time),
            wanted: Wanted {
                sought: Some(sought.clone()),
                ..Wanted::default()
            },
            limit: scan.most,
            budget: Budget {
                bytes: scan.bytes,
                time: scan.time,
            },
            price_only: false,
            // What is found is not shown: only where it lies.
            sight: Sight {
                bodies: false,
                veil: Veil::Masked,
                journeys: false,
            },
        };
        if let Some(found) = browse::indexed(self, &reading, sought, scan.from).await? {
            return Ok(Scanned {
                is_whole: found.is_whole,
                kept: found.kept,
                told: found.told,
            });
        }
        let found = browse::found(self, &reading).await?;
        Ok(Scanned {
            is_whole: found.next.is_none() && found.unread.is_empty(),
            kept: found.kept,
            told: found.told,
        })
    }
}
