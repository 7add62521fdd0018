//! Connection pools: `connection_pool_exhausted`.
//!
//! It speaks where requests wait while every connection is in use, or where waiting is a large share
//! of processing; and not where waiting is told to be short. Timeouts are counted over more than the
//! attempt's time, so they speak only where something says that it was hit: it waited, requests
//! waited for a full pool at its time, or it failed.

use std::collections::BTreeMap;

use waybill_model::journey::Cause;

use super::measure::Measure;
use super::series::{Growth, Series};
use super::{Window, cause};
use crate::journey::cause::{POOL_EXHAUSTED, percent};
use crate::journey::diagnosis::time;

/// Waiting that is less of the processing speaks for nothing, whatever the pool looks like.
const LEAST_SHARE: f64 = 0.3;
/// Waiting that is so much of it speaks alone, if each takes so long, seconds.
const LARGE_SHARE: f64 = 0.5;
const LONG_S: f64 = 0.5;

const NAMES: [&str; 4] = [
    "db.client.connection.pool.name",
    "db.client.connections.pool.name",
    "pool.name",
    "pool",
];
const STATES: [&str; 3] = [
    "db.client.connection.state",
    "db.client.connections.state",
    "state",
];

/// A pool under strain.
#[derive(Debug)]
pub(super) struct Pool {
    name: Option<String>,
    used: Option<f64>,
    most: Option<f64>,
    pending: Option<f64>,
    timeouts: f64,
    /// Of processing, 0 to 1.
    share: Option<f64>,
    /// Of one request for a connection, seconds.
    wait_s: Option<f64>,
}

/// The pool whose strain tells most of the attempt, which `failed` or was slow.
pub(super) fn worst(all: &[Series<'_>], window: Window, failed: bool) -> Option<Pool> {
    let mut pools: BTreeMap<Option<String>, Vec<&Series<'_>>> = BTreeMap::new();
    let is_of_pool = |series: &&Series<'_>| {
        matches!(
            series.measure,
            Measure::PoolConnections
                | Measure::PoolUsed
                | Measure::PoolMost
                | Measure::PoolPending
                | Measure::PoolTimeouts
                | Measure::PoolWait
        )
    };
    for series in all.iter().filter(is_of_pool) {
        pools.entry(series.label(&NAMES)).or_default().push(series);
    }
    let processing = sum(all.iter().filter(|s| s.measure == Measure::Process), |s| {
        s.growth_s(window)
    });
    let strained = pools
        .into_iter()
        .filter_map(|(name, series)| Pool::strained(name, &series, window, processing, failed));
    strained.max_by(|a, b| a.rank().total_cmp(&b.rank()))
}

