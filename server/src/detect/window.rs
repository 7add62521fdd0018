//! The readings of one group on one partition.

use waybill_model::time::Timestamp;

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    /// `None`: it never committed.
    pub committed: Option<i64>,
    /// In messages; `None` where it is not known.
    pub lag: Option<u64>,
}

/// Oldest first. Readings that tell the same as the one before may be left out: `until` says how far
/// the last one holds.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    pub samples: &'a [Sample],
    pub until: Timestamp,
    /// When its position was seen to move last, also before the window; `None`: never.
    pub moved_at: Option<Timestamp>,
    /// When the partition was seen to end before where it had ended: it was cut, or is another one
    /// under its name. What was read before says nothing of it.
    pub cut_at: Option<Timestamp>,
}

impl<'a> Window<'a> {
    /// What was read since the partition is what it is.
    pub fn current(&self) -> &'a [Sample] {
        let from = match self.cut_at {
            Some(cut) => self.samples.iter().position(|sample| sample.at >= cut),
            None => Some(0),
        };
        &self.samples[from.unwrap_or(self.samples.len())..]
    }

    pub fn last(&self) -> Option<&'a Sample> {
        self.current().last()
    }

    /// The last reading at which nothing waited.
    pub fn zero_at(&self) -> Option<Timestamp> {
        let samples = self.current();
        let at = samples.iter().rposition(|sample| sample.lag == Some(0))?;
        // It held until the next one.
        let until = samples.get(at + 1).map_or(self.until, |next| next.at);
        Some(until.max(samples[at].at))
    }

    /// Where the position differs from the reading before.
    pub fn moves(&self) -> impl DoubleEndedIterator<Item = (Sample, Sample)> + 'a {
        let pairs = self.current().windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter(|(before, after)| before.committed != after.committed)
    }

    /// The longest time that something waited for a move; `None` with fewer than two moves. Where
    /// nothing waited before, or nobody read what did, only a part of the time between two commits was
    /// seen: it counts as what clients do by themselves, if that was longer.
    pub fn cadence_ms(&self) -> Option<f64> {
        let (mut last, mut longest) = (None::<Timestamp>, None::<f64>);
        let mut idle_until = None;
        for pair in self.current().windows(2) {
            if pair[0].lag.is_none_or(|lag| lag == 0) {
                idle_until = Some(pair[1].at);
            }
            if pair[0].committed == pair[1].committed {
                continue;
            }
            let at = pair[1].at;
            if let Some(last) = last.replace(at) {
                let passed = at.ms_since(last);
                let gap = match idle_until.filter(|idle| *idle > last) {
                    Some(idle) => at.ms_since(idle).max(passed.min(USUAL_COMMIT_MS)),
                    None => passed,
                };
                longest = Some(longest.map_or(gap, |longest| longest.max(gap)));
            }
        }
        longest
    }

    /// Of the time since then, how long nobody told of it.
    pub fn unread_ms(&self, since: Timestamp) -> f64 {
        let samples = self.current();
        let nexts = samples.iter().skip(1).map(|next| next.at);
        let unread = samples.iter().zip(nexts.chain([self.until]));
        unread
            .filter(|(sample, _)| sample.lag.is_none())
            .map(|(sample, next)| next.ms_since(sample.at.max(since)).max(0.0))
            .sum()
    }
}

/// Between two commits that clients make by themselves.
pub const USUAL_COMMIT_MS: f64 = 5_000.0;
