//! Clusters whose stored messages people may read.

use std::collections::HashMap;

use waybill_broker::BrokerAdapter;
use waybill_model::problem::Problem;

use super::polling::connect;
use crate::config::{Config, ProcessRole};
use crate::payload::Decoder;
use crate::payload::registry::Registry;
use crate::query::browse::{Shelved, Shelves};

/// Connections of their own: who reads a large topic does not hold up a poll.
///
/// # Errors
/// `ConfigInvalid` where an adapter cannot read a cluster's settings, or its schema registry has a
/// file of authorities that is none.
pub(super) fn of(config: &Config, adapters: &[BrokerAdapter]) -> Result<Shelves, Problem> {
    let mut shelves = HashMap::new();
    // Pollers ask when the message was written that a group stands before.
    if !config.has_role(ProcessRole::Web) && !config.has_role(ProcessRole::Poll) {
        return Ok(Shelves::new(shelves));
    }
    for cluster in config.clusters.iter().filter(|cluster| cluster.managed) {
        let Some(connect) = connect(adapters, cluster) else {
            continue;
        };
        let registry = cluster.schema_registry.as_ref();
        let registry = registry.map(|settings| Registry::new(&cluster.name, settings));
        let shelved = Shelved {
            cluster: connect.cluster(&cluster.name, &cluster.resolved.0)?,
            decoder: Decoder::new(registry.transpose()?),
        };
        shelves.insert(cluster.name.clone(), shelved);
    }
    Ok(Shelves::new(shelves))
}
