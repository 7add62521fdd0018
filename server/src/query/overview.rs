//! The last hour at a glance, from roll-ups alone.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::problem::Problem;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_model::view::{DestinationLine, Overview, Totals, TrafficPoint};
use waybill_store::troubled::TroubledFilter;
use waybill_store::{Histogram, Rollup};

use super::Query;
use super::search::is_trouble;
use crate::auth::store_problem;
use crate::clock;

const MINUTE_MS: i64 = 60_000;
const WINDOW_MINUTES: i64 = 60;
const TROUBLED: u32 = 60;
const TROUBLED_SHOWN: usize = 12;

impl Query {
    /// # Errors
    /// `StoreUnavailable`.
    pub async fn overview(&self) -> Result<Overview, Problem> {
        let now = clock::now();
        let last = now.unix_millis().div_euclid(MINUTE_MS) * MINUTE_MS;
        let from = Timestamp::from_unix_millis(last - (WINDOW_MINUTES - 1) * MINUTE_MS);
        let range = TimeRange {
            from,
            to: now.plus_ms(1),
        };
        let mut lines = self.store.rollups(range).await.map_err(store_problem)?;
        lines.retain(|line| line.role != DestinationRole::Internal);
        let filter = TroubledFilter {
            from: Some(from),
            not_muted_at: Some(now),
            ..TroubledFilter::default()
        };
        let rows = self
            .store
            .troubled(&filter, TROUBLED)
            .await
            .map_err(store_problem)?;
        let muted_failures = Some(self.muted_since(from).await?);
        let empty = lines.is_empty() && self.is_empty().await?;
        Ok(Overview {
            as_of: now,
            window_ms: (WINDOW_MINUTES * MINUTE_MS) as u64,
            totals: totals(&lines),
            traffic: traffic(&lines, from),
            troubled: rows
                .into_iter()
                .map(|row| row.summary)
                .filter(|summary| is_trouble(summary.state))
                .take(TROUBLED_SHOWN)
                .collect(),
            muted_failures,
            destinations: destinations(&lines),
            empty,
        })
    }

    async fn is_empty(&self) -> Result<bool, Problem> {
        let newest = self
            .store
            .newest(None, None, 1)
            .await
            .map_err(store_problem)?;
        Ok(newest.spans.is_empty())
    }
}

fn is_put(line: &Rollup) -> bool {
    line.operation == Operation::Send
}

fn is_processed(line: &Rollup) -> bool {
    line.operation == Operation::Process
}

fn totals(lines: &[Rollup]) -> Totals {
    let mut totals = Totals::default();
    let mut services = BTreeSet::new();
    let mut destinations = BTreeSet::new();
    for line in lines {
        services.insert(&line.service);
        destinations.insert((&line.system, &line.destination));
        match line.role {
            DestinationRole::DeadLetter if is_put(line) => totals.dead_lettered += line.spans,
            DestinationRole::Origin if is_put(line) => totals.published += line.spans,
            _ => {}
        }
        if is_processed(line) {
            totals.processed += line.spans;
            totals.failed += line.failed;
        }
    }
    totals.services = services.len() as u64;
    totals.destinations = destinations.len() as u64;
    totals
}

/// A point a minute, the quiet ones too.
fn traffic(lines: &[Rollup], from: Timestamp) -> Vec<TrafficPoint> {
    let mut points: Vec<TrafficPoint> = (0..WINDOW_MINUTES)
        .map(|minute| TrafficPoint {
            at: from.plus_ms(minute * MINUTE_MS),
            published: 0,
            processed: 0,
            failed: 0,
        })
        .collect();
    for line in lines {
        let minute = (line.minute.unix_millis() - from.unix_millis()).div_euclid(MINUTE_MS);
        let Some(point) = usize::try_from(minute).ok().and_then(|m| points.get_mut(m)) else {
            continue;
        };
        if is_put(line) {
            point.published += line.spans;
        }
        if is_processed(line) {
            point.processed += line.spans;
            point.failed += line.failed;
        }
    }
    points
}

#[derive(Default)]
struct Sum {
    role: DestinationRole,
    published: u64,
    processed: u64,
    failed: u64,
    durations: Histogram,
    last_at: Timestamp,
}

fn destinations(lines: &[Rollup]) -> Vec<DestinationLine> {
    let mut sums: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry((&line.system, &line.destination)).or_default();
        sum.role = line.role;
        sum.last_at = sum.last_at.max(line.last_at);
        if is_put(line) {
            sum.published += line.spans;
        }
        if is_processed(line) {
            sum.processed += line.spans;
            sum.failed += line.failed;
            sum.durations.add(&line.durations);
        }
    }
    let seconds = (WINDOW_MINUTES * 60) as f64;
    sums.into_iter()
        .map(|((system, destination), sum)| DestinationLine {
            system: system.to_owned(),
            destination: destination.to_owned(),
            role: sum.role,
            published_per_s: sum.published as f64 / seconds,
            processed_per_s: sum.processed as f64 / seconds,
            failed: sum.failed,
            p50_ms: sum.durations.quantile_ms(0.5),
            p99_ms: sum.durations.quantile_ms(0.99),
            last_at: sum.last_at,
        })
        .collect()
}
