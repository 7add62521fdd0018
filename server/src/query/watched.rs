//! Traces of journeys in trouble, watched for more of their spans.

use std::collections::HashMap;

use waybill_model::id::TraceId;
use waybill_model::time::Timestamp;
use waybill_store::Touch;

const MAX_WATCHED: usize = 200_000;

/// Each trace with the time of its latest span, found by what marks tell of it.
#[derive(Default)]
pub(super) struct Watched {
    by_touch: HashMap<Touch, Vec<(TraceId, Timestamp)>>,
    traces: usize,
}

impl Watched {
    pub(super) fn watch(&mut self, trace_id: TraceId, now: Timestamp) {
        let same = self.by_touch.entry(Touch::of(trace_id)).or_default();
        match same.iter_mut().find(|(known, _)| *known == trace_id) {
            Some((_, at)) => *at = now,
            None => {
                same.push((trace_id, now));
                self.traces += 1;
            }
        }
    }

    /// The watched traces among those touched; a few more where touches collide.
    pub(super) fn touched(&mut self, touched: &[Touch], now: Timestamp) -> Vec<TraceId> {
        if self.by_touch.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for touch in touched {
            for (trace_id, at) in self.by_touch.get_mut(touch).into_iter().flatten() {
                *at = now;
                found.push(*trace_id);
            }
        }
        found
    }

    /// Those whose latest span came before `oldest`, and the oldest of too many.
    pub(super) fn forget(&mut self, oldest: Timestamp) {
        let mut cut = oldest;
        if self.traces > MAX_WATCHED {
            let mut times: Vec<Timestamp> = self
                .by_touch
                .values()
                .flatten()
                .map(|(_, at)| *at)
                .collect();
            times.sort_unstable();
            cut = cut.max(times[times.len() - MAX_WATCHED]);
        }
        self.by_touch.retain(|_, same| {
            same.retain(|(_, at)| *at >= cut);
            !same.is_empty()
        });
        self.traces = self.by_touch.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(n: u8) -> TraceId {
        TraceId::new([n; 16]).unwrap()
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    #[test]
    fn a_watched_trace_is_found_until_it_is_forgotten() {
        let mut watched = Watched::default();
        watched.watch(trace(1), at(1));
        watched.watch(trace(2), at(1));
        let both = [1, 2, 3].map(|n| Touch::of(trace(n)));
        assert_eq!(watched.touched(&both, at(5)), [trace(1), trace(2)]);
        watched.watch(trace(1), at(9));
        watched.forget(at(6));
        assert_eq!(watched.touched(&both, at(10)), [trace(1)]);
        watched.forget(at(11));
        assert!(watched.touched(&both, at(12)).is_empty());
    }
}
