//! Marks: what the finder of exceptional messages reads of a block instead of its spans, so that
//! its cost follows trouble and not traffic.
//!
//! Version 2, all integers LEB128:
//! ```text
//! u8 version · number of traces in trouble · 16 bytes each, sorted
//! number of touches · distance of each from the one before, sorted
//! number of tries · distance of each from the one before, sorted, repeated ones with 0
//! ```
//! Version 1 ends after the touches. A try costs 5 bytes: about that for each consumer's span.

use std::collections::HashSet;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::reference::Term;
use waybill_model::span::Span;

use super::IndexedSpan;
use super::entries::{Reader, put_varint};
use super::frame::FrameError;

const VERSION: u8 = 2;
const WITHOUT_TRIES: u8 = 1;
/// Among 10,000 watched traces one block of 1,000 in 27 looks touched and is not.
const TOUCH_BITS: u32 = 28;

/// A trace as marks tell it: different traces may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touch(u32);

impl Touch {
    pub fn of(trace_id: TraceId) -> Self {
        Self((Term::trace(trace_id).0 >> (64 - TOUCH_BITS)) as u32)
    }
}

/// A consumer's try of one message, as marks tell it: the same message tried again by the same group
/// gives the same number, so that a second delivery is noticed which no span calls a failure.
/// Others may share it: it leads to spans, and these decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tried(u64);

/// Among the tries of a quarter of an hour, two millions, one of half a million others looks known.
const TRY_BITS: u32 = 40;

impl Tried {
    pub fn of(hash: u64) -> Self {
        Self(hash >> (64 - TRY_BITS))
    }
}

/// What a block tells of its traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Traces with a span that tells of trouble.
    pub troubled: Vec<TraceId>,
    /// Traces that the block holds spans of, or of spans that link to them.
    pub touched: Vec<Touch>,
    /// One for each, so some may stand twice.
    pub tried: Vec<Tried>,
}

impl Marks {
    /// Of spans, each with whether it tells of trouble, and what it tried.
    pub fn of<'a>(spans: impl Iterator<Item = (&'a Span, bool, &'a [Tried])> + Clone) -> Self {
        let mut marks = Self::default();
        // A span within another that says the same is a part of that try.
        let tries: HashSet<(TraceId, SpanId, Tried)> = spans
            .clone()
            .flat_map(|(span, _, tried)| {
                tried
                    .iter()
                    .map(|tried| (span.trace_id, span.span_id, *tried))
            })
            .collect();
        for (span, troubled, tried) in spans {
            let within = |tried: &Tried| {
                span.parent_id
                    .is_some_and(|parent| tries.contains(&(span.trace_id, parent, *tried)))
            };
            marks
                .tried
                .extend(tried.iter().filter(|tried| !within(tried)));
            if troubled {
                marks.troubled.push(span.trace_id);
            }
            marks.touched.push(Touch::of(span.trace_id));
            let linked = span.links.iter().map(|link| link.trace_id);
            marks
                .touched
                .extend(linked.filter(|id| *id != span.trace_id).map(Touch::of));
        }
        marks.troubled.sort_unstable();
        marks.troubled.dedup();
        marks.touched.sort_unstable();
        marks.touched.dedup();
        marks.tried.sort_unstable();
        marks
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.troubled.len() * 16 + self.touched.len() * 3);
        out.push(VERSION);
        put_varint(&mut out, self.troubled.len() as u64);
        for trace_id in &self.troubled {
            out.extend_from_slice(trace_id.as_bytes());
        }
        put_varint(&mut out, self.touched.len() as u64);
        let mut before = 0;
        for touch in &self.touched {
            put_varint(&mut out, u64::from(touch.0 - before));
            before = touch.0;
        }
        put_varint(&mut out, self.tried.len() as u64);
        let mut before = 0;
        for tried in &self.tried {
            put_varint(&mut out, tried.0 - before);
            before = tried.0;
        }
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FrameError> {
        let (version, rest) = bytes.split_first().ok_or(FrameError::Truncated)?;
        if ![VERSION, WITHOUT_TRIES].contains(version) {
            return Err(FrameError::Version(*version));
        }
        let mut reader = Reader::new(rest);
        let mut marks = Self::default();
        for _ in 0..reader.length()? {
            let id = TraceId::from_slice(reader.take(16)?).map_err(|_| FrameError::Truncated)?;
            marks.troubled.push(id);
        }
        let mut touch = 0u32;
        for _ in 0..reader.length()? {
            touch = touch.wrapping_add(reader.varint()? as u32);
            marks.touched.push(Touch(touch));
        }
        if *version == WITHOUT_TRIES {
            return Ok(marks);
        }
        let mut tried = 0u64;
        for _ in 0..reader.length()? {
            tried = tried.wrapping_add(reader.varint()?);
            marks.tried.push(Tried(tried));
        }
        Ok(marks)
    }
}

pub(crate) fn pack(batch: &[IndexedSpan]) -> Vec<u8> {
    Marks::of(
        batch
            .iter()
            .map(|indexed| (&indexed.span, indexed.troubled, &*indexed.tried)),
    )
    .write()
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use waybill_model::time::Timestamp;

    use super::*;
    use crate::testing::Sample;

    #[test]
    fn what_is_written_is_read() {
        let mut batch = Sample::new(7, Timestamp::EPOCH).batch(500);
        for (n, indexed) in batch.iter_mut().enumerate() {
            indexed.troubled = n % 50 == 0;
            // Each tried twice.
            indexed.tried = vec![Tried::of((n as u64 / 2).rotate_right(16))];
        }
        let marks = Marks::of(batch.iter().map(|i| (&i.span, i.troubled, &*i.tried)));
        assert_eq!(marks.tried.len(), 500);
        assert_eq!(marks.troubled.len(), 10);
        for indexed in &batch {
            assert!(marks.touched.contains(&Touch::of(indexed.span.trace_id)));
        }
        let bytes = pack(&batch);
        assert_eq!(Marks::read(&bytes).unwrap(), marks);
        assert!(Marks::read(&bytes[..bytes.len() - 1]).is_err());
        assert!(Marks::read(&[9]).is_err());
        // Of an older version: the same without tries.
        let without = Marks {
            tried: Vec::new(),
            ..marks.clone()
        };
        let touches_alone = without.write();
        let mut older = touches_alone[..touches_alone.len() - 1].to_vec();
        older[0] = WITHOUT_TRIES;
        assert_eq!(Marks::read(&older).unwrap(), without);
    }

    #[test]
    fn a_span_within_its_like_is_no_second_try() {
        let mut batch = Sample::new(7, Timestamp::EPOCH).batch(2);
        let tried = Tried::of(u64::MAX);
        for indexed in &mut batch {
            indexed.tried = vec![tried];
        }
        let of = |batch: &[IndexedSpan]| {
            Marks::of(batch.iter().map(|i| (&i.span, i.troubled, &*i.tried))).tried
        };
        assert_eq!(of(&batch), [tried, tried]);
        let (trace_id, parent) = (batch[0].span.trace_id, batch[0].span.span_id);
        batch[1].span.trace_id = trace_id;
        batch[1].span.parent_id = Some(parent);
        assert_eq!(of(&batch), [tried]);
    }
}
