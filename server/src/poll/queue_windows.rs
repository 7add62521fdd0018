//! The last readings of queues, which have no offsets: what was taken from one stands for a position,
//! what it holds for lag. Counters may be read more seldom than what a queue holds; how long nothing
//! was taken is told from readings of counters alone.

use std::collections::{HashMap, VecDeque};

use waybill_model::judgement::{Cause, LagSource, PartitionJudgement, Verdict};
use waybill_model::time::Timestamp;

use super::depths::DepthKept;
use super::positions::Positions;
use crate::detect::{
    Around, Forecast, HeadAttempts, Heads, Loss, Members, Rates, Rules, Sample, Window, forecast,
    judge,
};

const MOST_READINGS: usize = 24;
const MOST_ENDS: usize = 24;

/// By namespace and name.
#[derive(Default)]
pub struct QueueWindows {
    queues: HashMap<(Option<String>, String), QueueWindow>,
}

#[derive(Default)]
struct QueueWindow {
    samples: VecDeque<Sample>,
    /// What was published, over time.
    published: Heads,
    moved_at: Option<Timestamp>,
}

impl QueueWindows {
    pub fn take(&mut self, positions: &Positions) {
        for (name, kept) in positions.depths.iter().filter(|(_, kept)| kept.told) {
            let window = match self.queues.get_mut(name) {
                Some(window) => window,
                None => self.queues.entry(name.clone()).or_default(),
            };
            window.take(kept);
        }
        self.queues
            .retain(|name, _| positions.depths.contains_key(name));
    }

    /// `None`: not enough data.
    pub fn judged(
        &self,
        kept: &DepthKept,
        members: Members,
        rules: &Rules,
    ) -> Option<(PartitionJudgement, Option<u64>, Forecast)> {
        let name = (kept.depth.namespace.clone(), kept.depth.destination.clone());
        let window = self.queues.get(&name)?;
        let lag = kept.messages()?;
        let at = kept.depth.at;
        let mut one = PartitionJudgement {
            destination: name.1,
            in_per_s: kept.published.per_s,
            out_per_s: taken(kept).per_s,
            ..PartitionJudgement::default()
        };
        let rates = Rates {
            in_per_s: one.in_per_s,
            out_per_s: one.out_per_s,
        };
        let forecast = forecast(lag, rates, &Loss::default(), at);
        one.drain_ms = forecast.drain_ms;
        if lag == 0 {
            one.verdict = Verdict::Ok;
            return Some((one, Some(0), forecast));
        }
        (one.behind_since, one.lag_source) = window.behind(kept, lag);
        let consumers = kept.depth.consumers.or(members.count);
        let mut samples = window.samples.clone();
        let until = match consumers {
            // Without consumers nothing is taken, whatever counters would tell.
            Some(0) => at,
            _ => taken(kept).last.map_or(at, |(_, read)| read),
        };
        let view = Window {
            samples: samples.make_contiguous(),
            until: until.max(window.samples.front().map_or(at, |first| first.at)),
            moved_at: window.moved_at,
            cut_at: None,
        };
        let around = Around {
            members: consumers,
            is_assigned: None,
            members_at: Some(at),
            attempts: HeadAttempts::Unknown,
        };
        match judge(&view, &around, rules) {
            Some(found) => {
                (one.verdict, one.cause, one.since) = (found.verdict, found.cause, found.since);
            }
            None => one.cause = Some(Cause::FewReadings),
        }
        Some((one, Some(lag), forecast))
    }
}

impl QueueWindow {
    fn take(&mut self, kept: &DepthKept) {
        let at = kept.depth.at;
        if let Some((published, told_at)) = kept.published.last {
            let count = i64::try_from(published).unwrap_or(i64::MAX);
            self.published.read(count, told_at, MOST_ENDS);
        }
        let taken = taken(kept).last.map(|(count, _)| count);
        let sample = Sample {
            at,
            // Counters are absent until something was counted.
            committed: Some(i64::try_from(taken.unwrap_or_default()).unwrap_or(i64::MAX)),
            lag: kept.messages(),
        };
        if let Some(last) = self.samples.back() {
            if last.at >= at {
                return;
            }
            if last.committed > sample.committed {
                // Its node began again, and with it its counters.
                self.samples.clear();
                self.moved_at = None;
            } else if last.committed < sample.committed {
                self.moved_at = kept.taken_at().or(Some(at));
            }
        }
        let same = self
            .samples
            .back()
            .is_some_and(|last| last.committed == sample.committed && last.lag == sample.lag);
        if !same {
            self.samples.push_back(sample);
        }
        if self.samples.len() > MOST_READINGS {
            self.samples.pop_front();
        }
    }

    /// Since when its oldest message waits.
    fn behind(&self, kept: &DepthKept, lag: u64) -> (Option<Timestamp>, Option<LagSource>) {
        let at = kept.depth.at;
        if let Some(head_at) = kept.depth.head_at {
            return (Some(head_at.min(at)), Some(LagSource::HeadMessage));
        }
        let lag_count = i64::try_from(lag).unwrap_or(i64::MAX);
        let oldest = kept.published.last.filter(|(_, told_at)| *told_at == at);
        let oldest =
            oldest.and_then(|(count, _)| i64::try_from(count).ok()?.checked_sub(lag_count));
        if let Some(written) = oldest.and_then(|oldest| self.published.written_at(oldest)) {
            return (Some(written), Some(LagSource::Counters));
        }
        let rate = kept.published.per_s.filter(|rate| *rate > 0.0);
        match rate {
            Some(rate) => {
                let ms = (lag as f64 * 1_000.0 / rate).min(1e12);
                (Some(at.plus_ms(-(ms as i64))), Some(LagSource::Rate))
            }
            None => (None, None),
        }
    }
}

/// What tells how much was taken for good: acknowledgements, or deliveries where none are asked for.
fn taken(kept: &DepthKept) -> super::depths::Counter {
    match kept.acknowledged.last {
        Some((count, _)) if count > 0 => kept.acknowledged,
        _ => match kept.depth.unacknowledged {
            // What is delivered and not acknowledged would be held.
            Some(0) if kept.depth.redelivered_total.unwrap_or(0) == 0 => kept.delivered,
            _ => kept.acknowledged,
        },
    }
}

#[cfg(test)]
#[path = "queue_windows_tests.rs"]
mod tests;
