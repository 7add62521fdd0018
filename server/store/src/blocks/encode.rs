//! From spans to what one commit writes. Pure and CPU-bound: may run beside the commit before.

use waybill_model::span::Span;
use waybill_model::time::Timestamp;

use super::IndexedSpan;
use super::entries::{Entry, index_term};
use super::filter::FilterWriter;
use super::frame::{FRAME_GROUPS, FrameWriter, GROUP_SPANS};
use super::marks;
use super::pages::{PageWriter, Pages};
use crate::error::StoreError;
use crate::rollup;

/// Few enough that one trace costs little to read, enough to compress.
const FRAME_SPANS: usize = FRAME_GROUPS * GROUP_SPANS;

/// A block ready to be committed.
#[derive(Clone, Debug)]
pub struct EncodedBlock {
    pub(crate) received_at: Timestamp,
    pub(crate) spans: i32,
    pub(crate) first_start: i64,
    pub(crate) last_start: i64,
    pub(crate) frame_ends: Vec<i32>,
    pub(crate) frames: Vec<u8>,
    pub(crate) pages: Pages,
    pub(crate) filter: Option<Vec<u8>>,
    pub(crate) rollups: Option<Vec<u8>>,
    pub(crate) marks: Vec<u8>,
}

impl EncodedBlock {
    pub fn span_count(&self) -> usize {
        self.spans as usize
    }

    /// Bytes that will be sent to Postgres, about.
    pub fn bytes(&self) -> usize {
        let pages: usize = self.pages.entries.iter().map(Vec::len).sum();
        self.frames.len() + pages + self.marks.len() + self.rollups.as_ref().map_or(0, Vec::len)
    }
}

/// `received_at` decides the day under which the block is kept.
pub fn encode(batch: &[IndexedSpan], received_at: Timestamp) -> Result<EncodedBlock, StoreError> {
    // Spans of one trace stand together: fewer frames to read for a trace, fewer entries.
    let mut order: Vec<&IndexedSpan> = batch.iter().collect();
    order.sort_by_key(|indexed| indexed.span.trace_id);

    let failed = |error| StoreError::internal("encode block", error);
    let mut writer = FrameWriter::new().map_err(failed)?;
    let mut frames = Vec::new();
    let mut frame_ends = Vec::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(batch.len() * 4);
    let mut spans: Vec<&Span> = Vec::with_capacity(FRAME_SPANS);
    for frame in order.chunks(FRAME_SPANS) {
        spans.clear();
        spans.extend(frame.iter().map(|indexed| &indexed.span));
        writer.write(&spans, &mut frames).map_err(failed)?;
        let end = i32::try_from(frames.len())
            .map_err(|error| StoreError::internal("encode block", error))?;
        frame_ends.push(end);
    }
    for (number, group) in order.chunks(GROUP_SPANS).enumerate() {
        let number =
            u16::try_from(number).map_err(|error| StoreError::internal("encode block", error))?;
        entries.extend(group.iter().flat_map(|indexed| {
            let terms = indexed.terms.iter();
            terms.map(move |term| Entry::new(index_term(*term), 0, number))
        }));
    }

    let (pages, filter) = index(entries);
    let starts = || batch.iter().map(|i| i.span.started_at.unix_nanos());
    Ok(EncodedBlock {
        received_at,
        spans: i32::try_from(batch.len())
            .map_err(|error| StoreError::internal("encode block", error))?,
        first_start: starts().min().unwrap_or(0),
        last_start: starts().max().unwrap_or(0),
        frame_ends,
        frames,
        pages,
        filter,
        rollups: rollup::pack(batch, received_at)?,
        marks: marks::pack(batch),
    })
}

/// The block's id is drawn by the commit: until then it is 0 and the segment's first block too.
fn index(mut entries: Vec<Entry>) -> (Pages, Option<Vec<u8>>) {
    entries.sort_unstable();
    entries.dedup();
    let terms = || entries.chunk_by(|a, b| a.term == b.term);
    let mut filter = FilterWriter::new(terms().count());
    let mut writer = PageWriter::new(0);
    for term in terms() {
        if let Some(filter) = &mut filter {
            filter.push(term[0].term);
        }
        term.iter().for_each(|entry| writer.push(*entry));
    }
    (writer.finish(), filter.and_then(FilterWriter::finish))
}
