//! From a batch to messages.

use std::ops::ControlFlow;

use bytes::Bytes;
use waybill_model::time::Timestamp;

use super::batch::Batch;
use super::record::{self, Malformed, Record};
use super::unfold::{Codec, Folded};
use crate::browse::Stored;

/// From this offset up to that one, without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) until: i64,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error(transparent)]
    Folded(#[from] Folded),
    #[error("{0}")]
    Malformed(Malformed),
    #[error("offsets in it are not in order")]
    Order,
}

/// What went wrong, and the offset from which on.
pub(super) type Broken = (i64, Unreadable);

/// Hands over what of `batch` lies in `span`. `Break` with the offset after the one that was enough.
pub(super) fn hand(
    batch: &Batch,
    partition: &str,
    span: Span,
    each: &mut (dyn FnMut(Stored) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<i64>, Broken> {
    let mut next = span.from.max(batch.first);
    let fails = |next: i64| move |error: Unreadable| (next, error);
    let codec = Codec::of(batch.attributes).map_err(|error| fails(next)(error.into()))?;
    let unfolded = codec.unfold(&batch.packed);
    let unfolded = unfolded.map_err(|error| fails(next)(error.into()))?;
    let mut left = &unfolded[..];
    let mut after = batch.first;
    for _ in 0..batch.count {
        let record =
            record::next(&mut left).map_err(|error| fails(next)(Unreadable::Malformed(error)))?;
        let offset = batch.first.saturating_add(record.offset_delta);
        if offset < after || offset > batch.last {
            return Err(fails(next)(Unreadable::Order));
        }
        after = offset.saturating_add(1);
        if offset < span.from {
            continue;
        }
        if offset >= span.until {
            return Ok(ControlFlow::Continue(()));
        }
        next = after;
        if each(stored(batch, codec, partition, offset, &record)).is_break() {
            return Ok(ControlFlow::Break(after));
        }
    }
    match left.is_empty() {
        true => Ok(ControlFlow::Continue(())),
        false => Err(fails(next)(Unreadable::Malformed(Malformed))),
    }
}

/// With bytes of its own: who keeps one message must not keep its whole batch.
fn stored(
    batch: &Batch,
    codec: Codec,
    partition: &str,
    offset: i64,
    record: &Record<'_>,
) -> Stored {
    let time = match batch.is_broker_time() {
        true => batch.last_time,
        false => batch.first_time.saturating_add(record.time_delta),
    };
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let of_headers = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + length(*value));
    let size = length(record.key) + length(record.value) + of_headers.sum::<usize>();
    let headers = record.headers.iter().map(|(name, value)| {
        let name = String::from_utf8_lossy(name).into_owned();
        (name, value.map(Bytes::copy_from_slice))
    });
    Stored {
        partition: Some(partition.to_owned()),
        offset,
        // -1: the producer set none.
        at: (time >= 0).then(|| Timestamp::from_unix_millis(time)),
        is_broker_time: batch.is_broker_time(),
        key: record.key.map(Bytes::copy_from_slice),
        value: record.value.map(Bytes::copy_from_slice),
        headers: headers.collect(),
        properties: properties(batch, codec),
        size_bytes: size as u64,
    }
}

fn properties(batch: &Batch, codec: Codec) -> Vec<(&'static str, String)> {
    let mut properties = Vec::new();
    if codec != Codec::None {
        properties.push(("compression", codec.name().to_owned()));
    }
    if batch.producer_id >= 0 {
        properties.push(("producer_id", batch.producer_id.to_string()));
    }
    if batch.is_transactional() {
        properties.push(("transactional", "true".to_owned()));
    }
    properties
}
