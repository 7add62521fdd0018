//! Figures by minute and hour, gathered while they are read and handed out when a minute is over: the
//! store adds each minute to its hour, so that a process that ends loses no more than a minute.

use std::collections::HashMap;

use waybill_model::time::Timestamp;
use waybill_store::readings::{ReadingBatch, ReadingRollup};

use super::lag::Step;
use super::lines::Steps;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// One figure of one object at one reading.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub object: i64,
    pub value: Option<u64>,
    pub steps: Steps,
}

/// Bounded by the objects of one hour.
#[derive(Debug, Default)]
pub struct Minutes {
    minute: Option<i64>,
    readings: u32,
    objects: HashMap<i64, Object>,
}

#[derive(Debug, Default)]
struct Object {
    minute: Window,
    /// The last hour in which it was read.
    hour: i64,
    /// What the last row of a minute said last, and the hour that it stands in.
    written: Option<(Option<i64>, i64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    seen: bool,
    least: Option<i64>,
    greatest: Option<i64>,
    last: Option<i64>,
    received: Flow,
    removed: Flow,
}

/// Messages that moved; once a part is not known, the whole is not.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    count: u64,
    is_unknown: bool,
    /// Somebody counts it.
    is_told: bool,
}

impl Minutes {
    /// Takes one reading. What is over by then is in the answer.
    pub fn read(&mut self, at: Timestamp, figures: impl Iterator<Item = Figure>) -> ReadingBatch {
        let over = self.over(at);
        let minute = minute_of(at);
        self.minute = Some(minute);
        self.readings += 1;
        for figure in figures {
            let object = self.objects.entry(figure.object).or_default();
            object.hour = hour_of(minute);
            object.minute.add(&figure);
        }
        over
    }

    /// What is over at this time; also where nothing is read any more.
    pub fn over(&mut self, now: Timestamp) -> ReadingBatch {
        match self.minute {
            Some(minute) if minute != minute_of(now) => self.close(),
            _ => ReadingBatch::default(),
        }
    }

    /// What was read of the minute that goes on: whoever reads the rest of it adds to it.
    pub fn close(&mut self) -> ReadingBatch {
        let mut batch = ReadingBatch::default();
        let Some(minute) = self.minute.take() else {
            return batch;
        };
        let hour = hour_of(minute);
        let start = Timestamp::from_unix_millis(minute * MINUTE_MS);
        batch
            .read_minutes
            .push((start, std::mem::take(&mut self.readings)));
        // What was not read in this hour is gone.
        self.objects.retain(|_, object| object.hour == hour);
        for (key, object) in &mut self.objects {
            let window = std::mem::take(&mut object.minute);
            let is_news = object.written != Some((window.last, hour)) || window.moved();
            if window.seen && is_news {
                object.written = Some((window.last, hour));
                let rollup = window.rollup(*key, start);
                batch.minutes.push(rollup);
                batch.hours.push(ReadingRollup {
                    start: Timestamp::from_unix_millis(hour * HOUR_MS),
                    ..rollup
                });
            }
        }
        batch
    }
}

impl Window {
    fn add(&mut self, figure: &Figure) {
        self.seen = true;
        let value = figure
            .value
            .map(|value| i64::try_from(value).unwrap_or(i64::MAX));
        if let Some(value) = value {
            self.least = Some(self.least.map_or(value, |least| least.min(value)));
            self.greatest = Some(self.greatest.map_or(value, |greatest| greatest.max(value)));
        }
        self.last = value;
        self.received.add(figure.steps.received);
        self.removed.add(figure.steps.removed);
    }

    fn moved(&self) -> bool {
        self.least != self.greatest || self.received.is_news() || self.removed.is_news()
    }

    fn rollup(&self, object: i64, start: Timestamp) -> ReadingRollup {
        ReadingRollup {
            object,
            start,
            least: self.least,
            greatest: self.greatest,
            last: self.last,
            received: self.received.told(),
            removed: self.removed.told(),
        }
    }
}

impl Flow {
    fn add(&mut self, step: Step) {
        match step {
            Step::None => {}
            Step::By(count) => {
                self.is_told = true;
                self.count = self.count.saturating_add(count);
            }
            Step::Unknown => self.is_unknown = true,
        }
    }

    fn is_news(self) -> bool {
        self.count > 0 || self.is_unknown
    }

