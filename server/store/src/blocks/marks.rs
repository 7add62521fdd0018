//! Marks: what the finder of exceptional messages reads of a block instead of its spans, so that
//! its cost follows trouble and not traffic.
//!
//! Version 1, all integers LEB128:
//! ```text
//! u8 version · number of traces in trouble · 16 bytes each, sorted
//! number of touches · distance of each from the one before, sorted
//! ```

use waybill_model::id::TraceId;
use waybill_model::reference::Term;
use waybill_model::span::Span;

use super::IndexedSpan;
use super::entries::{Reader, put_varint};
use super::frame::FrameError;

const VERSION: u8 = 1;
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

/// What a block tells of its traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Traces with a span that tells of trouble.
    pub troubled: Vec<TraceId>,
    /// Traces that the block holds spans of, or of spans that link to them.
    pub touched: Vec<Touch>,
}

impl Marks {
    /// Of spans, each with whether it tells of trouble.
    pub fn of<'a>(spans: impl Iterator<Item = (&'a Span, bool)>) -> Self {
        let mut marks = Self::default();
        for (span, troubled) in spans {
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
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FrameError> {
        let (version, rest) = bytes.split_first().ok_or(FrameError::Truncated)?;
        if *version != VERSION {
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
        Ok(marks)
    }
}

pub(crate) fn pack(batch: &[IndexedSpan]) -> Vec<u8> {
    Marks::of(
        batch
            .iter()
            .map(|indexed| (&indexed.span, indexed.troubled)),
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
        }
        let marks = Marks::of(batch.iter().map(|i| (&i.span, i.troubled)));
        assert_eq!(marks.troubled.len(), 10);
        for indexed in &batch {
            assert!(marks.touched.contains(&Touch::of(indexed.span.trace_id)));
        }
        let bytes = pack(&batch);
        assert_eq!(Marks::read(&bytes).unwrap(), marks);
        assert!(Marks::read(&bytes[..bytes.len() - 1]).is_err());
        assert!(Marks::read(&[9]).is_err());
    }
}
