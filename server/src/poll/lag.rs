//! How far behind, and how fast: pure arithmetic on positions. What is not known stays unknown.

use waybill_model::reading::LagGap;
use waybill_model::time::Timestamp;

/// What is known of a partition, as [`waybill_model::topology::Head`] tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    pub head: Option<i64>,
    pub written: Option<i64>,
    pub low: Option<i64>,
}

/// Messages between a group's position and `head`, always that end: what open transactions wrote is
/// nobody's lag. A group that never committed has all that is kept before it; one that reads
/// uncommitted messages and stands among them has none.
///
/// # Errors
/// Why it is not known. It is never below zero: a position behind everything that was written is no
/// lag of 0, but the sign of a partition that was cut or made again.
pub fn lag(committed: Option<i64>, ends: Ends) -> Result<u64, LagGap> {
    let head = ends.head.ok_or(LagGap::NoHead)?;
    let from = match committed {
        Some(committed) => committed,
        None => ends.low.ok_or(LagGap::NoOldest)?,
    };
    let stands_in_what_is_written = committed.is_some() && ends.written >= Some(from);
    if from > head && stands_in_what_is_written {
        return Ok(0);
    }
    let behind = head.checked_sub(from).ok_or(LagGap::BeyondEnd)?;
    u64::try_from(behind).map_err(|_| LagGap::BeyondEnd)
}

/// Lags added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Of the partitions where it is known.
    pub known: u64,
    /// Partitions where it is not.
    pub unknown: u64,
}

impl Sum {
    pub fn add(&mut self, lag: Result<u64, LagGap>) {
        match lag {
            Ok(lag) => self.known = self.known.saturating_add(lag),
            Err(_) => self.unknown += 1,
        }
    }

    pub fn plus(&mut self, other: Self) {
        self.known = self.known.saturating_add(other.known);
        self.unknown += other.unknown;
    }

    /// `None` where one part is not known: a sum without it would be too small.
    pub fn whole(self) -> Option<u64> {
        (self.unknown == 0).then_some(self.known)
    }
}

/// How far something that only grows went between two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// It was not read again.
    #[default]
    None,
    By(u64),
    /// It was read and cannot be compared: the first reading, or it started again.
    Unknown,
}

impl Step {
    /// From one reading to a later one; the value may be a counter that starts again with its node,
    /// or an offset that was reset.
    pub fn between(before: Option<i64>, now: Option<i64>) -> Self {
        match (before, now) {
            (_, None) => Self::None,
            (None, Some(_)) => Self::Unknown,
            (Some(before), Some(now)) => match now.checked_sub(before).map(u64::try_from) {
                Some(Ok(step)) => Self::By(step),
                _ => Self::Unknown,
            },
        }
    }

    /// Two steps of parts of one thing, over the same time.
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, one) | (one, Self::None) => one,
            (Self::By(a), Self::By(b)) => Self::By(a.saturating_add(b)),
            _ => Self::Unknown,
        }
    }

    /// Per second, to three digits: what is finer is noise of the clock, and would count as a change.
    pub fn per_s(self, from: Timestamp, to: Timestamp) -> Option<f64> {
        let Self::By(step) = self else { return None };
        let ms = to.ms_since(from);
        (ms > 0.0).then(|| rounded(step as f64 * 1_000.0 / ms))
    }
}

fn rounded(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let unit = 10f64.powf(value.log10().floor() - 2.0);
    (value / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_never_below_zero_and_unknown_is_never_zero() {
        for (committed, head, low, expected) in [
            (Some(5), Some(7), None, Ok(2)),
            (Some(7), Some(7), Some(0), Ok(0)),
            // Never committed: all that is kept.
            (None, Some(1_004), Some(4), Ok(1_000)),
            (None, Some(0), Some(0), Ok(0)),
            (None, Some(7), None, Err(LagGap::NoOldest)),
            (Some(5), None, Some(0), Err(LagGap::NoHead)),
            (None, None, None, Err(LagGap::NoHead)),
            // Cut, or made again under its name.
            (Some(9), Some(7), Some(0), Err(LagGap::BeyondEnd)),
            // Retention passed the position: what the broker's own tools say.
            (Some(5), Some(100), Some(50), Ok(95)),
            (Some(i64::MIN), Some(i64::MAX), None, Err(LagGap::BeyondEnd)),
        ] {
            let ends = Ends {
                head,
                low,
                written: None,
            };
            assert_eq!(lag(committed, ends), expected, "{committed:?} {ends:?}");
        }
    }

    #[test]
    fn who_reads_what_is_not_committed_has_no_lag_and_none_below_zero() {
        let ends = |written| Ends {
            head: Some(7),
            written,
            low: Some(0),
        };
        assert_eq!(lag(Some(9), ends(Some(12))), Ok(0));
        assert_eq!(lag(Some(12), ends(Some(12))), Ok(0));
        // Beyond everything: cut, whatever transactions are open.
        assert_eq!(lag(Some(13), ends(Some(12))), Err(LagGap::BeyondEnd));
        assert_eq!(
            lag(Some(5), ends(Some(12))),
            Ok(2),
            "others count to the same end"
        );
        let cut = Ends {
            low: Some(9),
            ..ends(Some(12))
        };
        assert_eq!(lag(None, cut), Err(LagGap::BeyondEnd));
    }

    #[test]
    fn a_sum_with_an_unknown_part_is_unknown() {
        let mut sum = Sum::default();
        assert_eq!(sum.whole(), Some(0));
        sum.add(Ok(3));
        sum.add(Ok(u64::MAX));
        assert_eq!(sum.whole(), Some(u64::MAX));
        sum.add(Err(LagGap::NoHead));
        assert_eq!((sum.whole(), sum.unknown), (None, 1));
    }

    #[test]
    fn counters_that_start_again_tell_no_rate() {
        let at = |ms| Timestamp::from_unix_millis(ms);
        for (before, now, step, per_s) in [
            (Some(10), Some(30), Step::By(20), Some(4.0)),
            (Some(10), Some(10), Step::By(0), Some(0.0)),
            (Some(30), Some(10), Step::Unknown, None),
            (None, Some(10), Step::Unknown, None),
            (Some(10), None, Step::None, None),
            (Some(i64::MIN), Some(i64::MAX), Step::Unknown, None),
        ] {
            let found = Step::between(before, now);
            assert_eq!(found, step, "{before:?} {now:?}");
            assert_eq!(found.per_s(at(0), at(5_000)), per_s);
        }
        assert_eq!(Step::By(5).per_s(at(7), at(7)), None, "no time passed");
        assert_eq!(Step::By(12_345).per_s(at(0), at(1_000)), Some(12_300.0));
        assert_eq!(Step::By(2).plus(Step::By(3)), Step::By(5));
        assert_eq!(Step::By(2).plus(Step::None), Step::By(2));
        assert_eq!(Step::By(2).plus(Step::Unknown), Step::Unknown);
    }
}
