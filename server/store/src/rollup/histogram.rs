//! Durations as counts in fixed buckets.
//!
//! Bucket 0 holds less than 1 µs. Then four buckets an octave: bucket `1 + 4·k + j` holds durations
//! from `2^k·(1 + j/4)` µs up to the next bucket's start, for k = 0…35 (about 19 hours) and
//! j = 0…3; the last also holds everything longer. A percentile read from it is off by at most an
//! eighth of its value.

use serde::{Deserialize, Serialize};

const OCTAVES: u32 = 36;
const LAST: u8 = (OCTAVES * 4) as u8;

/// Non-empty buckets in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram(Vec<(u8, u64)>);

impl Histogram {
    pub fn record(&mut self, nanos: u64) {
        self.put(bucket(nanos), 1);
    }

    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.put(*bucket, *count);
        }
    }

    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The duration in milliseconds below which the share `q` (0 to 1) lies, taken as the middle of
    /// its bucket; `None` where nothing was recorded.
    pub fn quantile_ms(&self, q: f64) -> Option<f64> {
        let rank = (self.count() as f64 * q.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.0.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= rank).then(|| (start_us(*bucket) + start_us(bucket + 1)) / 2.0 / 1_000.0)
        })
    }

    /// (start in milliseconds, end in milliseconds, count) of each bucket that is not empty.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, f64, u64)> + '_ {
        let ms = |bucket| start_us(bucket) / 1_000.0;
        self.0
            .iter()
            .map(move |(bucket, count)| (ms(*bucket), ms(bucket + 1), *count))
    }

    fn put(&mut self, bucket: u8, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(b, _)| *b) {
            Ok(at) => self.0[at].1 += count,
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }
}

fn bucket(nanos: u64) -> u8 {
    let micros = nanos / 1_000;
    if micros == 0 {
        return 0;
    }
    let octave = micros.ilog2();
    if octave >= OCTAVES {
        return LAST;
    }
    // The two bits below the highest, read from nanoseconds so that 1.25 µs is told from 1 µs.
    let quarter = (nanos * 4 / (1_000 << octave)).min(7) - 4;
    1 + (octave * 4) as u8 + quarter as u8
}

fn start_us(bucket: u8) -> f64 {
    match bucket.checked_sub(1) {
        None => 0.0,
        Some(at) => f64::from(1 + at % 4 + 3) / 4.0 * 2f64.powi(i32::from(at / 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_in_its_bucket() {
        for nanos in [
            0,
            999,
            1_000,
            1_250,
            1_999,
            2_000,
            123_456_789,
            5_000_000_000,
        ] {
            let at = bucket(nanos);
            let us = nanos as f64 / 1_000.0;
            assert!(start_us(at) <= us && us < start_us(at + 1), "{nanos}");
        }
        assert_eq!(bucket(u64::MAX), LAST);
    }

    #[test]
    fn quantiles_are_close_and_sums_add() {
        let mut one = Histogram::default();
        let mut two = Histogram::default();
        for ms in 1..=500u64 {
            one.record(ms * 1_000_000);
            two.record((ms + 500) * 1_000_000);
        }
        one.add(&two);
        assert_eq!(one.count(), 1_000);
        for (q, expected) in [(0.5, 500.0), (0.99, 990.0)] {
            let found = one.quantile_ms(q).unwrap();
            assert!((found / expected - 1.0).abs() < 0.13, "{q}: {found}");
        }
        assert_eq!(Histogram::default().quantile_ms(0.5), None);
    }
}
