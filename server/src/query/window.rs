//! Windows of roll-ups: whole minutes, since spans are counted by the minute of their start.

use waybill_model::destination::Window;
use waybill_model::problem::{Code, Problem};
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::Histogram;

const MINUTE_MS: i64 = 60_000;
const USUAL_MINUTES: i64 = 60;

/// A window that begins and ends with a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minutes {
    first: i64,
    /// Exclusive.
    end: i64,
}

impl Minutes {
    /// The last hour, the minute of `now` included.
    pub(super) fn until(now: Timestamp) -> Self {
        let end = minute(now) + 1;
        Self {
            first: end - USUAL_MINUTES,
            end,
        }
    }

    /// Every minute that the window touches, up to that of `now`; a missing start is an hour before
    /// the end.
    ///
    /// # Errors
    /// `InvalidRequest` for a window that is empty, not begun or longer than `most_minutes`.
    pub(super) fn of(window: Window, now: Timestamp, most_minutes: i64) -> Result<Self, Problem> {
        let invalid = |hint: String| {
            let message = "The window cannot be told.";
            Err(Problem::new(Code::InvalidRequest, message, hint))
        };
        let newest = minute(now) + 1;
        let end = match window.to {
            // Exclusive: what ends with a minute does not touch the next.
            Some(to) => (minute(Timestamp::from_unix_nanos(
                to.unix_nanos().saturating_sub(1),
            )) + 1)
                .min(newest),
            None => newest,
        };
        let first = match window.from {
            Some(from) => minute(from),
            None => end - USUAL_MINUTES,
        };
        if first >= end {
            return invalid("from: lies before `to`, and not in the future.".to_owned());
        }
        if end - first > most_minutes {
            let hours = most_minutes / 60;
            return invalid(format!("from, to: at most {hours} hours apart."));
        }
        Ok(Self { first, end })
    }

    pub(super) fn range(self) -> TimeRange {
        TimeRange {
            from: Timestamp::from_unix_millis(self.first * MINUTE_MS),
            to: Timestamp::from_unix_millis(self.end * MINUTE_MS),
        }
    }

    pub(super) fn count(self) -> usize {
        usize::try_from(self.end - self.first).unwrap_or(0)
    }

    /// The place of a minute in the window.
    pub(super) fn place(self, at: Timestamp) -> Option<usize> {
        usize::try_from(minute(at) - self.first)
            .ok()
            .filter(|place| *place < self.count())
    }

    /// The start of each minute.
    pub(super) fn each(self) -> impl Iterator<Item = Timestamp> {
        (self.first..self.end).map(|minute| Timestamp::from_unix_millis(minute * MINUTE_MS))
    }

    pub(super) fn ms(self) -> u64 {
        self.count() as u64 * MINUTE_MS as u64
    }

    pub(super) fn per_s(self, count: u64) -> f64 {
        count as f64 * 1_000.0 / self.ms() as f64
    }
}

fn minute(at: Timestamp) -> i64 {
    at.unix_millis().div_euclid(MINUTE_MS)
}

/// Spans of one kind added up.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) spans: u64,
    pub(super) failed: u64,
    pub(super) durations: Histogram,
    pub(super) last_at: Timestamp,
}

impl Tally {
    pub(super) fn add(&mut self, line: &waybill_store::Rollup) {
        self.spans += line.spans;
        self.failed += line.failed;
        self.durations.add(&line.durations);
        self.last_at = self.last_at.max(line.last_at);
    }

    /// 0 where there are none.
    pub(super) fn failed_share(&self) -> f64 {
        match self.spans {
            0 => 0.0,
            spans => self.failed as f64 / spans as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn windows_are_whole_minutes_and_end_now() {
        let now = at("2026-11-23T12:00:30Z");
        let of = |from: Option<&str>, to: Option<&str>| {
            let window = Window {
                from: from.map(at),
                to: to.map(at),
            };
            Minutes::of(window, now, 120)
        };
        let told = |minutes: Minutes| {
            let range = minutes.range();
            (range.from.to_string(), range.to.to_string())
        };
        let hour = ("2026-11-23T11:01:00.000Z", "2026-11-23T12:01:00.000Z");
        let hour = (hour.0.to_owned(), hour.1.to_owned());
        assert_eq!(told(Minutes::until(now)), hour);
        assert_eq!(told(of(None, None).unwrap()), hour);
        assert_eq!(told(of(None, Some("2027-01-01T00:00:00Z")).unwrap()), hour);
        let two = of(Some("2026-11-23T11:58:59Z"), Some("2026-11-23T12:00:00Z")).unwrap();
        assert_eq!(two.count(), 2);
        assert_eq!(two.place(at("2026-11-23T11:59:59.999Z")), Some(1));
        assert_eq!(two.place(at("2026-11-23T12:00:00Z")), None);
        assert_eq!(two.place(at("2026-11-23T11:57:59Z")), None);
        assert_eq!(two.per_s(240), 2.0);
        for (from, to) in [
            ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"),
            ("2026-11-23T12:05:00Z", "2026-11-23T12:06:00Z"),
            ("2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z"),
        ] {
            let problem = of(Some(from), Some(to)).unwrap_err();
            assert_eq!(problem.code, Code::InvalidRequest, "{from}");
        }
    }
}
