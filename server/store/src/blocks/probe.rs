//! From terms to the places where they stand: the filters say which segments may hold a term, and
//! each of these costs one btree probe.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use time::Date;
use waybill_model::reference::Term;

use super::BlockId;
use super::entries::{Entry, index_term, read_page};
use super::filter::may_hold;
use super::find::Bounds;
use super::frame::FRAME_GROUPS;
use crate::error::{During, StoreError};

statements! {
    SEGMENTS = "SELECT day, id, first_block, coalesce(length(filter), 0) FROM term_segment
            WHERE day BETWEEN $1 AND $2 AND last_at >= $3 AND first_at < $4";
    FILTERS = "SELECT id, filter FROM term_segment WHERE id = ANY($1) AND filter IS NOT NULL";
    /// The page of a segment that may hold a term.
    PROBE = "SELECT w.at, w.term, p.first_term, p.run, p.entries
            FROM unnest($1::integer[], $2::date[], $3::bigint[], $4::bigint[]) AS w(at, day, segment, term)
            CROSS JOIN LATERAL (
                SELECT p.first_term, p.run, p.entries FROM term_page p
                WHERE p.day = w.day AND p.segment = w.segment AND p.first_term <= w.term
                ORDER BY p.first_term DESC, p.page LIMIT 1
            ) p";
    /// Further pages of a term that fills several, newest blocks first.
    FURTHER = "SELECT entries FROM term_page
            WHERE day = $1 AND segment = $2 AND first_term = $3 AND page > $4 AND page <= $5
            ORDER BY page";
}

/// The least that a page of entries holds for a term that fills several pages.
const ENTRIES_A_PAGE: usize = 1_500;
/// Filters held in memory; segments beyond are probed without one.
const FILTER_BYTES: usize = 48 << 20;

struct Segment {
    day: Date,
    id: i64,
    first_block: i64,
    filter_bytes: usize,
}

/// What is looked for.
pub(super) struct Wanted<'a> {
    pub(super) terms: &'a [Term],
    /// No block after this one.
    pub(super) most: BlockId,
    /// How many frames are read, the newest: of a term that stands in more, further entries need not
    /// be given.
    pub(super) limit_frames: usize,
}

/// Gives each entry of the terms to `each`, with the day of its block. `tx` must see one state of
/// the index throughout: between two statements a merge may replace the segments that the first
/// one named.
pub(super) async fn probe(
    tx: &mut PgConnection,
    filters: &Filters,
    wanted: &Wanted<'_>,
    range: &Bounds,
    each: impl FnMut(Date, Entry),
) -> Result<(), StoreError> {
    let Wanted {
        terms,
        most,
        limit_frames,
    } = *wanted;
    let mut wanted: Vec<i64> = terms.iter().map(|term| index_term(*term)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut given = Given {
        most,
        count: 0,
        each,
    };
    let mut segments = segments(tx, range).await?;
    segments.retain(|segment| segment.first_block <= most.0);
    let filters = filters.of(tx, &segments).await?;
    let mut asked: (Vec<i32>, Vec<Date>, Vec<i64>, Vec<i64>) = Default::default();
    for (at, segment) in (0..).zip(&segments) {
        let filter = filters.get(&segment.id).map_or(&[][..], |f| f.as_slice());
        for term in wanted.iter().filter(|term| may_hold(filter, **term)) {
            asked.0.push(at);
            asked.1.push(segment.day);
            asked.2.push(segment.id);
            asked.3.push(*term);
        }
    }
    if asked.0.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(PROBE)
        .bind(asked.0)
        .bind(asked.1)
        .bind(asked.2)
        .bind(asked.3)
        .fetch_all(&mut *tx)
        .await
        .during("find spans")?;
    let mut read = HashSet::new();
    for row in &rows {
        let probed = Probed::of(row, &segments).during("find spans")?;
        // Neighbouring terms share a page: it is read once for all of them.
        if read.insert((probed.segment.id, probed.first_term)) {
            probed.entries(probed.page, &wanted, &mut given)?;
        }
        if probed.run > 1 && probed.term == probed.first_term {
            let enough = given.count + limit_frames * FRAME_GROUPS;
            let step = i32::try_from(limit_frames * FRAME_GROUPS / ENTRIES_A_PAGE + 1);
            let step = step.unwrap_or(i32::MAX);
            let mut read = 0;
            while read + 1 < probed.run && given.count < enough {
                for page in further(tx, &probed, read, step).await? {
                    probed.entries(&page, &[probed.term], &mut given)?;
                }
                read = read.saturating_add(step);
            }
        }
    }
    Ok(())
}

async fn segments(tx: &mut PgConnection, range: &Bounds) -> Result<Vec<Segment>, StoreError> {
    let rows = sqlx::query(SEGMENTS)
        .bind(range.first_day)
        .bind(range.last_day)
        .bind(range.from)
        .bind(range.to)
        .fetch_all(tx)
        .await
        .during("find spans")?;
    rows.iter()
        .map(|row| {
            Ok(Segment {
                day: row.try_get(0)?,
                id: row.try_get(1)?,
                first_block: row.try_get(2)?,
                filter_bytes: usize::try_from(row.try_get::<i32, _>(3)?).unwrap_or(0),
            })
        })
        .collect::<Result<_, sqlx::Error>>()
        .during("find spans")
}

async fn further(
    tx: &mut PgConnection,
    probed: &Probed<'_>,
    after: i32,
    pages: i32,
) -> Result<Vec<Vec<u8>>, StoreError> {
    sqlx::query_scalar(FURTHER)
        .bind(probed.segment.day)
        .bind(probed.segment.id)
        .bind(probed.first_term)
        .bind(after)
        .bind(after.saturating_add(pages))
        .fetch_all(tx)
        .await
        .during("find spans")
}

/// Entries on their way out.
struct Given<F> {
    most: BlockId,
    count: usize,
    each: F,
}

impl<F: FnMut(Date, Entry)> Given<F> {
    fn give(&mut self, day: Date, entry: Entry) {
        if entry.block() <= self.most.0 {
            self.count += 1;
            (self.each)(day, entry);
        }
    }
}

/// A page that may hold a term.
struct Probed<'r> {
    segment: &'r Segment,
    term: i64,
    first_term: i64,
    run: i32,
    page: &'r [u8],
}

