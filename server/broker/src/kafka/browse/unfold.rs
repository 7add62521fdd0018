//! Takes the records of a batch out of their compression.

use bytes::Bytes;

pub(super) use crate::unfold::Folded;
use crate::unfold::{MOST_BYTES, bounded};

/// The lowest three bits of a batch's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    pub(super) fn of(attributes: i16) -> Result<Self, Folded> {
        Ok(match attributes & 7 {
            0 => Self::None,
            1 => Self::Gzip,
            2 => Self::Snappy,
            3 => Self::Lz4,
            4 => Self::Zstd,
            _ => return Err(Folded::Unknown),
        })
    }

    /// As in `compression.type`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    pub(super) fn unfold(self, packed: &Bytes) -> Result<Bytes, Folded> {
        match self {
            Self::None => Ok(packed.clone()),
            // Java's reader goes on with a further member, and so does this one.
            Self::Gzip => bounded(flate2::read::MultiGzDecoder::new(&packed[..])),
            Self::Snappy => snappy(packed),
            Self::Lz4 => bounded(lz4_flex::frame::FrameDecoder::new(&packed[..])),
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(&packed[..]);
                bounded(decoder.map_err(|_| Folded::Broken)?)
            }
        }
    }
}

/// Java's clients write snappy-java's stream: a header of 16 bytes, then blocks with their length.
/// Others write one block as it is.
const STREAM: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const STREAM_HEADER: usize = 16;

fn snappy(packed: &[u8]) -> Result<Bytes, Folded> {
    let mut unfolded = Vec::new();
    if !packed.starts_with(&STREAM) {
        block(packed, &mut unfolded)?;
        return Ok(unfolded.into());
    }
    let mut left = packed.get(STREAM_HEADER..).ok_or(Folded::Broken)?;
    while let Some((length, rest)) = left.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| Folded::Broken)?;
        let (this, rest) = rest.split_at_checked(length).ok_or(Folded::Broken)?;
        block(this, &mut unfolded)?;
        left = rest;
    }
    match left.is_empty() {
        true => Ok(unfolded.into()),
        false => Err(Folded::Broken),
    }
}

/// The length that a block tells is held against the limit before anything is reserved for it.
fn block(packed: &[u8], unfolded: &mut Vec<u8>) -> Result<(), Folded> {
    let length = snap::raw::decompress_len(packed).map_err(|_| Folded::Broken)?;
    if unfolded.len().saturating_add(length) > MOST_BYTES {
        return Err(Folded::TooLarge);
    }
    let mut decoder = snap::raw::Decoder::new();
    let block = decoder.decompress_vec(packed).map_err(|_| Folded::Broken)?;
    unfolded.extend_from_slice(&block);
    Ok(())
}
