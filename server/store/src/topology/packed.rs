//! Whole topologies. Payload: u8 version 1, then zstd level 1 of JSON. JSON, so that a version that
//! knows fewer members reads what one with more wrote.

use sqlx::Row;
use waybill_model::topology::Topology;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::storable;

statements! {
    SAVE = "INSERT INTO cluster_topology (cluster, version, payload) VALUES ($1, 1, $2)
            ON CONFLICT (cluster) DO UPDATE SET version = cluster_topology.version + 1,
                payload = EXCLUDED.payload
            RETURNING version";
    READ = "SELECT version, payload FROM cluster_topology WHERE cluster = $1";
    VERSION = "SELECT version FROM cluster_topology WHERE cluster = $1";
}

const FORMAT: u8 = 1;
/// What a payload may unpack to.
const MOST_BYTES: usize = 512 << 20;

impl Store {
    /// The new version.
    pub async fn save_topology(
        &self,
        cluster: &str,
        topology: &Topology,
    ) -> Result<i64, StoreError> {
        sqlx::query_scalar(SAVE)
            .bind(storable(cluster))
            .bind(pack(topology)?)
            .fetch_one(&self.pool)
            .await
            .during("save topology")
    }

    /// With its version; `None` where there is none, or none that can be read.
    pub async fn topology(&self, cluster: &str) -> Result<Option<(i64, Topology)>, StoreError> {
        let row = sqlx::query(READ)
            .bind(storable(cluster))
            .fetch_optional(&self.pool)
            .await
            .during("read topology")?;
        let Some(row) = row else { return Ok(None) };
        let version = row.try_get(0).during("read topology")?;
        let payload: &[u8] = row.try_get(1).during("read topology")?;
        Ok(unpack(payload).map(|topology| (version, topology)))
    }

    pub async fn topology_version(&self, cluster: &str) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(VERSION)
            .bind(storable(cluster))
            .fetch_optional(&self.pool)
            .await
            .during("read topology version")
    }
}

fn pack(topology: &Topology) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(topology)
        .map_err(|error| StoreError::internal("pack topology", error))?;
    let packed = zstd::bulk::compress(&plain, 1)
        .map_err(|error| StoreError::internal("pack topology", error))?;
    Ok([&[FORMAT], packed.as_slice()].concat())
}

/// `None` for what another version wrote and this one cannot read: it is read from the broker again
/// within a minute.
fn unpack(payload: &[u8]) -> Option<Topology> {
    let (&FORMAT, packed) = payload.split_first()? else {
        return None;
    };
    let plain = zstd::bulk::decompress(packed, most_bytes(packed)).ok()?;
    serde_json::from_slice(&plain)
        .inspect_err(|error| tracing::warn!(%error, "a stored topology cannot be read"))
        .ok()
}

/// The frame tells its size; without that the whole limit would be allocated.
fn most_bytes(packed: &[u8]) -> usize {
    zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten()
        .and_then(|bytes| usize::try_from(bytes).ok())
        .map_or(MOST_BYTES, |bytes| bytes.min(MOST_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_none_and_not_an_error() {
        let topology = Topology {
            version: Some("1".into()),
            ..Topology::default()
        };
        let packed = pack(&topology).unwrap();
        assert_eq!(unpack(&packed), Some(topology));
        for broken in [&[][..], &[FORMAT], &[9, 1, 2], &packed[..packed.len() - 1]] {
            assert_eq!(unpack(broken), None);
        }
    }
}
