//! One RocketMQ cluster: the client and the facets that stand on it.

use std::sync::Arc;

use waybill_model::problem::{Code, Problem};

use super::client::Client;
use super::observe::Memory;
use super::settings::RocketSettings;
use crate::adapter::{Cluster, Connect, Observe, Settings};
use crate::browse::Browse;
use crate::tls::Tls;

pub(super) struct RocketConnect;

impl Connect for RocketConnect {
    fn cluster(&self, name: &str, settings: &Settings) -> Result<Arc<dyn Cluster>, Problem> {
        let settings = RocketSettings::read(name, settings)?;
        let tls = settings.tls.clone().map(Tls::new).transpose();
        let tls = tls.map_err(|error| {
            Problem::new(
                Code::ConfigInvalid,
                format!("cluster {name:?}, settings.tls: {error}"),
                "Name readable PEM files: the authority, and our certificate with its key.",
            )
        })?;
        Ok(Arc::new(RocketCluster {
            client: Client::new(settings, tls),
            memory: Memory::default(),
        }))
    }

    fn browses(&self) -> bool {
        true
    }
}

pub(super) struct RocketCluster {
    pub(super) client: Client,
    pub(super) memory: Memory,
}

impl Cluster for RocketCluster {
    /// Name servers, and brokers as far as they are known: spans may name either.
    fn addresses(&self) -> Vec<String> {
        let listed = self.client.namesrv.iter().chain(&self.client.proxies);
        let mut addresses: Vec<String> = listed.map(|target| target.address.clone()).collect();
        if let Some(brokers) = self.client.brokers() {
            addresses.extend(brokers.all().map(|target| target.address));
        }
        addresses
    }

    fn observe(&self) -> Option<&dyn Observe> {
        Some(self)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(self)
    }
}
