//! The merger: keeps segments few, so that a look-up stays cheap.
//!
//! Size-tiered: 32 segments of a level become one of the next. When a day of arrival is over, what
//! is left of it becomes one. A segment that would pass `MOST_ENTRIES` is left alone. Each step is
//! one transaction: whoever reads sees all of the old segments or the new one; a crash leaves the
//! old. Steps of several processes exclude each other by an advisory lock.
//!
//! Memory is bounded: the space of terms is cut into slices of about `SLICE_PAGES` pages, and one
//! slice at a time is read, sorted and written.

use sqlx::{PgConnection, Row};
use time::Date;
use waybill_model::time::Timestamp;

use super::entries::{Entry, TERM_END, read_page};
use super::filter::FilterWriter;
use super::pages::{PageWriter, Pages};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::rollup::{self, fold};
use crate::text::{day_of, now};

statements! {
    /// Ends with the transaction; false: another process merges.
    TRY_LOCK = "SELECT pg_try_advisory_xact_lock(7766554403)";
    FULL_LEVEL = "SELECT day, level FROM term_segment
            GROUP BY day, level HAVING count(*) >= $1 AND sum(entries) FILTER (WHERE entries < $2) > 0
            ORDER BY level, day LIMIT 1";
    OPEN_DAY = "SELECT day FROM term_segment WHERE day < $1 AND entries < $2
            GROUP BY day HAVING count(*) > 1 ORDER BY day LIMIT 1";
    OF_LEVEL = "SELECT id, entries, pages, first_block, rollups, level, length(filter) FROM term_segment
            WHERE day = $1 AND level = $2 AND entries < $3 ORDER BY id LIMIT $4";
    OF_DAY = "SELECT id, entries, pages, first_block, rollups, level, length(filter) FROM term_segment
            WHERE day = $1 AND entries < $2 ORDER BY entries, id LIMIT $3";
    SLICE = "SELECT s.first_block, p.first_term, p.entries
            FROM unnest($2::bigint[], $3::bigint[]) AS s(id, first_block)
            CROSS JOIN LATERAL (
                SELECT p.first_term, p.entries FROM term_page p
                WHERE p.day = $1 AND p.segment = s.id AND p.first_term >= $4 AND p.first_term < $5
                OFFSET 0
            ) p";
    DRAW = "SELECT nextval('block_id')";
    WRITE_PAGES = "INSERT INTO term_page (day, segment, first_term, page, run, entries)
            SELECT $1, $2, p.* FROM unnest($3::bigint[], $4::integer[], $5::integer[], $6::bytea[]) AS p";
    WRITE_SEGMENT = "INSERT INTO term_segment
                (day, lane, id, level, entries, pages, first_block, first_at, last_at, rollups, filter)
            SELECT $1, 0, $2, $3, $4, $5, $6, min(first_at), max(last_at), NULL, $8
            FROM term_segment WHERE day = $1 AND id = ANY($7)";
    DROP_PAGES = "DELETE FROM term_page WHERE day = $1 AND segment = ANY($2)";
    DROP_SEGMENTS = "DELETE FROM term_segment WHERE day = $1 AND id = ANY($2)";
}

/// Segments that become one.
const FAN_IN: i64 = 32;
/// No merge makes a larger segment than about this; at 6 bytes an entry 400 MB.
const MOST_ENTRIES: i64 = 64_000_000;
const SLICE_PAGES: i64 = 512;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Segments that became one; 0: there was nothing to do.
    pub segments: usize,
    pub entries: u64,
    /// Rows of `destination_minute` that were written.
    pub rollups: usize,
    /// Another process was merging.
    pub busy: bool,
}

struct Input {
    id: i64,
    entries: i64,
    pages: i64,
    first_block: i64,
    rollups: Option<Vec<u8>>,
    level: i16,
    /// At most so many terms.
    terms: usize,
}

