//! What a broker's own clients wrote of their messages: its spans, and how far it was read, are
//! stored together or not at all.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row};
use waybill_model::time::Timestamp;

use crate::blocks::EncodedBlock;
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{day_of, instant};

statements! {
    READ = "SELECT partitions, next, version, first_at FROM native_trace_position WHERE cluster = $1";
    ADVANCE = "INSERT INTO native_trace_position AS p (cluster, partitions, next, version, first_at)
            VALUES ($1, $2, $3, $4 + 1, $5)
            ON CONFLICT (cluster) DO UPDATE SET partitions = EXCLUDED.partitions, next = EXCLUDED.next,
                version = p.version + 1, updated_at = now()
            WHERE p.version = $4
            RETURNING version, first_at";
}

/// How far the trace of a cluster was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePosition {
    /// The next offset, by partition.
    pub next: BTreeMap<String, i64>,
    /// Where a partition begins that was never read.
    pub first_at: Timestamp,
    version: i64,
}

impl Store {
    /// `None`: it was never read.
    pub async fn trace_position(&self, cluster: &str) -> Result<Option<TracePosition>, StoreError> {
        let row = sqlx::query(READ)
            .bind(cluster)
            .fetch_optional(&self.pool)
            .await
            .during("read trace position")?;
        let read = |row: &sqlx::postgres::PgRow| -> Result<TracePosition, sqlx::Error> {
            let partitions: Vec<String> = row.try_get(0)?;
            let next: Vec<i64> = row.try_get(1)?;
            Ok(TracePosition {
                next: partitions.into_iter().zip(next).collect(),
                version: row.try_get(2)?,
                first_at: instant(row.try_get(3)?),
            })
        };
        row.as_ref()
            .map(read)
            .transpose()
            .during("read trace position")
    }

    /// Stores the block, where there is one, and goes on from `before` to `next`; `first_at` stays
    /// what it was when the first position was stored. `None`: somebody else went on from there, and
    /// nothing was stored.
    pub async fn append_traced(
        &self,
        cluster: &str,
        before: Option<&TracePosition>,
        first_at: Timestamp,
        next: BTreeMap<String, i64>,
        block: Option<&EncodedBlock>,
    ) -> Result<Option<TracePosition>, StoreError> {
        let operation = "append native trace";
        if let Some(block) = block {
            self.ensure_day(day_of(block.received_at)).await?;
        }
        let mut transaction = self.begin().await.during(operation)?;
        let wanted = TracePosition {
            next,
            first_at,
            version: before.map_or(0, |before| before.version),
        };
        let advanced = advance(&mut transaction, cluster, wanted)
            .await
            .during(operation)?;
        let Some(position) = advanced else {
            transaction.rollback().await.during(operation)?;
            return Ok(None);
        };
        if let Some(block) = block {
            block.insert(&mut transaction).await.during(operation)?;
        }
        transaction.commit().await.during(operation)?;
        Ok(Some(position))
    }
}

async fn advance(
    connection: &mut PgConnection,
    cluster: &str,
    mut position: TracePosition,
) -> Result<Option<TracePosition>, sqlx::Error> {
    let partitions: Vec<&str> = position.next.keys().map(String::as_str).collect();
    let offsets: Vec<i64> = position.next.values().copied().collect();
    let row = sqlx::query(ADVANCE)
        .bind(cluster)
        .bind(partitions)
        .bind(offsets)
        .bind(position.version)
        .bind(position.first_at.to_offset_date_time())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    position.version = row.try_get(0)?;
    position.first_at = instant(row.try_get(1)?);
    Ok(Some(position))
}