    fn told(self) -> Option<u64> {
        (self.is_told && !self.is_unknown).then_some(self.count)
    }
}

fn minute_of(at: Timestamp) -> i64 {
    at.unix_millis().div_euclid(MINUTE_MS)
}

fn hour_of(minute: i64) -> i64 {
    minute.div_euclid(HOUR_MS / MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T12:00:00Z
    const NOON: i64 = 1_795_435_200_000;

    fn at(minute: i64, second: i64) -> Timestamp {
        Timestamp::from_unix_millis(NOON + minute * MINUTE_MS + second * 1_000)
    }

    fn figure(object: i64, value: Option<u64>, received: Step) -> Figure {
        let removed = Step::None;
        Figure {
            object,
            value,
            steps: Steps { received, removed },
        }
    }

    fn read(minutes: &mut Minutes, when: Timestamp, value: u64, step: Step) -> ReadingBatch {
        minutes.read(when, [figure(1, Some(value), step)].into_iter())
    }

    #[test]
    fn a_minute_has_min_max_and_last_and_what_moved() {
        let mut minutes = Minutes::default();
        for (second, value) in [(5, 4), (10, 9), (15, 2), (20, 5)] {
            assert!(read(&mut minutes, at(0, second), value, Step::By(3)).is_empty());
        }
        let over = minutes.over(at(1, 0));
        let rollup = ReadingRollup {
            object: 1,
            start: at(0, 0),
            least: Some(2),
            greatest: Some(9),
            last: Some(5),
            received: Some(12),
            removed: None,
        };
        assert_eq!(over.minutes, [rollup]);
        assert_eq!(over.hours, [rollup], "the hour begins with it");
        assert_eq!(over.read_minutes, [(at(0, 0), 4)]);
        assert!(minutes.over(at(2, 0)).is_empty(), "handed out once");
    }

    #[test]
    fn a_figure_that_stands_is_written_once_an_hour() {
        let mut minutes = Minutes::default();
        let (mut rows, mut hours, mut seen) = (0, 0, 0);
        for minute in 0..125 {
            let batch = read(&mut minutes, at(minute, 30), 7, Step::By(0));
            rows += batch.minutes.len();
            hours += batch.hours.len();
            seen += batch.read_minutes.len();
        }
        assert_eq!((rows, hours, seen), (3, 3, 124));
        // It moved, although it ends where it was.
        read(&mut minutes, at(125, 10), 8, Step::By(1));
        read(&mut minutes, at(125, 20), 7, Step::By(0));
        assert_eq!(minutes.over(at(126, 0)).minutes.len(), 1);
    }

    #[test]
    fn what_started_again_is_unknown_and_not_small() {
        let mut minutes = Minutes::default();
        read(&mut minutes, at(0, 5), 7, Step::By(3));
        read(&mut minutes, at(0, 10), 0, Step::Unknown);
        read(&mut minutes, at(0, 15), 0, Step::By(2));
        assert_eq!(minutes.over(at(1, 0)).minutes[0].received, None);
        minutes.read(at(1, 5), [figure(1, None, Step::None)].into_iter());
        let over = minutes.over(at(2, 0)).minutes[0];
        assert_eq!((over.least, over.last, over.received), (None, None, None));
    }

    #[test]
    fn what_is_gone_is_forgotten_with_its_hour() {
        let mut minutes = Minutes::default();
        read(&mut minutes, at(0, 5), 7, Step::None);
        minutes.read(at(61, 0), [figure(2, Some(1), Step::None)].into_iter());
        assert_eq!(minutes.objects.len(), 2);
        assert_eq!(minutes.over(at(121, 0)).minutes.len(), 1);
        assert_eq!(minutes.objects.len(), 1);
    }

    #[test]
    fn a_minute_that_goes_on_is_handed_out_at_the_end() {
        let mut minutes = Minutes::default();
        assert!(minutes.close().is_empty());
        read(&mut minutes, at(0, 5), 7, Step::By(1));
        assert_eq!(minutes.close().minutes[0].received, Some(1));
        // Read on in the same minute: the rest of it.
        read(&mut minutes, at(0, 10), 9, Step::By(2));
        let rest = minutes.over(at(1, 0)).minutes[0];
        assert_eq!(
            (rest.start, rest.received, rest.least),
            (at(0, 0), Some(2), Some(9))
        );
    }
}
