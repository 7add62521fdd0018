//! Causes that the metrics of an attempt's process tell (`journey::strain`).
//!
//! Metrics are read a process and minute at a time and remembered for a moment, so that a burst of
//! failures of one service reads them once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use waybill_model::journey::{Attempt, Journey};
use waybill_model::problem::Problem;
use waybill_model::signal::MetricPoint;
use waybill_model::span::Resource;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::signals::{Most, ProcessOf};

use super::Query;
use super::logs::process;
use crate::auth::store_problem;
use crate::journey::{retell, strain};

/// Points of a minute's attempts are those from so long before it: senders export once a minute at
/// the slowest that is common.
const BEFORE_MS: i64 = 130_000;
/// To so long after it: an attempt that runs longer is told of by its beginning.
const AFTER_MS: i64 = 430_000;
/// And arrive so much later.
const LATE_MS: i64 = 60_000;
const MINUTE_MS: i64 = 60_000;
const MOST: Most = Most {
    blocks: 256,
    records: 4_000,
};
/// Processes and minutes that one question reads.
const READ: usize = 32;
/// What was read is believed so long, since later points still arrive, in ms.
const FRESH_MS: f64 = 10_000.0;
/// Points that are remembered, of all processes: about 20 MB.
const REMEMBERED: usize = 50_000;

type Key = (ProcessOf, i64);

/// What was read a moment ago. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Strains(Arc<Mutex<HashMap<Key, Read>>>);

#[derive(Clone)]
struct Read {
    at: Timestamp,
    points: Arc<Vec<MetricPoint>>,
}

/// What metrics told of a journey.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// Something of one of its attempts.
    pub told: bool,
    /// Nothing yet of one that they may tell of.
    pub lacks: bool,
}

impl Query {
    /// Adds to attempts what their processes' metrics tell of them, and says anew what happened. As
    /// many answers as journeys, in their order.
    pub(super) async fn add_causes(
        &self,
        journeys: &mut [Journey],
        now: Timestamp,
    ) -> Result<Vec<Heard>, Problem> {
        let mut read = BTreeSet::new();
        let mut all = Vec::with_capacity(journeys.len());
        for journey in journeys {
            let mut heard = Heard::default();
            let attempts = journey.deliveries.iter_mut().flat_map(|d| &mut d.attempts);
            for attempt in attempts.filter(|attempt| strain::is_asked(attempt)) {
                let key = key(attempt);
                if read.len() == READ && !read.contains(&key) {
                    heard.lacks = true;
                    continue;
                }
                let points = self.points(&key, now).await?;
                read.insert(key);
                let told = strain::told(attempt, &points);
                match told != attempt.cause {
                    true => heard.told = true,
                    false => heard.lacks = true,
                }
                attempt.cause = told;
            }
            if heard.told {
                retell(journey);
            }
            all.push(heard);
        }
        Ok(all)
    }

    async fn points(&self, key: &Key, now: Timestamp) -> Result<Arc<Vec<MetricPoint>>, Problem> {
        if let Some(points) = self.strains.get(key, now) {
            return Ok(points);
        }
        let (process, minute) = key;
        let minute = Timestamp::from_unix_millis(minute * MINUTE_MS);
        let (from, to) = (minute.plus_ms(-BEFORE_MS), minute.plus_ms(AFTER_MS));
        let arrived = TimeRange {
            from,
            to: to.plus_ms(LATE_MS),
        };
        let fits = |point: &MetricPoint| {
            strain::is_read(&point.name) && from <= point.at && point.at <= to
        };
        let found = self
            .store
            .metrics_of(&BTreeSet::from([process.clone()]), &[arrived], MOST, fits)
            .await
            .map_err(store_problem)?;
        let points = Arc::new(of_one_process(process, found.records));
        self.strains.remember(key.clone(), points.clone(), now);
        Ok(points)
    }
}

fn key(attempt: &Attempt) -> Key {
    let minute = attempt.started_at.unix_millis().div_euclid(MINUTE_MS);
    (process(attempt), minute)
}

/// An attempt that does not tell its instance is of a process that does not either; of several such
/// none is known to be its own.
fn of_one_process(process: &ProcessOf, mut points: Vec<MetricPoint>) -> Vec<MetricPoint> {
    if process.instance.is_none() {
        points.retain(|point| point.resource.text("service.instance.id").is_none());
        let first = points.first().map(|point| point.resource.clone());
        let is_one = |first: Arc<Resource>| {
            let mut resources = points.iter().map(|point| &point.resource);
            resources.all(|resource| resource.attributes == first.attributes)
        };
        if !first.is_none_or(is_one) {
            return Vec::new();
        }
    }
    // Known by the key.
    let nobody = Arc::new(Resource::default());
    for point in &mut points {
        point.resource = nobody.clone();
    }
    points
}

impl Read {
    /// Also not where the clock went back.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (0.0..FRESH_MS).contains(&now.ms_since(self.at))
    }
}

impl Strains {
    fn get(&self, key: &Key, now: Timestamp) -> Option<Arc<Vec<MetricPoint>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = known.get(key)?;
        read.is_fresh(now).then(|| read.points.clone())
    }

    fn remember(&self, key: Key, points: Arc<Vec<MetricPoint>>, now: Timestamp) {
        // Each entry costs something, also where it has no points.
        let weight = |read: &Read| read.points.len() + 10;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, read| read.is_fresh(now));
        known.insert(key, Read { at: now, points });
        let mut held: usize = known.values().map(weight).sum();
        while held > REMEMBERED {
            let oldest = known.iter().min_by_key(|(_, read)| read.at);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            held -= known.remove(&key).as_ref().map_or(0, weight);
        }
    }
}
