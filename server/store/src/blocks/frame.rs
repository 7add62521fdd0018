//! A frame: some spans that are read together, readable without any other frame.
//!
//! Version 1, all integers LEB128 unless said otherwise:
//! ```text
//! u8 version · u64 LE xxh3 of everything that follows
//! number of spans · number of traces · per trace: 16 bytes id, number of its spans · per span: 8 bytes id
//! length of the body · zstd level 1 of the body:
//!   postcard(Head) · per group of 16 spans (the last may have fewer): length, postcard of its rows
//! ```
//! A group can be read without the rows of the others. Spans of one trace stand together. Ids are outside the compressed body: they do not compress, and
//! the duplicate filter reads them alone. Times are distances from the frame's first start.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::{Event, Resource, Scope, Span};
use waybill_model::time::Timestamp;
use xxhash_rust::xxh3::xxh3_64;
use zstd::bulk::Compressor;

use super::entries::{Reader, put_varint};
use super::row::{self, Row};

const VERSION: u8 = 1;
const HEAD: usize = 9;

#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("version {0} is not known")]
    Version(u8),
    #[error("the checksum does not fit")]
    Checksum,
    #[error("it ends too early")]
    Truncated,
    #[error("its body does not decompress")]
    Compression(#[source] std::io::Error),
    #[error("its body does not decode")]
    Body(#[source] postcard::Error),
}

/// Spans that are read together; the term index points at groups, counted over the block.
pub const GROUP_SPANS: usize = 16;
/// Groups of every frame but a block's last, which may have fewer.
pub const FRAME_GROUPS: usize = 12;

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    base: i64,
    resources: Vec<Cow<'a, Resource>>,
    scopes: Vec<Cow<'a, Scope>>,
}

/// Packs frames one after the other; keeps its buffers.
pub struct FrameWriter {
    compressor: Compressor<'static>,
    plain: Vec<u8>,
    group: Vec<u8>,
}

impl FrameWriter {
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(1)?,
            plain: Vec::new(),
            group: Vec::new(),
        })
    }

    /// Appends one frame to `out`. Spans of one trace must be neighbours.
    pub fn write(&mut self, spans: &[&Span], out: &mut Vec<u8>) -> std::io::Result<()> {
        let at = out.len();
        out.push(VERSION);
        out.extend_from_slice(&[0; HEAD - 1]);
        write_ids(spans, out);
        self.body(spans).map_err(std::io::Error::other)?;
        put_varint(out, self.plain.len() as u64);
        let start = out.len();
        out.resize(start + zstd::zstd_safe::compress_bound(self.plain.len()), 0);
        let written = self
            .compressor
            .compress_to_buffer(&self.plain, &mut out[start..])?;
        out.truncate(start + written);
        let sum = xxh3_64(&out[at + HEAD..]);
        out[at + 1..at + HEAD].copy_from_slice(&sum.to_le_bytes());
        Ok(())
    }

    fn body(&mut self, spans: &[&Span]) -> Result<(), postcard::Error> {
        let base = spans.iter().map(|span| span.started_at.unix_nanos()).min();
        let base = base.unwrap_or(0);
        let (mut resources, mut scopes) = (Shared::new(), Shared::new());
        let shares: Vec<(u32, u32)> = spans
            .iter()
            .map(|span| (resources.index(&span.resource), scopes.index(&span.scope)))
            .collect();
        let head = Head {
            base,
            resources: resources.items.into_iter().map(Cow::Borrowed).collect(),
            scopes: scopes.items.into_iter().map(Cow::Borrowed).collect(),
        };
        self.plain.clear();
        self.plain = postcard::to_extend(&head, std::mem::take(&mut self.plain))?;
        let shares = shares.chunks(GROUP_SPANS);
        for (group, shares) in spans.chunks(GROUP_SPANS).zip(shares) {
            self.group.clear();
            for (span, (resource, scope)) in group.iter().zip(shares) {
                row::write(span, base, *resource, *scope, &mut self.group);
            }
            put_varint(&mut self.plain, self.group.len() as u64);
            self.plain.extend_from_slice(&self.group);
        }
        Ok(())
    }
}

fn write_ids(spans: &[&Span], out: &mut Vec<u8>) {
    let traces = || spans.chunk_by(|a, b| a.trace_id == b.trace_id);
    put_varint(out, spans.len() as u64);
    put_varint(out, traces().count() as u64);
    for trace in traces() {
        out.extend_from_slice(trace[0].trace_id.as_bytes());
        put_varint(out, trace.len() as u64);
    }
    for span in spans {
        out.extend_from_slice(span.span_id.as_bytes());
    }
}

/// Equal values once: found by address first, by value second.
struct Shared<'a, T> {
    items: Vec<&'a T>,
    by_address: HashMap<*const T, u32>,
}

