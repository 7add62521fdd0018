//! Reads a cluster and changes nothing in it.
//!
//! Slow cadence: [`topology`] asks for everything that changes seldom, and remembers where leaders
//! and coordinators are. Quick cadence: [`readings`] asks each coordinator once for all commits of
//! all its groups, then each leader once for the ends of all its partitions: two requests a
//! broker, whatever the numbers of groups and partitions. Between two topologies each node is asked
//! for its list of groups a few times: a group that is new, gone or in another state has it read
//! before its time.

mod assembly;
mod assignment;
mod classic_groups;
mod cluster;
mod commits;
pub(super) mod configs;
mod consumer_groups;
mod coordinators;
mod eligible;
mod error_lines;
mod findings;
mod groups;
mod heads;
pub(super) mod log_dirs;
pub(super) mod metadata;
mod nodes;
mod offset_fetch;
mod open_transactions;
mod partial;
mod place_book;
mod quorum;
mod readings;
mod release;
mod rights;
mod rights_text;
mod share_groups;
mod topology;
mod vanished;
mod wrong_partitions;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Readings, Topology};

use super::client::Client;
use crate::adapter::{Cluster, MissingRight, Observe, Refused};
use crate::browse::Browse;

pub(super) use rights_text::{Grant, Resource};

pub(super) struct KafkaCluster {
    pub(super) client: Client,
}

impl Cluster for KafkaCluster {
    fn addresses(&self) -> Vec<String> {
        let mut addresses = self.client.bootstrap.clone();
        if let Some(map) = self.client.known().map {
            addresses.extend(map.nodes.values().cloned());
        }
        addresses.sort();
        addresses.dedup();
        addresses
    }

    fn observe(&self) -> Option<&dyn Observe> {
        Some(self)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(self)
    }
}

#[async_trait]
impl Observe for KafkaCluster {
    async fn topology(&self, patience: Duration) -> Result<Topology, Refused> {
        topology::read(&self.client.slowly(patience)).await
    }

    async fn has_changed(&self, patience: Duration) -> Result<bool, Refused> {
        Ok(groups::have_changed(&self.client.slowly(patience)).await)
    }

    async fn readings(&self, patience: Duration) -> Result<Readings, Refused> {
        readings::read(&self.client.quickly(patience)).await
    }

    async fn missing_rights(&self, patience: Duration) -> Result<Vec<MissingRight>, Refused> {
        rights::missing(&self.client.slowly(patience)).await
    }
}

/// By the wall clock.
fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unsigned_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
