//! Every compression, and what pretends to be one.

use std::io::Write as _;
use std::ops::ControlFlow;

use super::batch_tests::{ALL, Made, fails, read};
use super::messages::Unreadable;
use super::unfold::{Codec, Folded};
use crate::unfold::MOST_BYTES;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}

/// As snappy-java writes: a header, then blocks.
fn snappy_stream(bytes: &[u8]) -> Vec<u8> {
    let mut to = vec![0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
    to.extend([0, 0, 0, 1, 0, 0, 0, 1]);
    for block in bytes.chunks(7) {
        let packed = snappy(block);
        to.extend((packed.len() as i32).to_be_bytes());
        to.extend(packed);
    }
    to
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;
const PACKS: [(i16, Pack); 5] = [
    (1, gzip),
    (2, snappy),
    (2, snappy_stream),
    (3, lz4),
    (4, zstd),
];

#[test]
fn every_compression_is_read() {
    for (codec, pack) in PACKS {
        let mut made = Made::of(5, &["one", "two", "three"]);
        made.packed = pack(&made.packed);
        made.attributes = codec;
        let (kept, told) = read(&made.batch(), ALL);
        assert_eq!(told, Ok(ControlFlow::Continue(())), "{codec}");
        assert_eq!(kept.len(), 3, "{codec}");
        let name = Codec::of(codec).unwrap().name();
        assert_eq!(kept[0].properties, [("compression", name.to_owned())]);
    }
}

#[test]
fn a_bomb_is_named_and_costs_no_more_than_the_limit() {
    let zeros = vec![0; MOST_BYTES + 1];
    for (codec, pack) in [(1, gzip as Pack), (2, snappy), (3, lz4), (4, zstd)] {
        let mut made = Made::of(5, &["x"]);
        (made.packed, made.attributes) = (pack(&zeros), codec);
        let (at, why) = fails(&made);
        assert_eq!(
            (at, &why),
            (5, &Unreadable::Folded(Folded::TooLarge)),
            "{codec}"
        );
        assert_eq!(why.to_string(), "it unfolds to more than 16 MiB");
        // No more than the limit is none.
        let fits = Codec::of(codec).unwrap().unfold(&pack(&zeros[1..]).into());
        assert_eq!(fits.unwrap().len(), MOST_BYTES, "{codec}");
    }
    // Only a length that says so, and nothing behind it.
    let mut lie = Vec::new();
    lie.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    let lie = Codec::Snappy.unfold(&lie.into());
    assert!(matches!(lie, Err(Folded::TooLarge | Folded::Broken)));
}

#[test]
fn broken_compression_is_named() {
    for (codec, pack) in PACKS {
        let mut made = Made::of(5, &["one", "two"]);
        let packed = pack(&made.packed);
        made.attributes = codec;
        made.packed = packed[..packed.len() / 2].to_vec();
        let why = fails(&made).1;
        // What was read of a cut stream may end between two records.
        assert!(
            matches!(
                why,
                Unreadable::Folded(Folded::Broken) | Unreadable::Malformed(_)
            ),
            "{codec}: {why}"
        );
    }
    let mut made = Made::of(5, &["one"]);
    made.attributes = 6;
    assert_eq!(fails(&made).1, Unreadable::Folded(Folded::Unknown));
}
