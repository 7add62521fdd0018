//! A figure over time from its roll-ups. Pure: minutes without a row stood, minutes in which nobody
//! read are not known.

use std::collections::{HashMap, HashSet};

use waybill_model::problem::{Code, Problem};
use waybill_model::reading::Stretch;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::readings::ReadingRollup;

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: f64 = 24.0 * HOUR_MS as f64;
const USUAL_POINTS: i64 = 240;
const MOST_POINTS: i64 = 2_000;
const MOST_DAYS: f64 = 400.0;

/// A missing start is an hour before the end, a missing end is now.
///
/// # Errors
/// `InvalidRequest` for a window that is empty or longer than is ever kept.
pub fn window(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    now: Timestamp,
) -> Result<TimeRange, Problem> {
    let to = to.unwrap_or(now).min(now.plus_ms(MINUTE_MS));
    let from = from.unwrap_or_else(|| to.plus_ms(-HOUR_MS));
    if from >= to || to.ms_since(from) > MOST_DAYS * DAY_MS {
        return Err(Problem::new(
            Code::InvalidRequest,
            "The window cannot be told.",
            format!("from, to: `from` lies before `to`, at most {MOST_DAYS} days."),
        ));
    }
    Ok(TimeRange { from, to })
}

/// What was asked for, or what gives some hundreds of points; whole minutes, and whole hours where a
/// day is exceeded.
///
/// # Errors
/// `InvalidRequest` for a step that is no whole number of minutes, or one of too many points.
pub(super) fn step(range: TimeRange, asked_ms: Option<i64>) -> Result<i64, Problem> {
    let length = range.to.ms_since(range.from) as i64;
    let unit = if length as f64 > DAY_MS {
        HOUR_MS
    } else {
        MINUTE_MS
    };
    let step = match asked_ms {
        None => (length / USUAL_POINTS / unit + 1) * unit,
        Some(asked) => asked,
    };
    if step < MINUTE_MS || step % MINUTE_MS != 0 || length / step > MOST_POINTS {
        return Err(Problem::new(
            Code::InvalidRequest,
            "The step cannot be told.",
            format!("step: whole minutes or hours, such as 5m, and at most {MOST_POINTS} points."),
        ));
    }
    // Minutes are kept for every window; beyond a day only hours are read.
    Ok(step.max(unit) / unit * unit)
}

/// Every minute of `range`. `rows` may begin before it: the first of each hour is always written, so
/// an hour is enough.
pub(super) fn minutes(
    range: TimeRange,
    rows: &[ReadingRollup],
    read: &[Timestamp],
) -> Vec<Stretch> {
    let rows: HashMap<i64, &ReadingRollup> = rows
        .iter()
        .map(|row| (number(row.start, MINUTE_MS), row))
        .collect();
    let read: HashSet<i64> = read.iter().map(|start| number(*start, MINUTE_MS)).collect();
    let first = number(range.from, MINUTE_MS);
    let end = number(range.to.plus_ms(MINUTE_MS - 1), MINUTE_MS);
    let hour = first - first.rem_euclid(HOUR_MS / MINUTE_MS);
    let mut stands: Option<i64> = None;
    let mut points = Vec::new();
    for minute in hour..end {
        let at = Timestamp::from_unix_millis(minute * MINUTE_MS);
        let point = match rows.get(&minute) {
            Some(row) => {
                stands = row.last;
                stretch(at, row)
            }
            None => {
                let value = stands.filter(|_| read.contains(&minute));
                Stretch {
                    at,
                    min: value,
                    max: value,
                    last: value,
                }
            }
        };
        if minute >= first {
            points.push(point);
        }
    }
    points
}

/// Every hour of `range`.
pub(super) fn hours(range: TimeRange, rows: &[ReadingRollup]) -> Vec<Stretch> {
    let rows: HashMap<i64, &ReadingRollup> = rows
        .iter()
        .map(|row| (number(row.start, HOUR_MS), row))
        .collect();
    let end = number(range.to.plus_ms(HOUR_MS - 1), HOUR_MS);
    (number(range.from, HOUR_MS)..end)
        .map(|hour| {
            let at = Timestamp::from_unix_millis(hour * HOUR_MS);
            let nothing = Stretch {
                at,
                min: None,
                max: None,
                last: None,
            };
            rows.get(&hour).map_or(nothing, |row| stretch(at, row))
        })
        .collect()
}