impl<'r> Probed<'r> {
    fn of(row: &'r PgRow, segments: &'r [Segment]) -> Result<Self, sqlx::Error> {
        let at = usize::try_from(row.try_get::<i32, _>(0)?).unwrap_or(usize::MAX);
        Ok(Self {
            segment: segments.get(at).ok_or(sqlx::Error::RowNotFound)?,
            term: row.try_get(1)?,
            first_term: row.try_get(2)?,
            run: row.try_get(3)?,
            page: row.try_get(4)?,
        })
    }

    fn entries(
        &self,
        page: &[u8],
        wanted: &[i64],
        given: &mut Given<impl FnMut(Date, Entry)>,
    ) -> Result<(), StoreError> {
        let of_wanted = |entry: Entry| {
            if wanted.binary_search(&entry.term).is_ok() {
                given.give(self.segment.day, entry);
            }
        };
        read_page(page, self.first_term, self.segment.first_block, of_wanted)
            .map_err(|error| StoreError::internal("read term page", error))
    }
}

/// Filters of segments, read once: a segment never changes, and its id is never used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(Arc<Mutex<HashMap<i64, Arc<Vec<u8>>>>>);

impl Filters {
    async fn of(
        &self,
        tx: &mut PgConnection,
        segments: &[Segment],
    ) -> Result<HashMap<i64, Arc<Vec<u8>>>, StoreError> {
        let mut known = self.known().clone();
        let mut room = FILTER_BYTES.saturating_sub(bytes_of(&known));
        let unknown = || {
            segments
                .iter()
                .filter(|segment| segment.filter_bytes > 0 && !known.contains_key(&segment.id))
        };
        if unknown().map(|segment| segment.filter_bytes).sum::<usize>() > room {
            let live: HashSet<i64> = segments.iter().map(|segment| segment.id).collect();
            known.retain(|id, _| live.contains(id));
            room = FILTER_BYTES.saturating_sub(bytes_of(&known));
        }
        let mut missing: Vec<&Segment> = segments
            .iter()
            .filter(|segment| segment.filter_bytes > 0 && !known.contains_key(&segment.id))
            .collect();
        missing.sort_by_key(|segment| segment.filter_bytes);
        let ids: Vec<i64> = missing
            .into_iter()
            .take_while(|segment| {
                let fits = segment.filter_bytes <= room;
                room = room.saturating_sub(segment.filter_bytes);
                fits
            })
            .map(|segment| segment.id)
            .collect();
        if !ids.is_empty() {
            let rows = sqlx::query(FILTERS)
                .bind(ids)
                .fetch_all(tx)
                .await
                .during("read filters")?;
            for row in &rows {
                let id = row.try_get(0).during("read filters")?;
                let filter: Vec<u8> = row.try_get(1).during("read filters")?;
                known.insert(id, Arc::new(filter));
            }
            *self.known() = known.clone();
        }
        Ok(known)
    }

    /// A panic elsewhere leaves the map whole.
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Arc<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes_of(filters: &HashMap<i64, Arc<Vec<u8>>>) -> usize {
    filters.values().map(|filter| filter.len()).sum()
}
