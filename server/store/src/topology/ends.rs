//! Where partitions begin and end. Payload: u8 version 1, then zstd level 1 of postcard of [`Columns`].

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use waybill_model::reading::PartitionEnds;

use super::DestinationLine;
use crate::connect::Store;
use crate::error::{During, StoreError};

statements! {
    SAVE = "INSERT INTO destination_ends (key, payload) SELECT * FROM unnest($1::bigint[], $2::bytea[])
            ON CONFLICT (key) DO UPDATE SET payload = EXCLUDED.payload";
    READ = "SELECT payload FROM destination_ends WHERE key = $1";
}

const VERSION: u8 = 1;
/// What a payload may unpack to: some millions of partitions.
const MOST_BYTES: usize = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Columns {
    partitions: Vec<String>,
    low: Vec<Option<i64>>,
    head: Vec<Option<i64>>,
}

impl Store {
    /// As they were when the line of this key was last written; empty where it has none, or none was
    /// told.
    pub async fn destination_ends(&self, key: i64) -> Result<Vec<PartitionEnds>, StoreError> {
        let payload: Option<Vec<u8>> = sqlx::query_scalar(READ)
            .bind(key)
            .fetch_optional(&self.pool)
            .await
            .during("read ends")?;
        payload.map_or(Ok(Vec::new()), |payload| unpack(&payload))
    }
}

/// The lines must be there.
pub(super) async fn save(
    tx: &mut PgConnection,
    lines: &[DestinationLine],
) -> Result<(), sqlx::Error> {
    let told = || lines.iter().filter(|line| !line.ends.is_empty());
    if told().next().is_none() {
        return Ok(());
    }
    let keys: Vec<i64> = told().map(DestinationLine::key).collect();
    let payloads: Result<Vec<Vec<u8>>, StoreError> = told().map(|line| pack(&line.ends)).collect();
    let payloads = payloads.map_err(|error| sqlx::Error::Encode(error.into()))?;
    let save = sqlx::query(SAVE).bind(keys).bind(payloads);
    save.execute(tx).await.map(drop)
}

fn pack(ends: &[PartitionEnds]) -> Result<Vec<u8>, StoreError> {
    let columns = Columns {
        partitions: ends.iter().map(|one| one.partition.clone()).collect(),
        low: ends.iter().map(|one| one.low).collect(),
        head: ends.iter().map(|one| one.head).collect(),
    };
    let plain =
        postcard::to_stdvec(&columns).map_err(|error| StoreError::internal("pack ends", error))?;
    let packed = zstd::bulk::compress(&plain, 1)
        .map_err(|error| StoreError::internal("pack ends", error))?;
    Ok([&[VERSION], packed.as_slice()].concat())
}

fn unpack(payload: &[u8]) -> Result<Vec<PartitionEnds>, StoreError> {
    let Some((&VERSION, packed)) = payload.split_first() else {
        return Err(StoreError::internal("unpack ends", UnknownVersion));
    };
    let told = zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten();
    let bytes = told.map_or(MOST_BYTES, |bytes| bytes.min(MOST_BYTES as u64) as usize);
    let plain = zstd::bulk::decompress(packed, bytes)
        .map_err(|error| StoreError::internal("unpack ends", error))?;
    let columns: Columns =
        postcard::from_bytes(&plain).map_err(|error| StoreError::internal("unpack ends", error))?;
    let ends = columns.low.into_iter().zip(columns.head);
    let one = |(partition, (low, head))| PartitionEnds {
        partition,
        low,
        head,
    };
    Ok(columns.partitions.into_iter().zip(ends).map(one).collect())
}

#[derive(Debug, thiserror::Error)]
#[error("unknown version")]
struct UnknownVersion;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_survive_being_packed() {
        let one = |partition: &str, low, head| PartitionEnds {
            partition: partition.into(),
            low,
            head,
        };
        let ends = vec![
            one("0", Some(3), Some(i64::MAX)),
            one("1", None, Some(0)),
            one("é", None, None),
        ];
        assert_eq!(unpack(&pack(&ends).unwrap()).unwrap(), ends);
        for broken in [&[][..], &[VERSION], &[9, 1, 2]] {
            assert!(unpack(broken).is_err());
        }
    }
}