impl Store {
    /// One step. While it reports segments there may be more to do.
    pub async fn merge_once(&self) -> Result<Merged, StoreError> {
        self.merge_at(now()).await
    }

    /// The same with the clock given: a day is over when `now` is in a later one.
    pub async fn merge_at(&self, now: Timestamp) -> Result<Merged, StoreError> {
        let mut tx = self.begin().await.during("merge segments")?;
        let alone: bool = sqlx::query_scalar(TRY_LOCK)
            .fetch_one(&mut *tx)
            .await
            .during("merge segments")?;
        if !alone {
            return Ok(Merged {
                busy: true,
                ..Merged::default()
            });
        }
        let Some((day, inputs)) = choose(&mut tx, now).await? else {
            return Ok(Merged::default());
        };
        let merged = merge(&mut tx, day, inputs).await?;
        tx.commit().await.during("merge segments")?;
        Ok(merged)
    }
}

async fn choose(
    tx: &mut PgConnection,
    now: Timestamp,
) -> Result<Option<(Date, Vec<Input>)>, StoreError> {
    let full = sqlx::query(FULL_LEVEL)
        .bind(FAN_IN)
        .bind(MOST_ENTRIES)
        .fetch_optional(&mut *tx)
        .await
        .during("choose segments")?;
    if let Some(row) = full {
        let day: Date = row.try_get(0).during("choose segments")?;
        let level: i16 = row.try_get(1).during("choose segments")?;
        let query = sqlx::query(OF_LEVEL).bind(day).bind(level);
        let inputs = inputs(&mut *tx, query.bind(MOST_ENTRIES).bind(FAN_IN)).await?;
        if inputs.len() > 1 {
            return Ok(Some((day, inputs)));
        }
    }
    let open: Option<Date> = sqlx::query_scalar(OPEN_DAY)
        .bind(day_of(now))
        .bind(MOST_ENTRIES)
        .fetch_optional(&mut *tx)
        .await
        .during("choose segments")?;
    let Some(day) = open else {
        return Ok(None);
    };
    let query = sqlx::query(OF_DAY).bind(day).bind(MOST_ENTRIES);
    let inputs = inputs(&mut *tx, query.bind(FAN_IN * 4)).await?;
    Ok((inputs.len() > 1).then_some((day, inputs)))
}

type PgQuery<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// As many as fit under `MOST_ENTRIES`, but always two where there are two.
async fn inputs(tx: &mut PgConnection, query: PgQuery<'_>) -> Result<Vec<Input>, StoreError> {
    let rows = query.fetch_all(tx).await.during("choose segments")?;
    let mut total = 0;
    let mut inputs = Vec::with_capacity(rows.len());
    for row in &rows {
        let input = input(row).during("choose segments")?;
        total += input.entries;
        if inputs.len() >= 2 && total > MOST_ENTRIES {
            break;
        }
        inputs.push(input);
    }
    Ok(inputs)
}

fn input(row: &sqlx::postgres::PgRow) -> Result<Input, sqlx::Error> {
    let filter: Option<i32> = row.try_get(6)?;
    let entries: i64 = row.try_get(1)?;
    Ok(Input {
        id: row.try_get(0)?,
        entries,
        pages: i64::from(row.try_get::<i32, _>(2)?),
        first_block: row.try_get(3)?,
        rollups: row.try_get(4)?,
        level: row.try_get(5)?,
        // A filter has a byte or more for each term.
        terms: filter.map_or(entries.max(0) as usize, |bytes| bytes.max(0) as usize),
    })
}

