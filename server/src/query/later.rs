//! Traces to look at again: the metrics of an attempt's process, which tell its cause, arrive after
//! its spans.

use std::collections::{BTreeSet, HashMap, HashSet};

use waybill_model::id::TraceId;
use waybill_model::time::Timestamp;

/// To the first look and from that to the last: senders export once a minute at the slowest that is
/// common.
const WAIT_MS: i64 = 75_000;
const MOST: usize = 10_000;

/// Each trace once. Of too many those go that were due first.
#[derive(Default)]
pub(super) struct Later {
    looks: HashMap<TraceId, (Timestamp, Look)>,
    order: BTreeSet<(Timestamp, TraceId)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    First,
    Last,
}

impl Later {
    /// A row of it was written at this time and lacks a cause.
    pub(super) fn written(&mut self, trace_id: TraceId, at: Timestamp) {
        self.put(trace_id, at.plus_ms(WAIT_MS), Look::First);
        while self.order.len() > MOST {
            let Some((_, oldest)) = self.order.pop_first() else {
                return;
            };
            self.looks.remove(&oldest);
        }
    }

    pub(super) fn forget(&mut self, trace_id: TraceId) {
        if let Some((at, _)) = self.looks.remove(&trace_id) {
            self.order.remove(&(at, trace_id));
        }
    }

    /// Those that have waited longest.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<TraceId> {
        let due = self.order.iter().take_while(|(at, _)| *at <= now);
        due.take(most).map(|(_, trace_id)| *trace_id).collect()
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.order.first().is_some_and(|(at, _)| *at <= now)
    }

    /// Those that still lack a cause are due once more, unless this was their last look.
    pub(super) fn looked(
        &mut self,
        traces: &[TraceId],
        lacking: &HashSet<TraceId>,
        now: Timestamp,
    ) {
        for trace_id in traces {
            let look = self.looks.get(trace_id).map(|(_, look)| *look);
            self.forget(*trace_id);
            if look == Some(Look::First) && lacking.contains(trace_id) {
                self.put(*trace_id, now.plus_ms(WAIT_MS), Look::Last);
            }
        }
    }

    fn put(&mut self, trace_id: TraceId, at: Timestamp, look: Look) {
        self.forget(trace_id);
        self.looks.insert(trace_id, (at, look));
        self.order.insert((at, trace_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(n: u64) -> TraceId {
        let mut id = [1; 16];
        id[8..].copy_from_slice(&n.to_be_bytes());
        TraceId::new(id).unwrap()
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    #[test]
    fn a_trace_is_due_twice_where_its_cause_stays_unknown() {
        let mut later = Later::default();
        let lacking = HashSet::from([trace(1)]);
        later.written(trace(1), at(0));
        later.written(trace(2), at(1));
        assert!(!later.is_due(at(74_999)));
        assert_eq!(later.due(at(75_001), 9), [trace(1), trace(2)]);
        assert_eq!(later.due(at(75_001), 1), [trace(1)]);
        later.looked(&[trace(1), trace(2)], &lacking, at(75_001));
        assert!(!later.is_due(at(150_000)));
        assert_eq!(later.due(at(150_001), 9), [trace(1)]);
        later.looked(&[trace(1)], &lacking, at(150_001));
        assert!(later.looks.is_empty() && later.order.is_empty());
    }

    #[test]
    fn a_row_that_is_written_again_waits_anew() {
        let mut later = Later::default();
        later.written(trace(1), at(0));
        later.written(trace(1), at(50_000));
        assert!(!later.is_due(at(124_999)));
        assert_eq!(later.due(at(125_000), 9), [trace(1)]);
        later.forget(trace(1));
        assert!(!later.is_due(at(125_000)));
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let mut later = Later::default();
        for n in 0..=MOST as u64 {
            later.written(trace(n), at(n as i64));
        }
        let due = later.due(at(1_000_000), usize::MAX);
        assert_eq!((due.len(), later.looks.len()), (MOST, MOST));
        assert_eq!(due[0], trace(1));
    }
}
