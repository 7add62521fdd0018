//! A cluster as Waybill observes it, in a form that is easily compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use waybill_broker::adapter::{Cluster, Connect, MissingRight, Refused};
use waybill_broker::registry::adapters;
use waybill_model::topology::{Readings, Topology};

pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Observed(Arc<dyn Cluster>);

impl Observed {
    pub fn new(settings: Value) -> Self {
        Self::of("kafka", settings)
    }

    pub fn of(broker: &str, settings: Value) -> Self {
        let adapter = adapters()
            .into_iter()
            .find(|adapter| adapter.name == broker)
            .unwrap();
        let connect: Arc<dyn Connect> = adapter.connect.unwrap();
        Self(
            connect
                .cluster("live", settings.as_object().unwrap())
                .unwrap(),
        )
    }

    pub fn cluster(&self) -> &dyn Cluster {
        self.0.as_ref()
    }

    pub async fn topology(&self) -> Result<Topology, Refused> {
        self.0.observe().unwrap().topology(PATIENCE).await
    }

    pub async fn has_changed(&self) -> Result<bool, Refused> {
        self.0.observe().unwrap().has_changed(PATIENCE).await
    }

    pub async fn readings(&self) -> Result<Readings, Refused> {
        self.0.observe().unwrap().readings(PATIENCE).await
    }

    pub async fn missing_rights(&self) -> Result<Vec<MissingRight>, Refused> {
        self.0.observe().unwrap().missing_rights(PATIENCE).await
    }
}

/// Group, topic and partition.
pub type Place = (String, String, String);

/// Committed offset and lag; `None` where the group never committed.
pub fn lags(readings: &Readings) -> BTreeMap<Place, (Option<i64>, Option<i64>)> {
    let heads: BTreeMap<(&str, &str), i64> = readings
        .heads
        .iter()
        .map(|head| {
            (
                (head.destination.as_str(), head.partition.as_str()),
                head.head,
            )
        })
        .collect();
    readings
        .commits
        .iter()
        .map(|commit| {
            let head = heads[&(commit.destination, commit.partition)];
            let place = (
                commit.group.to_owned(),
                commit.destination.to_owned(),
                commit.partition.to_owned(),
            );
            (
                place,
                (
                    commit.committed,
                    commit.committed.map(|offset| head - offset),
                ),
            )
        })
        .collect()
}
