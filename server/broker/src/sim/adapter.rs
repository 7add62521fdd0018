//! A made-up broker whose clusters are simulated ones: a fourth broker needs no other code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use waybill_model::problem::{Code, Problem};

use super::Sim;
use crate::adapter::{BrokerAdapter, Cluster, Connect, Settings, Vocabulary};

/// Simulated clusters by their configured name.
#[derive(Clone, Default)]
pub struct Sims {
    by_name: Arc<Mutex<BTreeMap<String, Sim>>>,
}

impl Sims {
    pub fn add(&self, name: &str, sim: &Sim) {
        let mut sims = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        sims.insert(name.to_owned(), sim.clone());
    }

    /// # Errors
    /// `ConfigInvalid`: none was added under this name.
    pub fn find(&self, name: &str) -> Result<Sim, Problem> {
        let sims = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        sims.get(name).cloned().ok_or_else(|| {
            Problem::new(
                Code::ConfigInvalid,
                format!("no simulated cluster is called {name}"),
                "Add it before the application starts.",
            )
        })
    }
}

impl Connect for Sims {
    fn cluster(&self, name: &str, _: &Settings) -> Result<Arc<dyn Cluster>, Problem> {
        Ok(Arc::new(self.find(name)?))
    }

    fn browses(&self) -> bool {
        true
    }
}

pub fn adapter(name: &'static str, sims: &Sims) -> BrokerAdapter {
    BrokerAdapter {
        name,
        label: "Simulated",
        vocabulary: Vocabulary {
            destination: "topic",
            group: "group",
            partition: "partition",
            offset: "offset",
        },
        dialect: None,
        connect: Some(Arc::new(sims.clone())),
        addresses: None,
        posture: Some(super::posture::of),
    }
}
