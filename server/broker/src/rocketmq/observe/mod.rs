//! Reads a cluster and changes nothing in it.
//!
//! Slow cadence: [`topology`] asks each name server who there is, controllers who is in sync, each
//! broker what it has, and for each group one broker (or a proxy) who reads for it. Quick cadence:
//! [`readings`] asks each master for all commits at once, then whether anything was written to it at
//! all, and only then where queues end that may have moved.

mod ask;
mod brokers;
mod commits;
mod connections;
mod controllers;
mod destinations;
mod durable;
mod groups;
mod heads;
mod memory;
mod names;
mod nodes;
mod permissions;
mod readings;
mod replicas;
mod rights;
mod rights_text;
mod routes;
mod told;
mod topology;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod scale_tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Readings, Topology};

use super::cluster::RocketCluster;
use crate::adapter::{MissingRight, Observe, Refused};

pub(super) use memory::Memory;

#[async_trait]
impl Observe for RocketCluster {
    async fn topology(&self, patience: Duration) -> Result<Topology, Refused> {
        topology::read(&self.client.slowly(patience), &self.memory).await
    }

    async fn readings(&self, patience: Duration) -> Result<Readings, Refused> {
        readings::read(&self.client.quickly(patience), &self.memory).await
    }

    async fn missing_rights(&self, patience: Duration) -> Result<Vec<MissingRight>, Refused> {
        rights::missing(&self.client.slowly(patience), &self.memory).await
    }
}

/// By the wall clock.
fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unsigned_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
