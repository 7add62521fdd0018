//! How clusters' own settings let messages be lost, judged by their adapters once a topology.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use waybill_broker::Judge;
use waybill_model::posture::Posture;
use waybill_model::topology::Topology;

/// By system, with what was judged last.
#[derive(Clone, Default)]
pub(super) struct Judges {
    by_system: Arc<BTreeMap<String, Judge>>,
    judged: Arc<Mutex<HashMap<String, Judged>>>,
}

struct Judged {
    topology: Arc<Topology>,
    posture: Arc<Posture>,
}

impl Judges {
    pub(super) fn of(judges: impl IntoIterator<Item = (String, Judge)>) -> Self {
        Self {
            by_system: Arc::new(judges.into_iter().collect()),
            judged: Arc::default(),
        }
    }

    /// `None`: nobody judges clusters of this system.
    pub(super) fn posture(
        &self,
        cluster: &str,
        system: &str,
        topology: &Arc<Topology>,
    ) -> Option<Arc<Posture>> {
        let judge = self.by_system.get(system)?;
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let known = judged.get(cluster);
        if let Some(known) = known.filter(|known| Arc::ptr_eq(&known.topology, topology)) {
            return Some(known.posture.clone());
        }
        let posture = Arc::new(judge(topology));
        let kept = Judged {
            topology: topology.clone(),
            posture: posture.clone(),
        };
        judged.insert(cluster.to_owned(), kept);
        Some(posture)
    }
}