impl Pool {
    fn strained(
        name: Option<String>,
        series: &[&Series<'_>],
        window: Window,
        processing: Option<Growth>,
        failed: bool,
    ) -> Option<Self> {
        let of = |measure: Measure| series.iter().copied().filter(move |s| s.measure == measure);
        let wait = sum(of(Measure::PoolWait), |s| s.growth_s(window)).filter(|w| w.count > 0.0);
        let wait_s = wait.map(|wait| wait.sum / wait.count);
        let timeouts = sum(of(Measure::PoolTimeouts), |s| s.growth(window));
        let mut pool = Self {
            name,
            used: None,
            most: None,
            pending: None,
            timeouts: timeouts.map_or(0.0, |growth| growth.sum),
            share: share(wait, processing, window),
            wait_s,
        };
        pool.look(series, window);
        pool.is_exhausted(failed).then_some(pool)
    }

    /// At the instant when most requests waited, else when most connections were in use.
    fn look(&mut self, series: &[&Series<'_>], window: Window) {
        let of = |measure: Measure| series.iter().copied().find(|s| s.measure == measure);
        let used = series.iter().copied().find(|s| {
            s.measure == Measure::PoolUsed
                || (s.measure == Measure::PoolConnections
                    && s.label(&STATES).as_deref() == Some("used"))
        });
        let pending = of(Measure::PoolPending);
        let peak = |series: Option<&Series<'_>>| {
            let levels = series?.levels(window);
            levels.max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let waiting = peak(pending).filter(|(_, waiting)| *waiting > 0.0);
        let at = waiting.or_else(|| peak(used)).map(|(at, _)| at);
        self.pending = waiting.map(|(_, waiting)| waiting);
        self.used = at.and_then(|at| used?.level_at(at));
        self.most = at.and_then(|at| of(Measure::PoolMost)?.level_at(at));
    }

    fn is_exhausted(&self, failed: bool) -> bool {
        let full = match (self.used, self.most) {
            (Some(used), Some(most)) => most > 0.0 && used >= most,
            // Somebody waits, so none is free.
            _ => true,
        };
        let saturated = self.pending.is_some() && full;
        let large = |least: f64| self.share.is_some_and(|share| share >= least);
        (self.timeouts > 0.0 && (failed || saturated || large(LEAST_SHARE)))
            || (saturated && (self.share.is_none() || large(LEAST_SHARE)))
            || (large(LARGE_SHARE) && self.wait_s.is_some_and(|wait| wait >= LONG_S))
    }

    fn rank(&self) -> f64 {
        self.share.unwrap_or(0.0) + self.timeouts.min(1.0) + self.pending.unwrap_or(0.0) / 1e6
    }

    pub fn cause(&self) -> Cause {
        let lead = match (self.share, self.wait_s) {
            (Some(share), _) if share >= LEAST_SHARE => {
                format!(
                    "{} of processing waits for a database connection",
                    percent(share)
                )
            }
            (_, Some(wait)) if wait >= LONG_S => format!(
                "a database connection is waited for {} on average",
                time(wait * 1e3)
            ),
            _ if self.pending.is_none() => {
                "requests for a database connection timed out about its time".to_owned()
            }
            _ => "no database connection is free".to_owned(),
        };
        let figures = self.figures();
        let figures = figures.map_or_else(String::new, |figures| format!(" ({figures})"));
        cause(POOL_EXHAUSTED, lead + &figures)
    }

    /// `pool orders: 10 of 10 in use, 37 waiting`; `None` where no number is known.
    pub fn figures(&self) -> Option<String> {
        let used = match (self.used, self.most) {
            (Some(used), Some(most)) => Some(format!("{used:.0} of {most:.0} in use")),
            (Some(used), None) => Some(format!("{used:.0} in use")),
            _ => None,
        };
        let pending = self.pending.map(|pending| format!("{pending:.0} waiting"));
        let timeouts = self.timeouts;
        let timeouts = (timeouts > 0.0).then(|| format!("{timeouts:.0} timed out"));
        let figures: Vec<String> = used.into_iter().chain(pending).chain(timeouts).collect();
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        let name = name.map_or_else(|| "its pool".to_owned(), |name| format!("pool {name}"));
        (!figures.is_empty()).then(|| format!("{name}: {}", figures.join(", ")))
    }
}

/// Of all processing where that is measured, else of this attempt, which takes one connection at
/// least.
fn share(wait: Option<Growth>, processing: Option<Growth>, window: Window) -> Option<f64> {
    let wait = wait?;
    let of_all = processing.filter(|p| p.sum > 0.0).map(|p| wait.sum / p.sum);
    // More than all of it: others than consumers wait for this pool too.
    let of_all = of_all.filter(|share| *share <= 1.1);
    let of_one = wait.sum / wait.count / (window.ms() / 1e3);
    Some(of_all.unwrap_or(of_one).min(1.0))
}

fn sum<'a, 'b: 'a>(
    series: impl Iterator<Item = &'a Series<'b>>,
    growth: impl Fn(&Series<'b>) -> Option<Growth>,
) -> Option<Growth> {
    series.filter_map(growth).reduce(|a, b| Growth {
        count: a.count + b.count,
        sum: a.sum + b.sum,
        max: a.max.into_iter().chain(b.max).reduce(f64::max),
        over_ms: a.over_ms.max(b.over_ms),
    })
}
