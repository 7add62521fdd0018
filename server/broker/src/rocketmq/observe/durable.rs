//! What the configuration of its brokers means for a topic: when a message is safe, and how long it is
//! kept.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{Setting, Unknown, Why};

use super::destinations::Replicated;
use crate::rocketmq::answers::broker_config::BrokerConfig;
use crate::rocketmq::answers::topic_configs::TopicConfig;

pub(super) const RIGHT: &str = "Get on Cluster";
const KEPT: &str = "fileReservedTime";

type Part<'a> = (Replicated<'a>, &'a TopicConfig);

/// Each value with the brokers that have it.
pub(super) fn settings(parts: &[Part<'_>]) -> Vec<Setting> {
    let mut told: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for ((broker, _), _) in parts {
        for (name, value) in broker.config.iter().flat_map(listed) {
            if let Some(value) = value {
                let brokers = told.entry((name, value)).or_default();
                brokers.push(&broker.broker.name);
            }
        }
    }
    let settings = told.into_iter().map(|((name, value), brokers)| Setting {
        name: name.to_owned(),
        value: Some(value),
        source: brokers.join(", "),
    });
    settings.collect()
}

/// Why one of them is not known of some broker.
pub(super) fn unknown(parts: &[Part<'_>]) -> BTreeSet<Unknown> {
    let mut unknown = BTreeSet::new();
    for ((broker, _), _) in parts {
        let lacking = listed(broker.config.as_ref().unwrap_or(&BrokerConfig::default()));
        for (name, _) in lacking.iter().filter(|(_, value)| value.is_none()) {
            let member = format!("settings.{name}");
            unknown.insert(match &broker.config {
                Err(failure) => failure.unknown(&member, RIGHT),
                Ok(_) => Unknown {
                    member,
                    why: Why::Missing,
                    detail: Some(format!("broker {} does not tell it", broker.broker.name)),
                },
            });
        }
    }
    unknown
}

/// Of brokers that differ the shortest; where one does not tell, nobody knows.
pub(super) fn keeps_ms(parts: &[Part<'_>]) -> Option<u64> {
    let hours = parts.iter().map(|((broker, _), _)| {
        let config = broker.config.as_ref().ok()?;
        config.file_reserved_hours
    });
    let hours: Option<Vec<u64>> = hours.collect();
    hours?.into_iter().min()?.checked_mul(3_600_000)
}

fn listed(config: &BrokerConfig) -> [(&'static str, Option<String>); 3] {
    let hours = config.file_reserved_hours.map(|hours| hours.to_string());
    [
        ("flushDiskType", config.flush_disk_type.clone()),
        ("brokerRole", config.broker_role.clone()),
        (KEPT, hours),
    ]
}
