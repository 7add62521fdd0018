//! A cluster as it is polled: how fresh it is, what refused, what is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::posture::{Posture, RiskCounts};
use crate::time::Timestamp;
use crate::topology::{Node, Topology, Unknown};

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

/// A cluster as the configuration names it, or a system that only spans name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cluster {
    pub id: String,
    pub name: String,
    pub broker: String,
    pub site: Option<String>,
    /// All of its sites; empty where none was named.
    pub sites: Vec<String>,
    pub colour: Option<String>,
    /// `off`, `replay` or `all`.
    pub actions: &'static str,
    /// `false`: only spans tell of it.
    pub managed: bool,
    /// Stands in the configuration.
    pub configured: bool,
    /// Its broker's own words; null where nobody knows the broker.
    pub words: Option<BrokerWords>,
    /// `journeys`: its messages are followed by their spans; `observe`: its broker is read.
    pub capabilities: Vec<&'static str>,
    pub version: Option<String>,
    /// The broker's own id of the cluster.
    pub cluster_id: Option<String>,
    /// Id of the node that decides for the cluster.
    pub controller: Option<String>,
    /// Client connections that are open now, and how many are in each state, in the broker's words.
    pub connections: Option<u64>,
    pub connection_states: Option<BTreeMap<String, u64>>,
    pub nodes: Option<Vec<Node>>,
    pub destination_count: Option<u64>,
    pub group_count: Option<u64>,
    /// Ways in which its settings let messages be lost, of destinations that the caller sees.
    pub risks: Option<RiskCounts>,
    /// Empty: none is missing. Null: nobody has told.
    pub missing_rights: Option<Vec<MissingRight>>,
    pub poll_interval_ms: Option<u64>,
    /// Since the broker was last read.
    pub poll_age_ms: Option<u64>,
    /// Why the broker is not read now; null while it answers.
    pub refused: Option<Refusal>,
    /// Of the last good readings, and whether they are older than two intervals.
    pub as_of: Option<Timestamp>,
    pub stale: Option<bool>,
    /// The same of nodes, version and what else is read seldom.
    pub topology_as_of: Option<Timestamp>,
    pub topology_stale: Option<bool>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
    /// Why, where the broker tells it.
    pub reasons: Vec<Unknown>,
}

/// A broker's own words for what is named alike for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BrokerWords {
    /// The broker, as people write it.
    pub label: String,
    pub destination: String,
    pub group: String,
    pub partition: String,
    pub offset: String,
}

/// A cluster as it was polled last.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedCluster {
    pub state: PollState,
    /// `None`: none was told yet.
    pub topology: Option<Arc<Topology>>,
    /// `None`: there is no topology, or its adapter judges nothing.
    pub posture: Option<Arc<Posture>>,
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
