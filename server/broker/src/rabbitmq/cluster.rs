//! A configured cluster.

use std::sync::Arc;

use waybill_model::problem::Problem;

use super::browse::RabbitBrowse;
use super::observe::RabbitObserve;
use super::settings::RabbitSettings;
use crate::adapter::{Cluster, Connect, Observe, Settings};
use crate::browse::Browse;

pub(super) struct RabbitConnect;

impl Connect for RabbitConnect {
    fn cluster(&self, name: &str, settings: &Settings) -> Result<Arc<dyn Cluster>, Problem> {
        let settings = RabbitSettings::read(name, settings)?;
        let addresses = settings.addresses();
        let browse = RabbitBrowse::new(name, &settings)?;
        let observe = if settings.management.is_empty() {
            None
        } else {
            Some(RabbitObserve::new(name, settings)?)
        };
        Ok(Arc::new(RabbitCluster {
            addresses,
            observe,
            browse,
        }))
    }

    fn browses(&self) -> bool {
        true
    }
}

struct RabbitCluster {
    addresses: Vec<String>,
    /// `None` without an address of a management API: AMQP itself lists nothing.
    observe: Option<RabbitObserve>,
    browse: RabbitBrowse,
}

impl Cluster for RabbitCluster {
    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    fn observe(&self) -> Option<&dyn Observe> {
        self.observe.as_ref().map(|observe| observe as _)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(&self.browse)
    }
}
