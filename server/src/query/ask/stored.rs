//! One message that no span tells of, by the place that its id names, with what was made of it since.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use waybill_model::journey::Journey;
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;

use super::found::{self, Record};
use super::scan::Scan;
use super::{Asker, Query};
use crate::journey::settle;
use crate::query::browse::Sought;

/// Retry and dead-letter destinations that are looked through, each and all within so much: where
/// brokers keep an index, a look takes next to nothing.
const ASIDE: usize = 40;
const BYTES: u64 = 8 << 20;
const BYTES_OF_ALL: u64 = 64 << 20;
const TIME: Duration = Duration::from_millis(3_000);
const MATCHES: usize = 10;
/// Clocks of those who put it aside may be so far behind.
const EARLY_MS: i64 = 60_000;

/// As far as the broker tells it.
pub(in crate::query) struct StoredJourney {
    pub(in crate::query) journey: Journey,
    /// Every retry and dead-letter destination of its cluster was read, and none holds it.
    pub(in crate::query) nothing_aside: bool,
}

impl Query {
    /// `None` where nothing lies there, or nobody can say.
    pub(in crate::query) async fn stored_journey(
        &self,
        reference: &MessageRef,
        asker: &Asker,
    ) -> Result<Option<StoredJourney>, Problem> {
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
        let mut is_whole = false;
        if let Some(sought) = first.sought() {
            let (aside, whole) = self.aside(&first, &sought, asker).await?;
            records.extend(aside);
            is_whole = whole;
        }
        records.insert(0, first);
        let mut seen = HashSet::new();
        records.retain(|record| seen.insert(record.reference()));
        let mut told = found::journeys(records, &self.dialects);
        self.settle(told.iter_mut()).await?;
        let found = told
            .into_iter()
            .find(|journey| found::lies_at(journey, reference));
        Ok(found.map(|mut journey| {
            let nothing_aside = is_whole && journey.hops.len() == 1;
            if nothing_aside {
                settle::nothing_aside(&mut journey);
            }
            StoredJourney {
                journey,
                nothing_aside,
            }
        }))
    }

    /// What was put to retry or dead-letter destinations of its cluster since, with its key or trace,
    /// and whether all of that was read.
    async fn aside(
        &self,
        first: &Record,
        sought: &Sought,
        asker: &Asker,
    ) -> Result<(Vec<Record>, bool), Problem> {
        let began = Instant::now();
        let cluster = Some(&first.place.cluster);
        let (places, mut is_whole) = self.aside_places(cluster, asker).await?;
        is_whole &= places.len() <= ASIDE;
        let mut records = Vec::new();
        let mut left = BYTES_OF_ALL;
        for place in places.into_iter().take(ASIDE) {
            if left == 0 {
                is_whole = false;
                break;
            }
            let scan = Scan {
                from: first.stored.at.map(|at| at.plus_ms(-EARLY_MS)),
                most: MATCHES,
                bytes: BYTES.min(left),
                time: TIME.saturating_sub(began.elapsed()),
            };
            match self.scan(&place, sought, scan, asker).await {
                Ok(scanned) => {
                    is_whole &= scanned.is_whole;
                    left = left.saturating_sub(scanned.told.bytes);
                    let found = scanned.kept.into_iter();
                    records.extend(found.map(|stored| Record::new(&place, stored)));
                }
                // What cannot be read now may hold it.
                Err(_) => is_whole = false,
            }
        }
        Ok((records, is_whole))
    }
}
