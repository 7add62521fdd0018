//! Blocks in order: whole and newest first for searches without a term, their marks in commit
//! order for the finder.

use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::PgRow;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::Span;
use waybill_model::time::{TimeRange, Timestamp};

use super::find::{Bounds, EVERY_GROUP, RawFrame};
use super::{Block, BlockId, CorruptFrame, Followed, Marks, Once, Scan, frame};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::instant;

statements! {
    NEWEST = "SELECT id, received_at, spans, frame_ends, frames FROM span_block
            WHERE id < $1 AND day BETWEEN $2 AND $3 AND received_at >= $4 AND received_at < $5
            ORDER BY id DESC LIMIT $6";
    NEWEST_BLOCK = "SELECT id, received_at, spans, frame_ends, frames FROM span_block
            WHERE id <= $1 AND last_start >= $2 AND first_start <= $3
            ORDER BY id DESC LIMIT 1";
    /// Waits until nobody is between drawing an id and committing it.
    HORIZON = "WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock(7766554402))
            SELECT coalesce(pg_sequence_last_value('block_id'::regclass), 0) FROM alone";
    SINCE = "SELECT id, marks FROM span_block
            WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
    UP_TO = "SELECT id, marks FROM span_block
            WHERE id > $1 AND id <= $2 AND received_at >= $3 ORDER BY id LIMIT $4";
    BLOCK = "SELECT id, received_at, spans, frame_ends, frames FROM span_block WHERE id = $1";
    NEWER = "SELECT EXISTS (SELECT FROM span_block WHERE id > $1)";
}

/// Blocks fetched at a time: about 4 MB of full ones.
const STEP: i64 = 64;

impl Store {
    /// Spans of whole blocks that arrived within `range`, newest first, below `before`; stops after
    /// the block that reaches `max_spans`.
    pub async fn newest(
        &self,
        range: Option<TimeRange>,
        before: Option<BlockId>,
        max_spans: usize,
    ) -> Result<Scan, StoreError> {
        let range = Bounds::of(range);
        let mut scan = Scan::default();
        let mut once = Once::default();
        let mut below = before.unwrap_or(BlockId(i64::MAX));
        let mut step = 1;
        loop {
            let rows = sqlx::query(NEWEST)
                .bind(below.0)
                .bind(range.first_day)
                .bind(range.last_day)
                .bind(range.from)
                .bind(range.to)
                .bind(step)
                .fetch_all(&self.pool)
                .await
                .during("scan blocks")?;
            let more = rows.len() as i64 == step;
            for block in decode(rows).await? {
                below = block.id;
                scan.back_to = Some(block.received_at);
                scan.corrupt.extend(block.corrupt);
                scan.spans.extend(once.keep(block.spans));
                if scan.spans.len() >= max_spans {
                    scan.next = Some(below);
                    return Ok(scan);
                }
            }
            if !more {
                return Ok(scan);
            }
            step = (step * 2).min(STEP);
        }
    }

    /// The newest block up to `most` that may hold a span which started within `starts`.
    pub async fn newest_block(
        &self,
        most: BlockId,
        starts: Option<TimeRange>,
    ) -> Result<Option<Block>, StoreError> {
        let (from, to) = starts.map_or((i64::MIN, i64::MAX), |range| {
            (range.from.unix_nanos(), range.to.unix_nanos())
        });
        let rows = sqlx::query(NEWEST_BLOCK)
            .bind(most.0)
            .bind(from)
            .bind(to)
            .fetch_all(&self.pool)
            .await
            .during("scan blocks")?;
        Ok(decode(rows).await?.pop())
    }

