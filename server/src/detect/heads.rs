//! When a partition ended where: offsets turned into times.

use std::collections::VecDeque;

use waybill_model::time::Timestamp;

/// Ends of one partition over time. Holds so many points; older ones stand further apart.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    points: VecDeque<Point>,
    cut_at: Option<Timestamp>,
    /// A message before the first point, and when it was written.
    anchor: Option<(i64, Timestamp)>,
}

/// It ended here from the first to the last of these readings.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    head: i64,
    from: Timestamp,
    to: Timestamp,
}

impl Heads {
    /// A reading later than those before. `most` points are kept, at least 4.
    pub fn read(&mut self, head: i64, at: Timestamp, most: usize) {
        if let Some(last) = self.points.back_mut() {
            if at <= last.to {
                return;
            }
            if head == last.head {
                last.to = at;
                return;
            }
            if head < last.head {
                self.begin_again(at);
            }
        }
        let (from, to) = (at, at);
        self.points.push_back(Point { head, from, to });
        if self.points.len() > most.max(4) {
            self.thin();
        }
    }

    /// It is another partition from now on.
    pub fn begin_again(&mut self, at: Timestamp) {
        self.points.clear();
        (self.cut_at, self.anchor) = (Some(at), None);
    }

    /// The time of a stored message: those between it and the first reading lie between.
    pub fn was_written(&mut self, offset: i64, at: Timestamp) {
        self.anchor = Some((offset, at));
    }

    /// The time that was read of this very message.
    pub fn read_time(&self, offset: i64) -> Option<Timestamp> {
        self.anchor
            .filter(|(known, _)| *known == offset)
            .map(|(_, at)| at)
    }

    pub fn cut_at(&self) -> Option<Timestamp> {
        self.cut_at
    }

    /// When the message at `offset` was written, between two readings; `None` where it was written
    /// before the first, or is not yet.
    pub fn written_at(&self, offset: i64) -> Option<Timestamp> {
        let next = self.points.partition_point(|point| point.head <= offset);
        let after = self.points.get(next)?;
        let Some(before) = next.checked_sub(1).and_then(|at| self.points.get(at)) else {
            return self.since_anchor(offset, after);
        };
        let part = (offset - before.head) as f64 / (after.head - before.head) as f64;
        let ms = after.from.ms_since(before.to) * part;
        Some(before.to.plus_ms(ms as i64))
    }

    fn since_anchor(&self, offset: i64, first: &Point) -> Option<Timestamp> {
        let (known, at) = self.anchor.filter(|(known, _)| *known <= offset)?;
        let part = (offset - known) as f64 / (first.head - known) as f64;
        Some(at.plus_ms((first.from.ms_since(at).max(0.0) * part) as i64))
    }

    /// Messages a second over the last `ms`; `None` with fewer than two readings of it.
    pub fn per_s(&self, ms: i64) -> Option<f64> {
        let last = self.points.back()?;
        let since = last.to.plus_ms(-ms);
        let first = match self.points.partition_point(|point| point.to < since) {
            at if at < self.points.len() => self.points.get(at)?,
            _ => last,
        };
        let from = first.from.max(since.min(first.to));
        let passed = last.to.ms_since(from);
        (passed > 0.0).then(|| (last.head - first.head) as f64 * 1_000.0 / passed)
    }

    /// Every other one of the older half is let go: what lies between is drawn as a straight line.
    fn thin(&mut self) {
        let half = self.points.len() / 2;
        let mut at = 0;
        self.points.retain(|_| {
            at += 1;
            at > half || at % 2 == 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    #[test]
    fn offsets_are_written_between_the_readings_around_them() {
        let mut heads = Heads::default();
        for (head, ms) in [(100, 0), (100, 5_000), (200, 10_000), (400, 15_000)] {
            heads.read(head, at(ms), 8);
        }
        for (offset, written) in [
            (99, None),
            // It stood until 5,000.
            (100, Some(5_000)),
            (150, Some(7_500)),
            (200, Some(10_000)),
            (300, Some(12_500)),
            (399, Some(14_975)),
            (400, None),
        ] {
            assert_eq!(heads.written_at(offset), written.map(at), "{offset}");
        }
        assert_eq!(heads.per_s(10_000), Some(30.0));
        assert_eq!(heads.cut_at(), None);
    }

    #[test]
    fn a_partition_that_ends_before_its_end_begins_again() {
        let mut heads = Heads::default();
        heads.read(100, at(0), 8);
        heads.read(200, at(1_000), 8);
        heads.read(5, at(2_000), 8);
        assert_eq!(heads.cut_at(), Some(at(2_000)));
        assert_eq!(heads.written_at(150), None);
        heads.read(15, at(3_000), 8);
        assert_eq!(heads.written_at(10), Some(at(2_500)));
    }

    #[test]
    fn old_points_thin_out_and_still_tell_a_steady_rate() {
        let mut heads = Heads::default();
        for n in 0..1_000 {
            heads.read(n * 10, at(n * 1_000), 16);
        }
        assert!(heads.points.len() <= 16);
        let oldest = heads.points[0].head;
        assert!(oldest < 5_000, "{oldest}");
        for offset in [oldest, 9_000, 9_985] {
            let written = heads.written_at(offset).unwrap();
            assert!(written.ms_since(at(offset * 100)).abs() < 2.0, "{offset}");
        }
        assert_eq!(heads.per_s(60_000).map(f64::round), Some(10.0));
    }
}
