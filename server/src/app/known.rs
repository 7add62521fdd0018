//! What the configuration says of the world that journeys are told in.

use waybill_model::journey::Owner;

use crate::config::Config;
use crate::journey::{Clusters, KnownCluster, OwnerRule, Owners};

pub(super) fn clusters(config: &Config) -> Clusters {
    let clusters = config.clusters.iter();
    let known = clusters.map(|cluster| KnownCluster {
        name: cluster.name.clone(),
        system: cluster.broker.clone(),
        id: None,
        addresses: cluster.addresses.clone(),
        is_managed: cluster.managed,
    });
    Clusters(known.collect())
}

pub(super) fn owners(config: &Config) -> Owners {
    let owners = config.owners.iter();
    let rules = owners.map(|owner| OwnerRule {
        cluster: owner.cluster.clone(),
        destination: owner.destination.clone(),
        service: owner.service.clone(),
        owner: Owner {
            team: owner.team.clone(),
            runbook: owner.runbook.clone(),
        },
    });
    Owners(rules.collect())
}
