//! When it will be drained, and when messages will be lost.

use waybill_model::judgement::{Drain, LossBy};
use waybill_model::time::Timestamp;

use super::rate::Rates;

/// What is known of a partition's future.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Forecast {
    pub drain: Drain,
    pub drain_ms: Option<f64>,
    pub loss_at: Option<Timestamp>,
    pub loss_by: Option<LossBy>,
}

/// What decides when a partition lets go of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    pub committed: Option<i64>,
    pub low: Option<i64>,
    /// Offsets a second that the oldest one went on by.
    pub low_per_s: Option<f64>,
    /// When the message at the position was written.
    pub behind_since: Option<Timestamp>,
    /// Messages older than that may be dropped.
    pub keeps_ms: Option<f64>,
    /// Messages that fit into what may be kept, at their mean size.
    pub keeps_messages: Option<f64>,
}

/// From a rate at which nothing moves on.
const LEAST_PER_S: f64 = 1e-6;
const LONGEST_MS: f64 = 1e12;

pub fn forecast(lag: u64, rates: Rates, loss: &Loss, now: Timestamp) -> Forecast {
    let (drain, drain_ms) = drain(lag, rates);
    let found = loss_at(lag, rates, loss, now, drain_ms);
    Forecast {
        drain,
        drain_ms,
        loss_at: found.map(|(at, _)| at),
        loss_by: found.map(|(_, by)| by),
    }
}

fn drain(lag: u64, rates: Rates) -> (Drain, Option<f64>) {
    if lag == 0 {
        return (Drain::Drained, Some(0.0));
    }
    let (Some(come), Some(taken)) = (rates.in_per_s, rates.out_per_s) else {
        return (Drain::NotEnoughData, None);
    };
    let net = taken - come;
    if net <= LEAST_PER_S {
        return (Drain::Grows { per_s: -net }, None);
    }
    (Drain::Drains, Some(lag as f64 / net * 1_000.0))
}

/// The soonest of what is known; `None` where nothing will be lost at these rates, or it is not known.
fn loss_at(
    lag: u64,
    rates: Rates,
    loss: &Loss,
    now: Timestamp,
    drain_ms: Option<f64>,
) -> Option<(Timestamp, LossBy)> {
    let position = loss.committed?;
    if lag == 0 {
        return None;
    }
    let ahead = position - loss.low?;
    if ahead < 0 {
        return Some((now, LossBy::Lost));
    }
    let taken = rates.out_per_s.unwrap_or(0.0);
    let advances = loss.low_per_s.and_then(|low| ms(ahead as f64, low - taken));
    // The position comes past the message long before, where it is nearly drained.
    let by_age = loss
        .keeps_ms
        .zip(loss.behind_since)
        .and_then(|(keeps, at)| {
            let left = keeps - now.ms_since(at);
            let shrinks = aging(rates);
            ms_of(left, shrinks)
        });
    let by_size = loss.keeps_messages.and_then(|keeps| {
        let grows = rates.in_per_s? - taken;
        ms((keeps - lag as f64).max(0.0), grows)
    });
    let soonest = [
        (advances, LossBy::OldestAdvances),
        (by_age, LossBy::Age),
        (by_size, LossBy::Size),
    ]
    .into_iter()
    .filter_map(|(ms, by)| Some((ms?, by)))
    .min_by(|a, b| a.0.total_cmp(&b.0))?;
    let comes_first = drain_ms.is_none_or(|drain| soonest.0 < drain);
    (comes_first && soonest.0 < LONGEST_MS).then(|| (now.plus_ms(soonest.0 as i64), soonest.1))
}

/// Milliseconds by which the oldest message that waits grows older in a second: 1,000 while nothing
/// is taken, less the more of what came is taken.
fn aging(rates: Rates) -> f64 {
    match (rates.in_per_s, rates.out_per_s) {
        (Some(come), Some(taken)) if come > LEAST_PER_S => 1_000.0 * (1.0 - taken / come),
        (_, Some(taken)) if taken > LEAST_PER_S => 0.0,
        _ => 1_000.0,
    }
}

fn ms(messages: f64, per_s: f64) -> Option<f64> {
    (per_s > LEAST_PER_S).then(|| messages / per_s * 1_000.0)
}

fn ms_of(left_ms: f64, per_s: f64) -> Option<f64> {
    (per_s > LEAST_PER_S).then(|| left_ms.max(0.0) / per_s * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    fn rates(come: f64, taken: f64) -> Rates {
        Rates {
            in_per_s: Some(come),
            out_per_s: Some(taken),
        }
    }

    #[test]
    fn it_drains_by_what_is_taken_beyond_what_comes() {
        let drain = |lag, rates| {
            let found = forecast(lag, rates, &Loss::default(), at(NOW));
            (found.drain, found.drain_ms)
        };
        assert_eq!(
            drain(1_000, rates(10.0, 30.0)),
            (Drain::Drains, Some(50_000.0))
        );
        let grows = Drain::Grows { per_s: 20.0 };
        assert_eq!(drain(1_000, rates(30.0, 10.0)), (grows, None));
        let stays = Drain::Grows { per_s: 0.0 };
        assert_eq!(drain(5, rates(0.0, 0.0)), (stays, None));
        assert_eq!(drain(0, rates(9.0, 9.0)), (Drain::Drained, Some(0.0)));
        assert_eq!(drain(5, Rates::default()), (Drain::NotEnoughData, None));
    }

    #[test]
    fn the_retention_clock_tells_what_comes_first() {
        let known = Loss {
            committed: Some(1_000),
            low: Some(400),
            ..Loss::default()
        };
        let loss = |rates, loss: Loss| {
            let found = forecast(2_000, rates, &loss, at(NOW));
            let ms = found.loss_at.map(|at| at.unix_millis() - NOW);
            (ms, found.loss_by)
        };
        assert_eq!(loss(rates(10.0, 0.0), known), (None, None));
        let advances = Loss {
            low_per_s: Some(10.0),
            ..known
        };
        let by = (Some(60_000), Some(LossBy::OldestAdvances));
        assert_eq!(loss(rates(10.0, 0.0), advances), by);
        // The position goes on as well.
        let by = (Some(120_000), Some(LossBy::OldestAdvances));
        assert_eq!(loss(rates(20.0, 5.0), advances), by);
        let aged = Loss {
            keeps_ms: Some(100_000.0),
            behind_since: Some(at(NOW - 70_000)),
            ..known
        };
        assert_eq!(
            loss(rates(10.0, 0.0), aged),
            (Some(30_000), Some(LossBy::Age))
        );
        assert_eq!(
            loss(rates(10.0, 5.0), aged),
            (Some(60_000), Some(LossBy::Age))
        );
        assert_eq!(
            loss(rates(10.0, 20.0), aged),
            (None, None),
            "it is drained before"
        );
        let sized = Loss {
            keeps_messages: Some(2_500.0),
            ..known
        };
        assert_eq!(
            loss(rates(10.0, 5.0), sized),
            (Some(100_000), Some(LossBy::Size))
        );
        let lost = Loss {
            low: Some(1_001),
            ..known
        };
        assert_eq!(loss(rates(10.0, 5.0), lost), (Some(0), Some(LossBy::Lost)));
    }
}