async fn merge(tx: &mut PgConnection, day: Date, inputs: Vec<Input>) -> Result<Merged, StoreError> {
    let ids: Vec<i64> = inputs.iter().map(|input| input.id).collect();
    let first_blocks: Vec<i64> = inputs.iter().map(|input| input.first_block).collect();
    let first_block = first_blocks.iter().copied().min().unwrap_or(0);
    let level = inputs.iter().map(|input| input.level).max().unwrap_or(0);

    let mut lines = Vec::new();
    for packed in inputs.iter().filter_map(|input| input.rollups.as_deref()) {
        lines.extend(rollup::unpack(packed)?);
    }
    let rollups = fold::fold(tx, day, lines).await?;

    let id: i64 = sqlx::query_scalar(DRAW)
        .fetch_one(&mut *tx)
        .await
        .during("merge segments")?;
    let pages: i64 = inputs.iter().map(|input| input.pages).sum();
    let slices = pages / SLICE_PAGES + 1;
    let bound = |slice: i64| (i128::from(TERM_END) * i128::from(slice) / i128::from(slices)) as i64;
    let mut output = Output {
        day,
        id,
        pages: 0,
        entries: 0,
    };
    let mut writer = PageWriter::new(first_block);
    let mut filter = FilterWriter::new(inputs.iter().map(|input| input.terms).sum());
    let mut last_term = None;
    let mut pending: Vec<Entry> = Vec::new();
    for slice in 0..slices {
        let end = bound(slice + 1);
        let rows = sqlx::query(SLICE)
            .bind(day)
            .bind(&ids)
            .bind(&first_blocks)
            .bind(bound(slice))
            .bind(end)
            .fetch_all(&mut *tx)
            .await
            .during("merge segments")?;
        for row in &rows {
            let read = || {
                Ok((
                    row.try_get(0)?,
                    row.try_get(1)?,
                    row.try_get::<&[u8], _>(2)?,
                ))
            };
            let (block, term, page) = read().during("merge segments")?;
            read_page(page, term, block, |entry| pending.push(entry))
                .map_err(|error| StoreError::internal("read term page", error))?;
        }
        // Pages not read yet hold only terms from `end` on: everything below it is complete.
        pending.sort();
        let complete = pending.partition_point(|entry| entry.term < end);
        for entry in pending.drain(..complete) {
            if let Some(filter) = &mut filter
                && last_term.replace(entry.term) != Some(entry.term)
            {
                filter.push(entry.term);
            }
            writer.push(entry);
        }
        output.write(tx, writer.take()).await?;
    }
    output.write(tx, writer.finish()).await?;
    let filter = filter.and_then(FilterWriter::finish);
    output
        .close(tx, level + 1, first_block, &ids, filter)
        .await?;
    Ok(Merged {
        segments: ids.len(),
        entries: output.entries as u64,
        rollups,
        busy: false,
    })
}

/// The segment under construction.
struct Output {
    day: Date,
    id: i64,
    pages: i32,
    entries: i64,
}

impl Output {
    async fn write(&mut self, tx: &mut PgConnection, pages: Pages) -> Result<(), StoreError> {
        self.entries += pages.entry_count;
        self.pages += pages.len() as i32;
        if pages.len() == 0 {
            return Ok(());
        }
        sqlx::query(WRITE_PAGES)
            .bind(self.day)
            .bind(self.id)
            .bind(&pages.first_terms)
            .bind(&pages.numbers)
            .bind(&pages.runs)
            .bind(&pages.entries)
            .execute(tx)
            .await
            .during("write term pages")
            .map(|_| ())
    }

    async fn close(
        &self,
        tx: &mut PgConnection,
        level: i16,
        first_block: i64,
        replaced: &[i64],
        filter: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        sqlx::query(WRITE_SEGMENT)
            .bind(self.day)
            .bind(self.id)
            .bind(level)
            .bind(self.entries)
            .bind(self.pages)
            .bind(first_block)
            .bind(replaced)
            .bind(filter)
            .execute(&mut *tx)
            .await
            .during("replace segments")?;
        for sql in [DROP_PAGES, DROP_SEGMENTS] {
            sqlx::query(sql)
                .bind(self.day)
                .bind(replaced)
                .execute(&mut *tx)
                .await
                .during("replace segments")?;
        }
        Ok(())
    }
}