impl<'a, T: PartialEq> Shared<'a, T> {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            by_address: HashMap::new(),
        }
    }

    fn index(&mut self, item: &'a Arc<T>) -> u32 {
        let items = &mut self.items;
        *self.by_address.entry(Arc::as_ptr(item)).or_insert_with(|| {
            let at = items.iter().position(|known| **known == **item);
            at.unwrap_or_else(|| {
                items.push(item);
                items.len() - 1
            }) as u32
        })
    }
}

/// The ids of a frame, without its body.
pub fn read_ids(frame: &[u8]) -> Result<Vec<(TraceId, SpanId)>, FrameError> {
    ids(&mut Reader::new(checked(frame)?))
}

/// All spans of a frame.
pub fn read(frame: &[u8]) -> Result<Vec<Arc<Span>>, FrameError> {
    read_groups(frame, |_| true)
}

/// Spans of the groups that are wanted, counted from 0 within the frame.
pub fn read_groups(
    frame: &[u8],
    wanted: impl Fn(usize) -> bool,
) -> Result<Vec<Arc<Span>>, FrameError> {
    let mut reader = Reader::new(checked(frame)?);
    let ids = ids(&mut reader)?;
    let length = reader.length()?;
    let plain = zstd::bulk::decompress(reader.rest(), length).map_err(FrameError::Compression)?;
    let (head, rest): (Head<'static>, &[u8]) =
        postcard::take_from_bytes(&plain).map_err(FrameError::Body)?;
    let resources: Vec<Arc<Resource>> = shared(head.resources);
    let scopes: Vec<Arc<Scope>> = shared(head.scopes);
    let mut reader = Reader::new(rest);
    let mut spans = Vec::new();
    for (number, ids) in ids.chunks(GROUP_SPANS).enumerate() {
        let length = reader.length()?;
        let mut rows = reader.take(length)?;
        if !wanted(number) {
            continue;
        }
        for id in ids {
            let (row, rest) = postcard::take_from_bytes(rows).map_err(FrameError::Body)?;
            rows = rest;
            spans.push(Arc::new(span(*id, row, head.base, &resources, &scopes)?));
        }
    }
    Ok(spans)
}

fn shared<T: Clone>(items: Vec<Cow<'_, T>>) -> Vec<Arc<T>> {
    items
        .into_iter()
        .map(|item| Arc::new(item.into_owned()))
        .collect()
}

fn span(
    (trace_id, span_id): (TraceId, SpanId),
    row: Row,
    base: i64,
    resources: &[Arc<Resource>],
    scopes: &[Arc<Scope>],
) -> Result<Span, FrameError> {
    let start = base.wrapping_add(row.start);
    let at = |distance: i64| Timestamp::from_unix_nanos(start.wrapping_add(distance));
    let pick = |index: u32| index as usize;
    Ok(Span {
        trace_id,
        span_id,
        parent_id: row.parent,
        name: row.name,
        kind: row.kind,
        started_at: at(0),
        ended_at: at(row.duration),
        status: row.status,
        attributes: row.attributes,
        events: row
            .events
            .into_iter()
            .map(|event| Event {
                at: at(event.at),
                name: event.name,
                attributes: event.attributes,
                dropped_attributes: event.dropped,
            })
            .collect(),
        links: row.links,
        trace_state: row.trace_state,
        flags: row.flags,
        dropped: row.dropped,
        resource: resources
            .get(pick(row.resource))
            .cloned()
            .ok_or(FrameError::Truncated)?,
        scope: scopes
            .get(pick(row.scope))
            .cloned()
            .ok_or(FrameError::Truncated)?,
    })
}

fn checked(frame: &[u8]) -> Result<&[u8], FrameError> {
    let (head, rest) = frame.split_at_checked(HEAD).ok_or(FrameError::Truncated)?;
    if head[0] != VERSION {
        return Err(FrameError::Version(head[0]));
    }
    if head[1..] != xxh3_64(rest).to_le_bytes() {
        return Err(FrameError::Checksum);
    }
    Ok(rest)
}

fn ids(reader: &mut Reader<'_>) -> Result<Vec<(TraceId, SpanId)>, FrameError> {
    let (spans, traces) = (reader.length()?, reader.length()?);
    let mut trace_of = Vec::new();
    for _ in 0..traces {
        let id = TraceId::from_slice(reader.take(16)?).map_err(|_| FrameError::Truncated)?;
        for _ in 0..reader.length()? {
            trace_of.push(id);
        }
    }
    if trace_of.len() != spans {
        return Err(FrameError::Truncated);
    }
    trace_of
        .into_iter()
        .map(|trace| {
            let id = SpanId::from_slice(reader.take(8)?).map_err(|_| FrameError::Truncated)?;
            Ok((trace, id))
        })
        .collect()
}
