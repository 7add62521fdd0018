//! Which groups' positions are written now, and which of their rows then have done their part. Pure.
//!
//! A group is written when its positions differ from what was written last, and once each hour. Two
//! bounds hold whatever the number of positions: so many are written a second, those first that
//! waited longest; and of what was written so many a second are kept for good, the others being
//! replaced by the group's next row. At 4 bytes a position that is 350 MB a day and cluster at most.

use std::collections::HashMap;

use waybill_model::time::Timestamp;
use waybill_store::readings::GroupSample;

use super::lines::Lines;

const HOUR_MS: i64 = 3_600_000;
/// Positions that are written a second, in the long run: names are written out and packed.
const WRITTEN_A_SECOND: f64 = 20_000.0;
/// After a rest; a reading may also exceed it by its last group.
const WRITTEN_AT_ONCE: f64 = 200_000.0;
/// Positions that are kept a second.
const KEPT_A_SECOND: f64 = 1_000.0;

/// What was written of each group.
#[derive(Debug, Default)]
pub struct Sampling {
    groups: HashMap<i64, Sampled>,
    may_write: f64,
    filled_at: Option<Timestamp>,
    /// How far rows of one group stand apart that are kept.
    keep_every_ms: f64,
}

#[derive(Clone, Copy, Debug)]
struct Sampled {
    fingerprint: u64,
    at: Timestamp,
    /// Of the row before that stays.
    kept_at: Timestamp,
}

/// A group that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Among the lines of groups.
    pub line: usize,
    pub partitions: usize,
}

impl Sampling {
    /// Those that waited longest first; those that were never written in any case.
    pub fn due(&mut self, lines: &Lines, at: Timestamp) -> Vec<Due> {
        let positions: u64 = lines.figures.values().map(|f| f.partitions).sum();
        self.keep_every_ms = positions as f64 / KEPT_A_SECOND * 1_000.0;
        let rest_ms = self
            .filled_at
            .map_or(f64::MAX, |before| at.ms_since(before));
        let filled = self.may_write + rest_ms.max(0.0) / 1_000.0 * WRITTEN_A_SECOND;
        self.may_write = filled.min(WRITTEN_AT_ONCE);
        self.filled_at = Some(at);
        let mut waiting: Vec<(Option<Timestamp>, Due)> = Vec::new();
        for (line, group) in lines.groups.iter().enumerate() {
            let key = group.key();
            let Some(figures) = lines.figures.get(&key) else {
                continue;
            };
            let before = self.groups.get(&key);
            let holds = before.is_some_and(|before| {
                let is_same = before.fingerprint == figures.fingerprint;
                // A reading is asked again when a topology makes more of it known.
                is_same && hour(before.at) == hour(at) || before.at == at
            });
            if !holds {
                let partitions = usize::try_from(figures.partitions).unwrap_or(usize::MAX);
                let due = Due { line, partitions };
                waiting.push((before.map(|before| before.at), due));
            }
        }
        waiting.sort_by_key(|(written_at, _)| *written_at);
        let mut due = Vec::new();
        for (written_at, one) in waiting {
            if written_at.is_some() {
                if self.may_write <= 0.0 {
                    break;
                }
                self.may_write -= one.partitions as f64;
            }
            due.push(one);
        }
        due
    }

    /// Rows that the store need not keep once it has `samples`, by group and time. The first of each
    /// hour stays: who reads a window looks back no further.
    pub fn superseded(&self, samples: &[GroupSample]) -> Vec<(i64, Timestamp)> {
        let row = |sample: &GroupSample| {
            let before = self.groups.get(&sample.group)?;
            let is_near = before.at.ms_since(before.kept_at) < self.keep_every_ms;
            let is_first = hour(before.at) != hour(before.kept_at) || before.at == before.kept_at;
            (is_near && !is_first).then_some((sample.group, before.at))
        };
        samples.iter().filter_map(row).collect()
    }

    /// After the store has taken them.
    pub fn take(&mut self, samples: &[GroupSample], lines: &Lines) {
        let superseded: HashMap<i64, Timestamp> = self.superseded(samples).into_iter().collect();
        for sample in samples {
            let Some(figures) = lines.figures.get(&sample.group) else {
                continue;
            };
            let before = self.groups.get(&sample.group);
            let kept_at = match before {
                None => sample.at,
                Some(before) if superseded.contains_key(&sample.group) => before.kept_at,
                Some(before) => before.at,
            };
            let sampled = Sampled {
                fingerprint: figures.fingerprint,
                at: sample.at,
                kept_at,
            };
            self.groups.insert(sample.group, sampled);
        }
    }

    pub fn forget(&mut self, group: i64) {
        self.groups.remove(&group);
    }
}

fn hour(at: Timestamp) -> i64 {
    at.unix_millis().div_euclid(HOUR_MS)
}

#[cfg(test)]
#[path = "sampling_tests.rs"]
mod tests;
