//! What the configuration says of the world that journeys are told in, and adapters of their brokers.

use std::collections::BTreeMap;

use waybill_broker::{BrokerAdapter, Judge};
use waybill_model::cluster::BrokerWords;
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

pub(super) fn words(adapters: &[BrokerAdapter]) -> BTreeMap<String, BrokerWords> {
    let words = adapters.iter().map(|adapter| {
        let own = adapter.vocabulary;
        let words = BrokerWords {
            label: adapter.label.to_owned(),
            destination: own.destination.to_owned(),
            group: own.group.to_owned(),
            partition: own.partition.to_owned(),
            offset: own.offset.to_owned(),
        };
        (adapter.name.to_owned(), words)
    });
    words.collect()
}

pub(super) fn judges(adapters: &[BrokerAdapter]) -> Vec<(String, Judge)> {
    let judges = adapters.iter().filter_map(|adapter| {
        let judge = adapter.posture?;
        Some((adapter.name.to_owned(), judge))
    });
    judges.collect()
}
