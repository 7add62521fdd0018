//! The commit: one statement, one transaction, one round trip.

use sqlx::{PgConnection, Row};

use super::{BlockId, EncodedBlock, IndexedSpan, encode};
use crate::connect::Store;
use crate::error::{During, StoreError, code};
use crate::text::{day_of, now};

statements! {
    /// The append lock is drawn first, then the id: the order that `since` relies on.
    APPEND = "WITH locked AS MATERIALIZED (
            SELECT pg_advisory_xact_lock_shared(7766554402)
        ), drawn AS MATERIALIZED (
            SELECT nextval('block_id') AS id FROM locked
        ), block AS (
            INSERT INTO span_block (day, lane, id, received_at, spans, first_start, last_start, frame_ends, frames, marks)
            SELECT $1, 0, id, $2, $3, $4, $5, $6, $7, $15 FROM drawn
        ), segment AS (
            INSERT INTO term_segment (day, lane, id, level, entries, pages, first_block, first_at, last_at, rollups, filter)
            SELECT $1, 0, id, 0, $8, $9, id, $2, $2, $10, $16 FROM drawn
        ), page AS (
            INSERT INTO term_page (day, segment, first_term, page, run, entries)
            SELECT $1, id, p.* FROM drawn,
            unnest($11::bigint[], $12::integer[], $13::integer[], $14::bytea[]) AS p
        )
        SELECT id FROM drawn";
}

/// The partition of the day does not exist.
const NO_PARTITION: &str = "23514";

impl Store {
    /// Stores the batch whole or not at all; on disk when this returns.
    pub async fn append(&self, batch: &[IndexedSpan]) -> Result<BlockId, StoreError> {
        self.append_encoded(&encode(batch, now())?).await
    }

    /// The same for a block encoded elsewhere. Dropping the future may leave the block stored or not.
    pub async fn append_encoded(&self, block: &EncodedBlock) -> Result<BlockId, StoreError> {
        match self.insert(block).await {
            Err(error) if code(&error).as_deref() == Some(NO_PARTITION) => {
                self.ensure_day(day_of(block.received_at)).await?;
                self.insert(block).await.during("append block")
            }
            other => other.during("append block"),
        }
    }

    async fn insert(&self, block: &EncodedBlock) -> Result<BlockId, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        block.insert(&mut connection).await
    }
}

impl EncodedBlock {
    /// In the transaction of the connection, where it is in one.
    pub(crate) async fn insert(
        &self,
        connection: &mut PgConnection,
    ) -> Result<BlockId, sqlx::Error> {
        let block = self;
        let row = sqlx::query(APPEND)
            .bind(day_of(block.received_at))
            .bind(block.received_at.to_offset_date_time())
            .bind(block.spans)
            .bind(block.first_start)
            .bind(block.last_start)
            .bind(&block.frame_ends)
            .bind(&block.frames)
            .bind(block.pages.entry_count)
            .bind(block.pages.len() as i32)
            .bind(&block.rollups)
            .bind(&block.pages.first_terms)
            .bind(&block.pages.numbers)
            .bind(&block.pages.runs)
            .bind(&block.pages.entries)
            .bind(&block.marks)
            .bind(&block.filter)
            .fetch_one(connection)
            .await?;
        row.try_get(0).map(BlockId)
    }
}
