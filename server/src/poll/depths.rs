//! A queue without offsets, as last told. Its counters may be read more seldom than its depth.

use waybill_model::time::Timestamp;
use waybill_model::topology::Depth;

use super::lag::Step;

#[derive(Clone, Debug)]
pub struct DepthKept {
    /// The last reading that told how much it holds.
    pub depth: Depth,
    /// It was the last reading of the cluster.
    pub told: bool,
    /// The reading since which it holds what it holds now.
    pub held_since: Timestamp,
    pub published: Counter,
    pub acknowledged: Counter,
    /// Handed to a consumer, whatever it did with it.
    pub delivered: Counter,
}

/// A count since the node began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counter {
    /// The last one told, and when.
    pub last: Option<(u64, Timestamp)>,
    /// Since the one before; `None` where this reading told none.
    pub step: Step,
    pub per_s: Option<f64>,
    /// The reading that last told of more than the one before, or could not be compared with it.
    pub moved_at: Option<Timestamp>,
}

impl DepthKept {
    pub fn after(old: Option<&Self>, depth: Depth) -> Self {
        let counter = |pick: fn(&Self) -> Counter, told: Option<u64>| {
            let before = old.map(pick).unwrap_or_default();
            before.after(told, depth.at)
        };
        let published = counter(|kept| kept.published, depth.published_total);
        let acknowledged = counter(|kept| kept.acknowledged, depth.acknowledged_total);
        let delivered = counter(|kept| kept.delivered, depth.delivered_total);
        // A queue whose node is away is told without figures: the last good ones age.
        let (depth, told) = match old {
            Some(old) if depth.ready.is_none() && old.depth.ready.is_some() => {
                (old.depth.clone(), false)
            }
            _ => (depth, true),
        };
        let held_since = match old.filter(|old| old.messages() == messages(&depth)) {
            Some(old) => old.held_since,
            None => depth.at,
        };
        Self {
            depth,
            told,
            held_since,
            published,
            acknowledged,
            delivered,
        }
    }

    /// As it stands when a reading leaves it out.
    pub fn unread(&self) -> Self {
        let mut kept = self.clone();
        kept.told = false;
        (kept.published.step, kept.acknowledged.step) = (Step::None, Step::None);
        kept.delivered.step = Step::None;
        kept
    }

    /// Everything that the queue holds; `None` where a part is not known.
    pub fn messages(&self) -> Option<u64> {
        messages(&self.depth)
    }

    /// The reading that last told of something taken: handed out, or gone for good.
    pub fn taken_at(&self) -> Option<Timestamp> {
        self.delivered.moved_at.max(self.acknowledged.moved_at)
    }

    /// Whether everything that ever came was taken for good, by counters of one reading; `None`: they
    /// were not told, or not of one.
    pub fn all_taken(&self) -> Option<bool> {
        let (published, at) = self.published.last?;
        let (taken, taken_at) = self.acknowledged.last?;
        (at == taken_at).then_some(published == taken)
    }
}

fn messages(depth: &Depth) -> Option<u64> {
    depth.ready?.checked_add(depth.unacknowledged?)
}

impl Counter {
    fn after(self, told: Option<u64>, at: Timestamp) -> Self {
        let Some(now) = told else {
            return Self {
                step: Step::None,
                ..self
            };
        };
        let whole = |count: u64| i64::try_from(count).ok();
        let step = Step::between(self.last.and_then(|(count, _)| whole(count)), whole(now));
        let from = self.last.map_or(at, |(_, at)| at);
        let stood = step == Step::By(0) || (self.last.is_none() && now == 0);
        Self {
            moved_at: if stood { self.moved_at } else { Some(at) },
            last: Some((now, at)),
            step,
            per_s: step.per_s(from, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(ms: i64, ready: Option<u64>, published: Option<u64>) -> Depth {
        Depth {
            ready,
            unacknowledged: ready.map(|_| 1),
            published_total: published,
            at: Timestamp::from_unix_millis(ms),
            ..Depth::default()
        }
    }

    #[test]
    fn counters_that_are_read_seldom_keep_their_rate() {
        let first = DepthKept::after(None, depth(0, Some(5), Some(100)));
        assert_eq!(
            (first.messages(), first.published.step),
            (Some(6), Step::Unknown)
        );
        assert_eq!(first.published.per_s, None);
        let second = DepthKept::after(Some(&first), depth(5_000, Some(7), None));
        assert_eq!(
            (second.messages(), second.published.step),
            (Some(8), Step::None)
        );
        let third = DepthKept::after(Some(&second), depth(30_000, Some(7), Some(400)));
        assert_eq!(third.published.step, Step::By(300));
        assert_eq!(third.published.per_s, Some(10.0));
        let fourth = DepthKept::after(Some(&third), depth(35_000, Some(7), None));
        assert_eq!(fourth.published.per_s, Some(10.0));
        assert_eq!(fourth.published.moved_at, Some(third.depth.at));
        assert_eq!(fourth.acknowledged.moved_at, None, "nothing was ever taken");
        // The node began again.
        let fifth = DepthKept::after(Some(&fourth), depth(60_000, Some(0), Some(3)));
        assert_eq!(
            (fifth.published.step, fifth.published.per_s),
            (Step::Unknown, None)
        );
    }

    #[test]
    fn a_queue_whose_node_is_away_keeps_what_was_told() {
        let first = DepthKept::after(None, depth(0, Some(5), Some(100)));
        let away = DepthKept::after(Some(&first), depth(5_000, None, None));
        assert_eq!(away.messages(), Some(6));
        assert_eq!((away.depth.at, away.told), (Timestamp::EPOCH, false));
        let never = DepthKept::after(None, depth(5_000, None, None));
        assert_eq!(never.messages(), None);
    }
}
