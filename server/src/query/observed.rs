//! What pollers left in the store, whichever process they run in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use waybill_model::cluster::{ObservedCluster, PollState};
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Topology, Unknown, Why};

use super::Query;
use crate::auth::store_problem;

/// Topologies that were read, by cluster: read again when their version changed.
#[derive(Clone, Default)]
pub(super) struct Topologies {
    read: Arc<Mutex<HashMap<String, Versioned>>>,
}

struct Versioned {
    version: i64,
    topology: Arc<Topology>,
}

/// How polling goes, looked up by cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Polls {
    by_cluster: HashMap<String, PollState>,
    pub(super) now: Timestamp,
}

/// The age of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age {
    pub(super) as_of: Option<Timestamp>,
    pub(super) stale: bool,
}

impl Query {
    /// Every cluster that was ever polled, with its last topology.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub async fn observed(&self) -> Result<Vec<ObservedCluster>, Problem> {
        let mut observed = Vec::new();
        for state in self.store.poll_states().await.map_err(store_problem)? {
            let topology = self.topology_of(&state.cluster).await?;
            let posture = topology.as_ref().and_then(|topology| {
                let judges = &self.judges;
                judges.posture(&state.cluster, &state.system, topology)
            });
            observed.push(ObservedCluster {
                state,
                topology,
                posture,
            });
        }
        Ok(observed)
    }

    pub(super) async fn polls(&self, now: Timestamp) -> Result<Polls, Problem> {
        let states = self.store.poll_states().await.map_err(store_problem)?;
        let by_cluster = states
            .into_iter()
            .map(|state| (state.cluster.clone(), state));
        Ok(Polls {
            by_cluster: by_cluster.collect(),
            now,
        })
    }

    pub(super) async fn topology_of(
        &self,
        cluster: &str,
    ) -> Result<Option<Arc<Topology>>, Problem> {
        let version = self
            .store
            .topology_version(cluster)
            .await
            .map_err(store_problem)?;
        let Some(version) = version else {
            return Ok(None);
        };
        if let Some(known) = self.topologies.at(cluster, version) {
            return Ok(Some(known));
        }
        let Some((version, topology)) =
            self.store.topology(cluster).await.map_err(store_problem)?
        else {
            return Ok(None);
        };
        let topology = Arc::new(topology);
        self.topologies.keep(cluster, version, &topology);
        Ok(Some(topology))
    }
}

impl Topologies {
    fn at(&self, cluster: &str, version: i64) -> Option<Arc<Topology>> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read.get(cluster).filter(|known| known.version == version)?;
        Some(known.topology.clone())
    }

    fn keep(&self, cluster: &str, version: i64, topology: &Arc<Topology>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let topology = topology.clone();
        read.insert(cluster.to_owned(), Versioned { version, topology });
    }
}

impl Polls {
    pub(super) fn of(&self, cluster: &str) -> Option<&PollState> {
        self.by_cluster.get(cluster)
    }

    /// `figures_at`: where the figures are older than the cluster's last readings.
    pub(super) fn age(&self, cluster: &str, figures_at: Option<Timestamp>) -> Age {
        let Some(state) = self.of(cluster) else {
            return Age {
                as_of: figures_at,
                stale: true,
            };
        };
        Age {
            as_of: figures_at.or(state.readings_at),
            stale: figures_at.is_some() || state.readings_are_stale(self.now),
        }
    }

    /// Why figures of a cluster that were never told are not known.
    pub(super) fn why(&self, cluster: &str, member: &str) -> Unknown {
        let refused = self.of(cluster).and_then(|state| state.refused.as_ref());
        Unknown {
            member: member.to_owned(),
            why: match refused {
                Some(refused) if refused.reason == "forbidden" => Why::Forbidden,
                Some(_) => Why::Failed,
                None => Why::NotAsked,
            },
            detail: refused.map(|refused| format!("{}: {}", refused.reason, refused.detail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_were_left_out_are_stale_by_their_own_time() {
        let now = Timestamp::from_unix_millis(100_000);
        let mut polls = Polls {
            now,
            ..Polls::default()
        };
        let east = PollState {
            cluster: "east".into(),
            interval_ms: 5_000,
            readings_at: Some(now.plus_ms(-4_000)),
            ..PollState::default()
        };
        polls.by_cluster.insert("east".into(), east.clone());
        let fresh = Age {
            as_of: east.readings_at,
            stale: false,
        };
        assert_eq!(polls.age("east", None), fresh);
        let old = Some(now.plus_ms(-60_000));
        let aged = Age {
            as_of: old,
            stale: true,
        };
        assert_eq!(polls.age("east", old), aged);
        polls.now = now.plus_ms(7_000);
        assert!(polls.age("east", None).stale);
        let never = polls.age("west", None);
        assert_eq!((never.as_of, never.stale), (None, true));
    }
}
