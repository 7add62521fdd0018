//! A message's body, out of its compression.

use bytes::Bytes;

use super::flags::Codec;
use crate::unfold::{Folded, bounded};

/// # Errors
/// It is not known, broken, or unfolds to too much.
pub(super) fn unfolded(codec: Option<Codec>, stored: &Bytes) -> Result<Bytes, Folded> {
    match codec {
        None => Ok(stored.clone()),
        Some(Codec::Zlib) => bounded(flate2::read::ZlibDecoder::new(&stored[..])),
        Some(Codec::Lz4) => bounded(lz4_flex::frame::FrameDecoder::new(&stored[..])),
        Some(Codec::Zstd) => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&stored[..]);
            bounded(decoder.map_err(|_| Folded::Broken)?)
        }
        Some(Codec::Unknown(_)) => Err(Folded::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::unfold::MOST_BYTES;

    fn zlib(of: &[u8]) -> Bytes {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(of).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn a_body_that_unfolds_to_too_much_is_not_unfolded() {
        let bomb = vec![0; MOST_BYTES + 1];
        let zstd = zstd::encode_all(&bomb[..], 19).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&bomb).unwrap();
        for (codec, packed) in [
            (Codec::Zlib, zlib(&bomb)),
            (Codec::Zstd, zstd.into()),
            (Codec::Lz4, lz4.finish().unwrap().into()),
        ] {
            assert!(packed.len() < MOST_BYTES / 50, "{codec:?}");
            assert_eq!(unfolded(Some(codec), &packed), Err(Folded::TooLarge));
        }
        assert_eq!(unfolded(Some(Codec::Zlib), &zlib(b"x")).unwrap(), &b"x"[..]);
    }

    #[test]
    fn what_is_no_compression_is_told() {
        let stored = Bytes::from_static(b"plain");
        assert_eq!(unfolded(None, &stored).unwrap(), stored);
        for codec in [Codec::Zlib, Codec::Lz4, Codec::Zstd] {
            assert_eq!(unfolded(Some(codec), &stored), Err(Folded::Broken));
        }
        assert_eq!(
            unfolded(Some(Codec::Unknown(5)), &stored),
            Err(Folded::Unknown)
        );
    }
}