    /// Committed blocks after `after` in order of id, at most `max_blocks`. No block with an id below
    /// the last one given will ever appear later (see the module's text on order).
    pub async fn since(
        &self,
        after: Option<BlockId>,
        max_blocks: usize,
    ) -> Result<Vec<Followed>, StoreError> {
        let after = after.map_or(0, |id| id.0);
        let newer: bool = sqlx::query_scalar(NEWER)
            .bind(after)
            .fetch_one(&self.pool)
            .await
            .during("follow blocks")?;
        if !newer {
            return Ok(Vec::new());
        }
        let horizon: i64 = sqlx::query_scalar(HORIZON)
            .fetch_one(&self.pool)
            .await
            .during("follow blocks")?;
        let rows = sqlx::query(SINCE)
            .bind(after)
            .bind(horizon)
            .bind(i64::try_from(max_blocks).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .during("follow blocks")?;
        rows.iter().map(followed).collect()
    }

    /// Committed blocks after `after` up to `most` that arrived at or after `arrived`, in order of id,
    /// at most `max_blocks`.
    pub async fn followed_up_to(
        &self,
        after: Option<BlockId>,
        most: BlockId,
        arrived: Timestamp,
        max_blocks: usize,
    ) -> Result<Vec<Followed>, StoreError> {
        let rows = sqlx::query(UP_TO)
            .bind(after.map_or(0, |id| id.0))
            .bind(most.0)
            .bind(arrived.to_offset_date_time())
            .bind(i64::try_from(max_blocks).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .during("follow blocks")?;
        rows.iter().map(followed).collect()
    }

    /// A block with its spans; `None`: there is none of this id (any more).
    pub async fn block(&self, id: BlockId) -> Result<Option<Block>, StoreError> {
        let rows = sqlx::query(BLOCK)
            .bind(id.0)
            .fetch_all(&self.pool)
            .await
            .during("read block")?;
        Ok(decode(rows).await?.pop())
    }

    /// Ids of spans that arrived at or after `since`, newest block first, at most about `limit`.
    /// Bodies are not decompressed.
    pub async fn recent_ids(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TraceId, SpanId)>, StoreError> {
        let range = Bounds::of(Some(TimeRange {
            from: since,
            to: Timestamp::from_unix_nanos(i64::MAX),
        }));
        let mut found = Vec::new();
        let mut below = i64::MAX;
        while found.len() < limit {
            let rows = sqlx::query(NEWEST)
                .bind(below)
                .bind(range.first_day)
                .bind(range.last_day)
                .bind(range.from)
                .bind(range.to)
                .bind(STEP)
                .fetch_all(&self.pool)
                .await
                .during("read recent ids")?;
            for row in &rows {
                let raw = RawBlock::of(row).during("read recent ids")?;
                below = raw.id.0;
                for frame in raw.frames() {
                    found.extend(frame::read_ids(&frame.bytes).unwrap_or_default());
                }
            }
            if (rows.len() as i64) < STEP {
                break;
            }
        }
        Ok(found)
    }
}

fn followed(row: &PgRow) -> Result<Followed, StoreError> {
    let id = row.try_get(0).during("follow blocks")?;
    let bytes: Option<&[u8]> = row.try_get(1).during("follow blocks")?;
    // Marks that cannot be read are no marks: the spans tell the same.
    let marks = bytes.and_then(|bytes| {
        let read = Marks::read(bytes);
        read.inspect_err(|error| tracing::error!(block = id, %error, "marks cannot be read"))
            .ok()
    });
    Ok(Followed {
        id: BlockId(id),
        marks,
    })
}

struct RawBlock {
    id: BlockId,
    received_at: Timestamp,
    spans: usize,
    ends: Vec<i32>,
    frames: Vec<u8>,
}

impl RawBlock {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: BlockId(row.try_get(0)?),
            received_at: instant(row.try_get(1)?),
            spans: row.try_get::<i32, _>(2)?.max(0) as usize,
            ends: row.try_get(3)?,
            frames: row.try_get(4)?,
        })
    }

    fn frames(&self) -> impl Iterator<Item = RawFrame> + '_ {
        let mut start = 0;
        (0..).zip(&self.ends).map(move |(number, end)| {
            let end = usize::try_from(*end).unwrap_or(0);
            let bytes = self.frames.get(start..end).unwrap_or_default().to_vec();
            start = end;
            RawFrame {
                block: self.id,
                frame: number,
                groups: EVERY_GROUP,
                bytes,
                received_at: self.received_at,
            }
        })
    }

    fn read(&self) -> Block {
        let mut spans: Vec<Arc<Span>> = Vec::with_capacity(self.spans);
        let mut corrupt: Vec<CorruptFrame> = Vec::new();
        for frame in self.frames() {
            match frame.read() {
                Ok(some) => spans.extend(some),
                Err(error) => corrupt.push(error),
            }
        }
        Block {
            id: self.id,
            received_at: self.received_at,
            spans,
            corrupt,
        }
    }
}

/// Decompressing is no work for the threads that serve requests.
async fn decode(rows: Vec<PgRow>) -> Result<Vec<Block>, StoreError> {
    tokio::task::spawn_blocking(move || {
        rows.iter()
            .map(|row| RawBlock::of(row).map(|raw| raw.read()))
            .collect::<Result<Vec<_>, _>>()
            .during("read block")
    })
    .await
    .map_err(|error| StoreError::internal("decode blocks", error))?
}
