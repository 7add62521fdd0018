//! Look-up by terms: one btree probe a term and segment, then only the frames that were hit.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::{Date, OffsetDateTime};
use waybill_model::reference::Term;
use waybill_model::time::TimeRange;

use super::entries::{Entry, index_term, read_page};
use super::frame::FRAME_GROUPS;
use super::{BlockId, CorruptFrame, Found, Once, frame};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::day_of;

statements! {
    /// The page of each segment that may hold each term.
    PROBE = "SELECT s.day, s.id, s.first_block, t.term, p.first_term, p.run, p.entries
            FROM term_segment s
            CROSS JOIN unnest($1::bigint[]) AS t(term)
            CROSS JOIN LATERAL (
                SELECT p.first_term, p.run, p.entries FROM term_page p
                WHERE p.day = s.day AND p.segment = s.id AND p.first_term <= t.term
                ORDER BY p.first_term DESC, p.page LIMIT 1
            ) p
            WHERE s.day BETWEEN $2 AND $3 AND s.last_at >= $4 AND s.first_at < $5";
    /// Further pages of a term that fills several, newest blocks first.
    FURTHER = "SELECT entries FROM term_page
            WHERE day = $1 AND segment = $2 AND first_term = $3 AND page > 0 AND page <= $4
            ORDER BY page";
    FRAMES = "SELECT w.block, w.frame, b.bytes
            FROM unnest($1::date[], $2::bigint[], $3::integer[]) WITH ORDINALITY AS w(day, block, frame, place)
            CROSS JOIN LATERAL (
                SELECT substr(b.frames, coalesce(b.frame_ends[w.frame], 0) + 1,
                        b.frame_ends[w.frame + 1] - coalesce(b.frame_ends[w.frame], 0)) AS bytes
                FROM span_block b
                WHERE b.day = w.day AND b.id = w.block AND b.received_at >= $4 AND b.received_at < $5
                OFFSET 0
            ) b
            ORDER BY w.place";
}

/// The least that a page of entries holds for a term that fills several pages.
const ENTRIES_A_PAGE: usize = 1_500;

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
        let range = Bounds::of(range);
        let mut hits = self.probe(terms, &range, limit_frames).await?;
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
        let frames = self.frames(&hits, &range).await?;
        let mut found = decode(frames).await?;
        found.truncated = truncated;
        Ok(found)
    }

    async fn probe(
        &self,
        terms: &[Term],
        range: &Bounds,
        limit_frames: usize,
    ) -> Result<Hits, StoreError> {
        let mut wanted: Vec<i64> = terms.iter().map(|term| index_term(*term)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let rows = sqlx::query(PROBE)
            .bind(&wanted)
            .bind(range.first_day)
            .bind(range.last_day)
            .bind(range.from)
            .bind(range.to)
            .fetch_all(&self.pool)
            .await
            .during("find spans")?;
        let mut hits = Hits::new();
        let mut read = HashSet::new();
        for row in &rows {
            let probed = Probed::of(row).during("find spans")?;
            // Neighbouring terms share a page: it is read once for all of them.
            if read.insert((probed.segment, probed.first_term)) {
                probed.hits(probed.page, &wanted, &mut hits)?;
            }
            if probed.run > 1 && probed.term == probed.first_term {
                self.further(&probed, limit_frames, &mut hits).await?;
            }
        }
        Ok(hits)
    }

    async fn further(
        &self,
        probed: &Probed<'_>,
        limit_frames: usize,
        hits: &mut Hits,
    ) -> Result<(), StoreError> {
        let pages =
            i32::try_from(limit_frames * FRAME_GROUPS / ENTRIES_A_PAGE + 1).unwrap_or(i32::MAX);
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(FURTHER)
            .bind(probed.day)
            .bind(probed.segment)
            .bind(probed.first_term)
            .bind(pages)
            .fetch_all(&self.pool)
            .await
            .during("find spans")?;
        rows.iter()
            .try_for_each(|page| probed.hits(page, &[probed.term], hits))
    }

    async fn frames(&self, hits: &Hits, range: &Bounds) -> Result<Vec<RawFrame>, StoreError> {
        let days: Vec<Date> = hits.values().map(|hit| hit.day).collect();
        let blocks: Vec<i64> = hits.keys().map(|(block, _)| block.0).collect();
        let frames: Vec<i32> = hits.keys().map(|(_, frame)| i32::from(*frame)).collect();
        let rows = sqlx::query(FRAMES)
            .bind(days)
            .bind(blocks)
            .bind(frames)
            .bind(range.from)
            .bind(range.to)
            .fetch_all(&self.pool)
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
                })
            })
            .collect::<Result<_, sqlx::Error>>()
            .during("find spans")
    }
}

/// A page that may hold a term.
struct Probed<'r> {
    day: Date,
    segment: i64,
    first_block: i64,
    term: i64,
    first_term: i64,
    run: i32,
    page: &'r [u8],
}

impl<'r> Probed<'r> {
    fn of(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            day: row.try_get(0)?,
            segment: row.try_get(1)?,
            first_block: row.try_get(2)?,
            term: row.try_get(3)?,
            first_term: row.try_get(4)?,
            run: row.try_get(5)?,
            page: row.try_get(6)?,
        })
    }

    fn hits(&self, page: &[u8], wanted: &[i64], hits: &mut Hits) -> Result<(), StoreError> {
        let each = |entry: Entry| {
            if wanted.binary_search(&entry.term).is_ok() {
                let group = usize::from(entry.group());
                let frame = (group / FRAME_GROUPS) as u16;
                let hit = hits.entry((Reverse(entry.block()), frame)).or_insert(Hit {
                    day: self.day,
                    groups: 0,
                });
                hit.groups |= 1 << (group % FRAME_GROUPS);
            }
        };
        read_page(page, self.first_term, self.first_block, each)
            .map_err(|error| StoreError::internal("read term page", error))
    }
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
            from: waybill_model::time::Timestamp::EPOCH,
            to: waybill_model::time::Timestamp::from_unix_nanos(i64::MAX),
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
}

/// Decompressing is no work for the threads that serve requests.
async fn decode(frames: Vec<RawFrame>) -> Result<Found, StoreError> {
    tokio::task::spawn_blocking(move || {
        let mut found = Found::default();
        let mut once = Once::default();
        for raw in frames {
            match raw.read() {
                Ok(spans) => found.spans.extend(once.keep(spans)),
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
