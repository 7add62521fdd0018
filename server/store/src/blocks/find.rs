//! Look-up by terms: one btree probe a term and segment, then only the frames that were hit.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sqlx::{PgConnection, Row};
use time::{Date, OffsetDateTime};
use waybill_model::reference::Term;
use waybill_model::time::{TimeRange, Timestamp};

use super::entries::Entry;
use super::frame::FRAME_GROUPS;
use super::probe::{Wanted, probe};
use super::{BlockId, CorruptFrame, Found, Once, frame};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{day_of, instant};

/// One state of the index for all statements of a look-up.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

statements! {
    FRAMES = "SELECT w.block, w.frame, b.bytes, b.received_at
            FROM unnest($1::date[], $2::bigint[], $3::integer[]) WITH ORDINALITY AS w(day, block, frame, place)
            CROSS JOIN LATERAL (
                SELECT substr(b.frames, coalesce(b.frame_ends[w.frame], 0) + 1,
                        b.frame_ends[w.frame + 1] - coalesce(b.frame_ends[w.frame], 0)) AS bytes,
                    b.received_at
                FROM span_block b
                WHERE b.day = w.day AND b.id = w.block AND b.received_at >= $4 AND b.received_at < $5
                OFFSET 0
            ) b
            ORDER BY w.place";
}

/// By block, newest first, and frame.
type Hits = BTreeMap<(Reverse<i64>, u16), Hit>;

#[derive(Clone, Copy)]
struct Hit {
    day: Date,
    /// A bit for each group of the frame.
    groups: u16,
}

pub(super) const EVERY_GROUP: u16 = u16::MAX;

impl Store {
    /// Every span that carries one of the terms, and its neighbours, of blocks that arrived within
    /// `range`: spans are read in groups of 16.
    /// At most `limit_frames` frames are read, the newest.
    pub async fn find(
        &self,
        terms: &[Term],
        range: Option<TimeRange>,
        limit_frames: usize,
    ) -> Result<Found, StoreError> {
        let newest = BlockId(i64::MAX);
        self.find_up_to(newest, terms, range, limit_frames).await
    }

    /// The same among blocks up to `most`.
    pub async fn find_up_to(
        &self,
        most: BlockId,
        terms: &[Term],
        range: Option<TimeRange>,
        limit_frames: usize,
    ) -> Result<Found, StoreError> {
        let range = Bounds::of(range);
        let mut tx = self.pool.begin_with(SNAPSHOT).await.during("find spans")?;
        let mut hits = Hits::new();
        let each = |day, entry: Entry| {
            let group = usize::from(entry.group());
            let frame = (group / FRAME_GROUPS) as u16;
            let hit = hits.entry((Reverse(entry.block()), frame));
            hit.or_insert(Hit { day, groups: 0 }).groups |= 1 << (group % FRAME_GROUPS);
        };
        let wanted = Wanted {
            terms,
            most,
            limit_frames,
        };
        probe(&mut tx, &self.filters, &wanted, &range, each).await?;
        let truncated = hits.len() > limit_frames;
        while hits.len() > limit_frames {
            hits.pop_last();
        }
        if hits.is_empty() {
            return Ok(Found {
                truncated,
                ..Found::default()
            });
        }
        let frames = frames(&mut tx, &hits, &range).await?;
        tx.rollback().await.during("find spans")?;
        let mut found = decode(frames).await?;
        found.truncated = truncated;
        Ok(found)
    }
}

async fn frames(
    tx: &mut PgConnection,
    hits: &Hits,
    range: &Bounds,
) -> Result<Vec<RawFrame>, StoreError> {
    let days: Vec<Date> = hits.values().map(|hit| hit.day).collect();
    let blocks: Vec<i64> = hits.keys().map(|(block, _)| block.0).collect();
    let frames: Vec<i32> = hits.keys().map(|(_, frame)| i32::from(*frame)).collect();
    let rows = sqlx::query(FRAMES)
        .bind(days)
        .bind(blocks)
        .bind(frames)
        .bind(range.from)
        .bind(range.to)
        .fetch_all(tx)
        .await
        .during("find spans")?;
    rows.iter()
        .map(|row| {
            let (block, frame) = (row.try_get(0)?, row.try_get::<i32, _>(1)? as u16);
            let hit = hits.get(&(Reverse(block), frame));
            Ok(RawFrame {
                block: BlockId(block),
                frame,
                groups: hit.map_or(EVERY_GROUP, |hit| hit.groups),
                bytes: row.try_get::<Option<Vec<u8>>, _>(2)?.unwrap_or_default(),
                received_at: instant(row.try_get(3)?),
            })
        })
        .collect::<Result<_, sqlx::Error>>()
        .during("find spans")
}

/// Arrival; unbounded where not asked.
pub(super) struct Bounds {
    pub(super) from: OffsetDateTime,
    pub(super) to: OffsetDateTime,
    pub(super) first_day: Date,
    pub(super) last_day: Date,
}

impl Bounds {
    pub(super) fn of(range: Option<TimeRange>) -> Self {
        let range = range.unwrap_or(TimeRange {
            from: Timestamp::EPOCH,
            to: Timestamp::from_unix_nanos(i64::MAX),
        });
        Self {
            from: range.from.to_offset_date_time(),
            to: range.to.to_offset_date_time(),
            first_day: day_of(range.from),
            last_day: day_of(range.to),
        }
    }
}

pub(super) struct RawFrame {
    pub(super) block: BlockId,
    pub(super) frame: u16,
    /// Which groups are wanted, a bit for each.
    pub(super) groups: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) received_at: Timestamp,
}

/// Decompressing is no work for the threads that serve requests.
async fn decode(frames: Vec<RawFrame>) -> Result<Found, StoreError> {
    tokio::task::spawn_blocking(move || {
        let mut found = Found::default();
        let mut once = Once::default();
        for raw in frames {
            found.arrivals.insert(raw.block, raw.received_at);
            match raw.read() {
                Ok(spans) => {
                    found.spans.extend(once.keep(spans));
                    found.blocks.resize(found.spans.len(), raw.block);
                }
                Err(corrupt) => found.corrupt.push(corrupt),
            }
        }
        found
    })
    .await
    .map_err(|error| StoreError::internal("decode frames", error))
}

impl RawFrame {
    pub(super) fn read(
        &self,
    ) -> Result<Vec<std::sync::Arc<waybill_model::span::Span>>, CorruptFrame> {
        frame::read_groups(&self.bytes, |group| self.groups >> group & 1 == 1).map_err(|error| {
            let corrupt = CorruptFrame {
                block: self.block,
                frame: self.frame,
                reason: reason(&error),
            };
            tracing::error!(
                block = self.block.0,
                frame = self.frame,
                reason = corrupt.reason,
                "a frame cannot be read"
            );
            corrupt
        })
    }
}

fn reason(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", reason(source)),
        None => error.to_string(),
    }
}
