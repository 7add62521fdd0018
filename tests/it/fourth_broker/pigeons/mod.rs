//! Pigeon Post, a broker that does not exist: lofts hold messages on perches, flocks carry them.
//! Its clusters are simulated ones; everything else is its own.

mod dialect;
mod posture;
mod settings;

use std::sync::Arc;

use waybill_broker::sim::{Sim, Sims};
use waybill_broker::{
    BrokerAdapter, Browse, Cluster, Connect, Observe, Vocabulary, settings::Settings,
};
use waybill_model::problem::Problem;

pub const SYSTEM: &str = "pigeonpost";
/// Of the instrumentation library that its clients use.
pub const SCOPE: &str = "pigeon-instrumentation";

/// `skies`: simulated clusters by the name that the configuration gives them.
pub fn adapter(skies: &Sims) -> BrokerAdapter {
    BrokerAdapter {
        name: SYSTEM,
        label: "Pigeon Post",
        vocabulary: Vocabulary {
            destination: "loft",
            group: "flock",
            partition: "perch",
            offset: "ring number",
        },
        dialect: Some(Arc::new(dialect::PigeonDialect)),
        connect: Some(Arc::new(PigeonConnect(skies.clone()))),
        addresses: None,
        posture: Some(posture::of),
    }
}

struct PigeonConnect(Sims);

impl Connect for PigeonConnect {
    fn cluster(&self, name: &str, settings: &Settings) -> Result<Arc<dyn Cluster>, Problem> {
        let addresses = settings::addresses(settings)?;
        let sim = self.0.find(name)?;
        Ok(Arc::new(Sky { addresses, sim }))
    }

    fn browses(&self) -> bool {
        true
    }
}

struct Sky {
    addresses: Vec<String>,
    sim: Sim,
}

impl Cluster for Sky {
    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    fn observe(&self) -> Option<&dyn Observe> {
        Some(&self.sim)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(&self.sim)
    }
}
