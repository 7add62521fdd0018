//! Which spans were committed lately, so that a resend is acknowledged and not stored again.
//!
//! Two generations of 64-bit hashes. The newer takes what is committed; when it is half of
//! `KEEP` old, or full, it becomes the older and what was older is forgotten. So a span is
//! remembered for 7.5 to 15 minutes at up to 4,000 spans a second, and for at least the last 1.8
//! million spans beyond that rate, in at most 2 × 19 MiB. What is forgotten early costs space, not
//! correctness: reading deduplicates by (trace, span).
//!
//! The hash is keyed with a seed of this process. Two different spans collide with a chance of
//! one in 10^12 at full memory.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use tokio::time::Instant;
use waybill_model::id::{SpanId, TraceId};
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub const KEEP: Duration = Duration::from_secs(15 * 60);

/// What a hash table of 2^21 slots holds before it would double.
const GENERATION_SPANS: usize = (1 << 21) / 8 * 7;

/// A committed span, or one about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

pub type Fingerprints = HashSet<Fingerprint, BuildHasherDefault<AsIs>>;

#[derive(Debug)]
pub struct Duplicates {
    seed: u64,
    newer: Fingerprints,
    older: Fingerprints,
    newer_since: Instant,
    generation_spans: usize,
}

impl Duplicates {
    pub fn new(seed: u64, now: Instant) -> Self {
        Self {
            seed,
            newer: Fingerprints::default(),
            older: Fingerprints::default(),
            newer_since: now,
            generation_spans: GENERATION_SPANS,
        }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.newer.contains(&fingerprint) || self.older.contains(&fingerprint)
    }

    /// To be called for committed spans only.
    pub fn committed(&mut self, fingerprints: impl IntoIterator<Item = Fingerprint>, now: Instant) {
        if now.duration_since(self.newer_since) > KEEP / 2 {
            self.turn(now);
        }
        for fingerprint in fingerprints {
            if self.newer.len() >= self.generation_spans {
                self.turn(now);
            }
            self.newer.insert(fingerprint);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.newer.len() + self.older.len()
    }

    fn turn(&mut self, now: Instant) {
        std::mem::swap(&mut self.newer, &mut self.older);
        // A quiet time after a flood gives the flood's memory back.
        self.newer = Fingerprints::default();
        self.newer_since = now;
    }
}

pub fn fingerprint(seed: u64, trace_id: TraceId, span_id: SpanId) -> Fingerprint {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(trace_id.as_bytes());
    bytes[16..].copy_from_slice(span_id.as_bytes());
    Fingerprint(xxh3_64_with_seed(&bytes, seed))
}

/// A fingerprint is a hash already.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_filter_forgets_the_oldest_and_stays_bounded() {
        let now = Instant::now();
        let mut filter = Duplicates::new(7, now);
        filter.generation_spans = 100;
        for number in 0..1_000 {
            filter.committed([Fingerprint(number)], now);
            assert!(filter.len() <= 200);
        }
        assert!(filter.contains(Fingerprint(999)) && filter.contains(Fingerprint(901)));
        assert!(!filter.contains(Fingerprint(700)));
    }

    #[test]
    fn time_makes_it_forget_but_not_before_half_the_window() {
        let mut now = Instant::now();
        let mut filter = Duplicates::new(7, now);
        filter.committed([Fingerprint(1)], now);
        now += KEEP / 2 + Duration::from_secs(1);
        filter.committed([Fingerprint(2)], now);
        assert!(filter.contains(Fingerprint(1)));
        now += KEEP / 2 + Duration::from_secs(1);
        filter.committed([Fingerprint(3)], now);
        assert!(!filter.contains(Fingerprint(1)) && filter.contains(Fingerprint(2)));
    }
}
