//! One message that no span tells of, by the place that its id names, with what was made of it since.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use waybill_model::journey::Journey;
use waybill_model::messaging::DestinationRole;
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;

use super::found::{self, Record};
use super::scan::Scan;
use super::{Asker, Query};
use crate::query::browse::Sought;

/// Retry and dead-letter destinations that are looked through, each within so much.
const ASIDE: usize = 8;
const BYTES: u64 = 8 << 20;
const TIME: Duration = Duration::from_millis(3_000);
const MATCHES: usize = 10;

impl Query {
    /// `None` where nothing lies there, or nobody can say.
    pub(in crate::query) async fn stored_journey(
        &self,
        reference: &MessageRef,
        asker: &Asker,
    ) -> Result<Option<Journey>, Problem> {
        let Some((place, stored)) = self.stored_at(reference, asker).await? else {
            return Ok(None);
        };
        let mut first = Record::new(&place, stored);
        let mut records = Vec::new();
        if let Some(origin) = first.came_from(&self.dialects)
            && let Some((place, stored)) = self.stored_at(&origin, asker).await?
        {
            records.push(first);
            first = Record::new(&place, stored);
        }
        if let Some(sought) = first.sought() {
            records.extend(self.aside(&first, &sought, asker).await?);
        }
        records.insert(0, first);
        let mut seen = HashSet::new();
        records.retain(|record| seen.insert(record.reference()));
        let mut told = found::journeys(records, &self.dialects);
        self.settle(told.iter_mut()).await?;
        Ok(told
            .into_iter()
            .find(|journey| found::lies_at(journey, reference)))
    }

    /// What was put to retry or dead-letter destinations of its cluster since, with its key or trace.
    async fn aside(
        &self,
        first: &Record,
        sought: &Sought,
        asker: &Asker,
    ) -> Result<Vec<Record>, Problem> {
        let began = Instant::now();
        let roles = [DestinationRole::Retry, DestinationRole::DeadLetter];
        let places = self
            .readable(Some(&first.place.cluster), &roles, asker)
            .await?;
        let mut records = Vec::new();
        for place in places.into_iter().take(ASIDE) {
            let scan = Scan {
                from: first.stored.at,
                most: MATCHES,
                bytes: BYTES,
                time: TIME.saturating_sub(began.elapsed()),
            };
            // A destination that cannot be read now adds nothing.
            if let Ok(scanned) = self.scan(&place, sought, scan, asker).await {
                let found = scanned.kept.into_iter();
                records.extend(found.map(|stored| Record::new(&place, stored)));
            }
        }
        Ok(records)
    }
}
