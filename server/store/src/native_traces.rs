//! What a broker's own clients wrote of their messages: its spans, and how far it was read, are
//! stored together or not at all.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row};

use crate::blocks::EncodedBlock;
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::day_of;

statements! {
    READ = "SELECT partitions, next, version FROM native_trace_position WHERE cluster = $1";
    ADVANCE = "INSERT INTO native_trace_position AS p (cluster, partitions, next, version)
            VALUES ($1, $2, $3, $4 + 1)
            ON CONFLICT (cluster) DO UPDATE SET partitions = EXCLUDED.partitions, next = EXCLUDED.next,
                version = p.version + 1, updated_at = now()
            WHERE p.version = $4
            RETURNING version";
}

/// How far the trace of a cluster was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePosition {
    /// The next offset, by partition.
    pub next: BTreeMap<String, i64>,
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
            })
        };
        row.as_ref()
            .map(read)
            .transpose()
            .during("read trace position")
    }

    /// Stores the block, where there is one, and goes on from `before` to `next`. `None`: somebody
    /// else went on from there, and nothing was stored.
    pub async fn append_traced(
        &self,
        cluster: &str,
        before: Option<&TracePosition>,
        next: BTreeMap<String, i64>,
        block: Option<&EncodedBlock>,
    ) -> Result<Option<TracePosition>, StoreError> {
        let operation = "append native trace";
        if let Some(block) = block {
            self.ensure_day(day_of(block.received_at)).await?;
        }
        let mut transaction = self.begin().await.during(operation)?;
        let version = before.map_or(0, |before| before.version);
        let advanced = advance(&mut transaction, cluster, &next, version)
            .await
            .during(operation)?;
        let Some(version) = advanced else {
            transaction.rollback().await.during(operation)?;
            return Ok(None);
        };
        if let Some(block) = block {
            block.insert(&mut transaction).await.during(operation)?;
        }
        transaction.commit().await.during(operation)?;
        Ok(Some(TracePosition { next, version }))
    }
}

async fn advance(
    connection: &mut PgConnection,
    cluster: &str,
    next: &BTreeMap<String, i64>,
    version: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let partitions: Vec<&str> = next.keys().map(String::as_str).collect();
    let offsets: Vec<i64> = next.values().copied().collect();
    sqlx::query_scalar(ADVANCE)
        .bind(cluster)
        .bind(partitions)
        .bind(offsets)
        .bind(version)
        .fetch_optional(connection)
        .await
}
