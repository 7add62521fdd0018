//! The shapes against the decoder: what is written after a shape is decoded to its last byte.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{ApiKey, ConsumerProtocolAssignment, ResponseKind};
use kafka_protocol::protocol::Decodable;

use super::super::allowed::READ_ONLY;
use super::super::shape::{Misshapen, Part};
use super::*;

/// Bytes of a shape: every array has `elements` of them, every text and every null is told by
/// `seed`, so that several seeds take several ways.
fn write(shape: &Shape, elements: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = Vec::new();
    write_parts(
        shape.parts(),
        shape.flexible(),
        elements,
        &mut random,
        &mut bytes,
    );
    bytes
}

struct Random(u64);

impl Random {
    /// Xorshift; `seed` must not be 0.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn write_parts(
    parts: &[Part],
    flexible: bool,
    elements: usize,
    random: &mut Random,
    to: &mut Vec<u8>,
) {
    let count = |n: usize, width: usize, to: &mut Vec<u8>| {
        if flexible {
            write_varint(n as u32 + 1, to);
        } else {
            to.extend_from_slice(&(n as u32).to_be_bytes()[4 - width..]);
        }
    };
    for part in parts {
        match part {
            Part::Fixed(width) => to.extend((0..*width).map(|_| random.next() as u8)),
            Part::Text | Part::Bytes => {
                let width = if *part == Part::Text { 2 } else { 4 };
                let length = (random.next() % 200) as usize;
                count(length, width, to);
                to.extend(std::iter::repeat_n(b'x', length));
            }
            Part::Array(element) => {
                count(elements, 4, to);
                for _ in 0..elements {
                    write_parts(element, flexible, elements, random, to);
                }
            }
            Part::Nullable(inner) => {
                let present = random.next().is_multiple_of(2);
                to.push(if present { 1 } else { 255 });
                if present {
                    write_parts(inner, flexible, elements, random, to);
                }
            }
            Part::Tags(known) => {
                write_varint(known.len() as u32 + 1, to);
                for (tag, shape) in known {
                    let mut value = Vec::new();
                    write_parts(shape, flexible, elements, random, &mut value);
                    write_varint(*tag, to);
                    write_varint(value.len() as u32, to);
                    to.extend(value);
                }
                // One of a later version.
                write_varint(99, to);
                write_varint(3, to);
                to.extend(*b"new");
            }
        }
    }
}

fn write_varint(mut value: u32, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn every_answer() -> impl Iterator<Item = (ApiKey, i16, Shape)> {
    READ_ONLY.iter().flat_map(|api| {
        (api.lowest..=api.highest).map(|version| {
            let shape = answer(api.key, version).expect("a shape for each version");
            (ApiKey::try_from(api.key).unwrap(), version, shape)
        })
    })
}

#[test]
fn shapes_are_what_the_decoder_reads() {
    for (key, version, shape) in every_answer() {
        for (elements, seed) in [(0, 1), (1, 2), (2, 3), (3, 4), (2, 5)] {
            let written = write(&shape, elements, seed);
            assert_eq!(shape.check(&written), Ok(()), "{key:?} {version}");
            let mut bytes = Bytes::from(written);
            let decoded = ResponseKind::decode(key, &mut bytes, version);
            assert!(decoded.is_ok(), "{key:?} {version}: {decoded:?}");
            assert_eq!(bytes.remaining(), 0, "{key:?} {version}");
        }
    }
    let mut bytes = Bytes::from(write(&assignment(), 2, 7));
    assert!(assignment().check(&bytes).is_ok());
    assert!(ConsumerProtocolAssignment::decode(&mut bytes, 0).is_ok());
    assert_eq!(bytes.remaining(), 0);
}

#[test]
fn every_cut_is_found() {
    for (key, version, shape) in every_answer() {
        let written = write(&shape, 2, 11);
        for cut in 0..written.len() {
            assert!(
                shape.check(&written[..cut]).is_err(),
                "{key:?} {version} cut at {cut}"
            );
        }
        let mut longer = written;
        longer.push(0);
        assert_eq!(
            shape.check(&longer),
            Err(Misshapen::Long(1)),
            "{key:?} {version}"
        );
    }
}

#[test]
fn counts_beyond_the_bytes_are_refused() {
    let topics = answer(3, 7).unwrap();
    // No brokers, no cluster id, a controller, and two billion topics.
    let bytes = [
        0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 1, 0x7f, 255, 255, 255,
    ];
    assert_eq!(topics.check(&bytes), Err(Misshapen::Short));
    let negative = [0, 0, 0, 0, 255, 255, 255, 254];
    assert_eq!(topics.check(&negative), Err(Misshapen::Length));
    // Within a tagged field too: features of ApiVersions.
    let features = answer(18, 3).unwrap();
    let bytes = [0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 255, 255, 255, 255, 15];
    assert_eq!(features.check(&bytes), Err(Misshapen::Short));
}

#[test]
fn more_than_is_accepted_is_refused() {
    let shape = Shape::new("[1]", false);
    let mut bytes = 5_000_000u32.to_be_bytes().to_vec();
    bytes.resize(5_000_004, 0);
    assert_eq!(shape.check(&bytes), Err(Misshapen::TooMany));
    let tags = Shape::new("_", true);
    let mut bytes = Vec::new();
    write_varint(200_000, &mut bytes);
    bytes.extend(std::iter::repeat_n([7, 0], 200_000).flatten());
    assert_eq!(tags.check(&bytes), Err(Misshapen::TooMany));
}

#[test]
fn mutated_answers_never_reach_the_decoder_unless_they_have_its_shape() {
    let mut random = Random(0x5eed_4a11);
    for (key, version, shape) in every_answer() {
        let written = write(&shape, 2, 13);
        for _ in 0..300 {
            let mut mutated = written.clone();
            for _ in 0..1 + random.next() % 4 {
                let at = random.next() as usize % mutated.len();
                mutated[at] = random.next() as u8;
            }
            // Whatever passes decodes or is refused for its text; no count can be a lie.
            if shape.check(&mutated).is_ok() {
                let _ = ResponseKind::decode(key, &mut Bytes::from(mutated), version);
            }
        }
    }
}
