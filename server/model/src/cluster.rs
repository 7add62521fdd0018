//! A cluster as it is polled: how fresh it is, what refused, what is missing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use crate::topology::Topology;

/// The last time that nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// `unreachable`, `too_slow`, `wrong_credentials`, `wrong_certificate`, `another_protocol`,
    /// `forbidden` or `bad_answer`.
    pub reason: String,
    /// Which address, in the broker's or the system's words.
    pub detail: String,
    pub hint: String,
    pub at: Timestamp,
}

/// A right that reading wants and this user has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingRight {
    /// In the broker's words.
    pub right: String,
    /// What stays blank without it.
    pub blank: String,
    /// The command of the broker's own tools that grants the least.
    pub grant: String,
}

/// How the polling of one cluster goes. Times are `None` until it happened once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollState {
    pub cluster: String,
    /// As in `messaging.system`.
    pub system: String,
    pub interval_ms: u64,
    pub topology_every_ms: u64,
    /// Of the last good answers.
    pub topology_at: Option<Timestamp>,
    pub readings_at: Option<Timestamp>,
    /// `None` once everything is answered again.
    pub refused: Option<Refusal>,
    /// `None`: nobody has told.
    pub missing_rights: Option<Vec<MissingRight>>,
}

/// A cluster as it was polled last.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedCluster {
    pub state: PollState,
    /// `None`: none was told yet.
    pub topology: Option<Arc<Topology>>,
}

impl PollState {
    /// Readings older than two intervals.
    pub fn readings_are_stale(&self, now: Timestamp) -> bool {
        is_stale(self.readings_at, self.interval_ms, now)
    }

    pub fn topology_is_stale(&self, now: Timestamp) -> bool {
        is_stale(self.topology_at, self.topology_every_ms, now)
    }
}

fn is_stale(at: Option<Timestamp>, interval_ms: u64, now: Timestamp) -> bool {
    at.is_none_or(|at| now.ms_since(at) > 2.0 * interval_ms as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_after_two_intervals_and_before_the_first_answer() {
        let now = Timestamp::from_unix_millis(100_000);
        let mut state = PollState {
            interval_ms: 5_000,
            topology_every_ms: 60_000,
            ..PollState::default()
        };
        assert!(state.readings_are_stale(now) && state.topology_is_stale(now));
        state.readings_at = Some(now.plus_ms(-10_000));
        state.topology_at = state.readings_at;
        assert!(!state.readings_are_stale(now));
        state.readings_at = Some(now.plus_ms(-10_001));
        assert!(state.readings_are_stale(now) && !state.topology_is_stale(now));
    }
}
