//! What the metrics of a process say of an attempt that it made: a connection pool that is
//! exhausted, pauses for garbage collection, memory near its limit, a saturated CPU.
//!
//! Pure, and of few words: a rule speaks only of a slow attempt, from points about its time, and
//! tells the numbers that carry it. Points are those of one process.
//!
//! Rules, the first that fits speaks: `connection_pool_exhausted` (`pool`), `jvm_pause`,
//! `memory_near_limit`, `cpu_saturated` (`runtime`).

mod measure;
mod pool;
mod runtime;
mod series;

use waybill_model::journey::{Attempt, Cause, Outcome};
use waybill_model::signal::MetricPoint;
use waybill_model::time::Timestamp;

use super::cause::{CONNECTION_WAIT, POOL_EXHAUSTED, SLOW_MS};

pub use measure::is_read;

/// Of an attempt that took less metrics tell nothing, in ms.
pub const LEAST_MS: f64 = SLOW_MS;

/// When an attempt ran.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Timestamp,
    to: Timestamp,
}

impl Window {
    fn ms(self) -> f64 {
        self.to.ms_since(self.from)
    }
}

/// Whether metrics may tell more of the attempt than is known.
pub fn is_asked(attempt: &Attempt) -> bool {
    let open = match &attempt.cause {
        None => true,
        Some(cause) => [POOL_EXHAUSTED, CONNECTION_WAIT].contains(&cause.rule.as_str()),
    };
    open && attempt.ended_at.ms_since(attempt.started_at) >= LEAST_MS
}

/// The attempt's cause, with what `points` of its process add to it.
pub fn told(attempt: &Attempt, points: &[MetricPoint]) -> Option<Cause> {
    if !is_asked(attempt) {
        return attempt.cause.clone();
    }
    let window = Window {
        from: attempt.started_at,
        to: attempt.ended_at,
    };
    let all = series::all(points);
    let pool = pool::worst(&all, window, attempt.outcome == Outcome::Failed);
    match &attempt.cause {
        Some(known) if known.rule == POOL_EXHAUSTED => {
            let figures = pool.and_then(|pool| pool.figures());
            let figures = figures.map_or_else(String::new, |figures| format!(" ({figures})"));
            Some(Cause {
                rule: known.rule.clone(),
                sentence: format!("{}{figures}", known.sentence),
            })
        }
        known => pool
            .map(|pool| pool.cause())
            .or_else(|| known.clone())
            .or_else(|| runtime::of(&all, window)),
    }
}

fn cause(rule: &str, sentence: String) -> Cause {
    Cause {
        rule: rule.to_owned(),
        sentence,
    }
}

#[cfg(test)]
mod tests;