/// Longer stretches: `each` of them become one.
pub(super) fn folded(points: Vec<Stretch>, each: usize) -> Vec<Stretch> {
    let least = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min();
    let greatest = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).max();
    points
        .chunks(each.max(1))
        .filter_map(|run| {
            run.iter().copied().reduce(|all, one| Stretch {
                at: all.at,
                min: least(all.min, one.min),
                max: greatest(all.max, one.max),
                last: one.last.or(all.last),
            })
        })
        .collect()
}

fn stretch(at: Timestamp, row: &ReadingRollup) -> Stretch {
    Stretch {
        at,
        min: row.least,
        max: row.greatest,
        last: row.last,
    }
}

fn number(at: Timestamp, unit_ms: i64) -> i64 {
    at.unix_millis().div_euclid(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T12:00:00Z
    fn noon() -> Timestamp {
        Timestamp::from_unix_millis(1_795_435_200_000)
    }

    fn minute(n: i64) -> Timestamp {
        noon().plus_ms(n * MINUTE_MS)
    }

    fn row(n: i64, least: i64, greatest: i64, last: i64) -> ReadingRollup {
        ReadingRollup {
            object: 1,
            start: minute(n),
            least: Some(least),
            greatest: Some(greatest),
            last: Some(last),
            received: None,
            removed: None,
        }
    }

    fn told(points: &[Stretch]) -> Vec<Option<(i64, i64, i64)>> {
        let figures = |p: &Stretch| Some((p.min?, p.max?, p.last?));
        points.iter().map(figures).collect()
    }

    #[test]
    fn what_stands_is_told_and_what_nobody_read_is_not() {
        let range = TimeRange {
            from: minute(2),
            to: minute(8),
        };
        let rows = [row(0, 5, 5, 5), row(4, 5, 9, 7)];
        let read: Vec<Timestamp> = [0, 1, 2, 3, 4, 6].map(minute).into();
        let points = minutes(range, &rows, &read);
        assert_eq!(points[0].at, minute(2));
        assert_eq!(
            told(&points),
            [
                Some((5, 5, 5)),
                Some((5, 5, 5)),
                Some((5, 9, 7)),
                None,
                Some((7, 7, 7)),
                None
            ]
        );
        assert_eq!(
            told(&folded(points, 3)),
            [Some((5, 9, 7)), Some((7, 7, 7))],
            "a gap within a stretch is no zero"
        );
        assert_eq!(told(&minutes(range, &[], &read)), [None; 6]);
    }

    #[test]
    fn steps_are_whole_and_points_are_few() {
        let of = |hours: i64, asked| {
            let range = TimeRange {
                from: noon(),
                to: noon().plus_ms(hours * HOUR_MS),
            };
            step(range, asked)
        };
        assert_eq!(of(1, None), Ok(MINUTE_MS));
        assert_eq!(of(24, None), Ok(7 * MINUTE_MS));
        assert_eq!(of(24 * 7, None), Ok(HOUR_MS));
        assert_eq!(of(24 * 7, Some(90 * MINUTE_MS)), Ok(HOUR_MS));
        assert_eq!(of(1, Some(5 * MINUTE_MS)), Ok(5 * MINUTE_MS));
        for (hours, asked) in [(1, 1), (1, MINUTE_MS + 1), (24 * 30, MINUTE_MS)] {
            assert!(of(hours, Some(asked)).is_err(), "{asked}");
        }
        assert!(window(Some(noon()), Some(noon()), noon()).is_err());
        let hour = window(None, None, noon()).unwrap();
        assert_eq!(hour.from, noon().plus_ms(-HOUR_MS));
    }

    #[test]
    fn hours_are_told_as_they_were_written() {
        let range = TimeRange {
            from: noon(),
            to: noon().plus_ms(3 * HOUR_MS),
        };
        let rows = [row(0, 1, 9, 3), row(120, 2, 2, 2)];
        assert_eq!(
            told(&hours(range, &rows)),
            [Some((1, 9, 3)), None, Some((2, 2, 2))]
        );
    }
}
