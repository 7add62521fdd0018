//! Batches as a broker stores them, one after another, the last perhaps cut
//! (<https://kafka.apache.org/documentation/#recordbatch>). Nothing in them is believed before it
//! was looked over: lengths lie, checksums are wrong, offsets go back.

use bytes::{Buf, Bytes};

/// Offset, length, four bytes, and the byte that tells the format in every version of it.
const FRONT: usize = 17;
/// Offset and length, which the length does not count.
const LENGTH_FROM: usize = 12;
/// Of a batch of format 2, up to its records.
const HEADER: usize = 61;
/// What the checksum is over.
const SUMMED_FROM: usize = 21;

const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

/// Format 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Offsets of its first record and its last, or what compaction left of them.
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) attributes: i16,
    /// Milliseconds since the Unix epoch.
    pub(super) first_time: i64,
    pub(super) last_time: i64,
    pub(super) producer_id: i64,
    pub(super) count: i32,
    /// Its records, compressed as its attributes say.
    pub(super) packed: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Batch(Batch),
    /// Skipped: of its records nothing is known but where they are.
    Unreadable {
        first: i64,
        last: i64,
        why: &'static str,
    },
}

/// Where nothing after it can be found either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoBatch;

pub(super) const OLD_FORMAT: &str =
    "it is in a format of before Kafka 0.11, which is not read here";
pub(super) const WRONG_SUM: &str = "its checksum is wrong";

/// What is in one answer, up to where it was cut.
pub(super) struct Pieces {
    left: Bytes,
}

impl Pieces {
    pub(super) fn of(records: Bytes) -> Self {
        Self { left: records }
    }
}

impl Iterator for Pieces {
    type Item = Result<Piece, NoBatch>;

    /// After what is no batch nothing else is found.
    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.piece();
        if matches!(piece, Some(Err(_))) {
            self.left.clear();
        }
        piece
    }
}

impl Pieces {
    fn piece(&mut self) -> Option<Result<Piece, NoBatch>> {
        if self.left.len() < FRONT {
            return None;
        }
        let first = i64_at(&self.left, 0);
        let length = i32_at(&self.left, 8);
        let magic = self.left[FRONT - 1];
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_add(LENGTH_FROM));
        let Some(end) = end.filter(|end| *end >= FRONT && first >= 0) else {
            return Some(Err(NoBatch));
        };
        if end > self.left.len() {
            return None;
        }
        let bytes = self.left.split_to(end);
        Some(match magic {
            // The offset is that of the last message where several are compressed into one.
            0 | 1 => Ok(Piece::Unreadable {
                first,
                last: first,
                why: OLD_FORMAT,
            }),
            2 if end >= HEADER => batch(bytes, first),
            _ => Err(NoBatch),
        })
    }
}

fn batch(mut bytes: Bytes, first: i64) -> Result<Piece, NoBatch> {
    let delta = i32_at(&bytes, 23);
    let last = first.checked_add(delta.into()).ok_or(NoBatch)?;
    if last < first {
        return Err(NoBatch);
    }
    if crc32c::crc32c(&bytes[SUMMED_FROM..]) != i32_at(&bytes, 17) as u32 {
        return Ok(Piece::Unreadable {
            first,
            last,
            why: WRONG_SUM,
        });
    }
    let batch = Batch {
        first,
        last,
        attributes: i16::from_be_bytes([bytes[21], bytes[22]]),
        first_time: i64_at(&bytes, 27),
        last_time: i64_at(&bytes, 35),
        producer_id: i64_at(&bytes, 43),
        count: i32_at(&bytes, 57),
        packed: {
            bytes.advance(HEADER);
            bytes
        },
    };
    Ok(Piece::Batch(batch))
}

impl Batch {
    /// Markers of transactions and the like, which are nobody's messages.
    pub(super) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// The broker's time is that of the batch; a producer's is each record's own.
    pub(super) fn is_broker_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }
}

/// The caller has looked at the length.
fn i32_at(bytes: &[u8], at: usize) -> i32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| i32::from_be_bytes(*chunk))
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| i64::from_be_bytes(*chunk))
}
