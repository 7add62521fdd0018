//! Batches that are right, and all the ways in which they can be wrong.

use std::ops::ControlFlow;

use bytes::Bytes;
use kafka_protocol::messages::ProducerId;
use kafka_protocol::messages::fetch_response::AbortedTransaction;

use super::aborted::Aborted;
use super::batch::{Batch, NoBatch, OLD_FORMAT, Piece, Pieces, WRONG_SUM};
use super::messages::{self, Span, Unreadable};
use super::record::{self, Malformed};
use crate::browse::Stored;

pub(super) const ALL: Span = Span {
    from: 0,
    until: i64::MAX,
};
const TRANSACTIONAL: i16 = 0b1_0000;
const CONTROL: i16 = 0b10_0000;

fn varint(value: i64, to: &mut Vec<u8>) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        to.push(left as u8 | 0x80);
        left >>= 7;
    }
    to.push(left as u8);
}

fn some(bytes: Option<&[u8]>, to: &mut Vec<u8>) {
    varint(bytes.map_or(-1, |bytes| bytes.len() as i64), to);
    to.extend(bytes.unwrap_or_default());
}

type Unfolded = Result<ControlFlow<i64>, (i64, Unreadable)>;

fn a_record(delta: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![0];
    varint(delta * 10, &mut body);
    varint(delta, &mut body);
    some(key, &mut body);
    some(value, &mut body);
    varint(2, &mut body);
    for (name, value) in [("a", Some(&b"1"[..])), ("a", None)] {
        some(Some(name.as_bytes()), &mut body);
        some(value, &mut body);
    }
    let mut whole = Vec::new();
    varint(body.len() as i64, &mut whole);
    whole.extend(body);
    whole
}

pub(super) struct Made {
    first: i64,
    pub(super) last_delta: i32,
    pub(super) attributes: i16,
    producer: i64,
    count: i32,
    pub(super) packed: Vec<u8>,
}

impl Made {
    /// Offsets `first`, `first + 1`, ….
    pub(super) fn of(first: i64, values: &[&str]) -> Self {
        let records = (0..).zip(values);
        Self {
            first,
            last_delta: values.len() as i32 - 1,
            attributes: 0,
            producer: -1,
            count: values.len() as i32,
            packed: records
                .flat_map(|(delta, value)| a_record(delta, Some(b"k"), Some(value.as_bytes())))
                .collect(),
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut summed = self.attributes.to_be_bytes().to_vec();
        summed.extend(self.last_delta.to_be_bytes());
        summed.extend(1_000i64.to_be_bytes());
        summed.extend(2_000i64.to_be_bytes());
        summed.extend(self.producer.to_be_bytes());
        summed.extend([0; 6]);
        summed.extend(self.count.to_be_bytes());
        summed.extend(&self.packed);
        let mut bytes = self.first.to_be_bytes().to_vec();
        bytes.extend((summed.len() as i32 + 9).to_be_bytes());
        bytes.extend([0, 0, 0, 0, 2]);
        bytes.extend(crc32c::crc32c(&summed).to_be_bytes());
        bytes.extend(summed);
        bytes
    }

    /// The offset after its last.
    pub(super) fn end(&self) -> i64 {
        self.first + i64::from(self.last_delta) + 1
    }

    pub(super) fn batch(&self) -> Batch {
        match Pieces::of(self.bytes().into()).next() {
            Some(Ok(Piece::Batch(batch))) => batch,
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn read(batch: &Batch, span: Span) -> (Vec<Stored>, Unfolded) {
    let mut kept = Vec::new();
    let told = messages::hand(batch, "3", span, &mut |message| {
        kept.push(message);
        ControlFlow::Continue(())
    });
    (kept, told)
}

pub(super) fn fails(made: &Made) -> (i64, Unreadable) {
    read(&made.batch(), ALL).1.unwrap_err()
}

fn pieces(bytes: Vec<u8>) -> Vec<Result<Piece, NoBatch>> {
    Pieces::of(bytes.into()).collect()
}

#[test]
fn a_record_is_told_as_it_was_stored() {
    let mut made = Made::of(40, &["x", ""]);
    made.packed.extend(a_record(5, None, None));
    (made.count, made.last_delta) = (3, 7);
    let (kept, told) = read(&made.batch(), ALL);
    assert_eq!(told, Ok(ControlFlow::Continue(())));
    let offsets: Vec<i64> = kept.iter().map(|message| message.offset).collect();
    assert_eq!(offsets, [40, 41, 45]);
    assert_eq!(kept[0].partition.as_deref(), Some("3"));
    assert_eq!(kept[0].at.unwrap().unix_millis(), 1_000);
    assert_eq!(kept[2].at.unwrap().unix_millis(), 1_050);
    assert_eq!(kept[0].key.as_deref(), Some(&b"k"[..]));
    assert_eq!(kept[1].value.as_deref(), Some(&b""[..]));
    assert_eq!((&kept[2].key, &kept[2].value), (&None, &None));
    let one = Bytes::from_static(b"1");
    assert_eq!(
        kept[0].headers,
        [("a".to_owned(), Some(one)), ("a".to_owned(), None)]
    );
    assert_eq!(kept[0].size_bytes, 1 + 1 + 3);
}

#[test]
fn the_brokers_time_is_that_of_the_batch() {
    let mut made = Made::of(0, &["x", "y"]);
    made.attributes = 0b1000;
    let (kept, _) = read(&made.batch(), ALL);
    assert!(kept.iter().all(|message| message.is_broker_time));
    assert_eq!(kept[0].at.unwrap().unix_millis(), 2_000);
}

#[test]
fn only_what_was_asked_of_a_batch_is_handed_over() {
    let batch = Made::of(10, &["a", "b", "c", "d"]).batch();
    let (kept, told) = read(
        &batch,
        Span {
            from: 11,
            until: 13,
        },
    );
    let offsets: Vec<i64> = kept.iter().map(|message| message.offset).collect();
    assert_eq!(
        (offsets, told),
        (vec![11, 12], Ok(ControlFlow::Continue(())))
    );
    let enough = messages::hand(&batch, "3", ALL, &mut |_| ControlFlow::Break(()));
    assert_eq!(enough, Ok(ControlFlow::Break(11)));
}

#[test]
fn an_answer_that_is_cut_ends_with_its_last_whole_batch() {
    let mut bytes = Made::of(0, &["a"]).bytes();
    let whole = bytes.len();
    bytes.extend(Made::of(1, &["b"]).bytes());
    for cut in 0..bytes.len() {
        let found = pieces(bytes[..cut].to_vec());
        let expected = usize::from(cut >= whole);
        assert_eq!(found.len(), expected, "{cut}");
        assert!(found.iter().all(Result::is_ok), "{cut}");
    }
    assert_eq!(pieces(bytes).len(), 2);
}

#[test]
fn lies_about_lengths_and_offsets_are_no_batch() {
    let right = Made::of(7, &["a"]).bytes();
    let with = |at: usize, bytes: &[u8]| {
        let mut wrong = right.clone();
        wrong[at..at + bytes.len()].copy_from_slice(bytes);
        pieces(wrong)
    };
    // A length that is negative, or too short for what is counted by it.
    for length in [-1, 0, 4, 48] {
        assert_eq!(
            with(8, &i32::to_be_bytes(length)),
            [Err(NoBatch)],
            "{length}"
        );
    }
    // One that is longer than the answer is a cut.
    assert_eq!(with(8, &i32::MAX.to_be_bytes()), []);
    assert_eq!(with(0, &(-1i64).to_be_bytes()), [Err(NoBatch)]);
    assert_eq!(with(23, &(-5i32).to_be_bytes()), [Err(NoBatch)]);
    assert!(with(0, &i64::MAX.to_be_bytes())[0].is_ok());
    assert_eq!(with(16, &[9]), [Err(NoBatch)]);
    let beyond = Made::of(i64::MAX, &["a", "b"]).bytes();
    assert_eq!(pieces(beyond), [Err(NoBatch)]);
}

#[test]
fn a_wrong_checksum_and_an_old_format_are_skipped_by_name() {
    let mut bytes = Made::of(7, &["a", "b"]).bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    // Format 1: offset, length, checksum, magic, attributes, time, no key, no value.
    bytes.extend(9i64.to_be_bytes());
    bytes.extend(22i32.to_be_bytes());
    bytes.extend([1, 2, 3, 4, 1, 0]);
    bytes.extend([0; 8]);
    bytes.extend([255; 8]);
    bytes.extend(Made::of(10, &["c"]).bytes());
    let found = pieces(bytes);
    let skipped = |first, last, why| Ok(Piece::Unreadable { first, last, why });
    assert_eq!(found[0], skipped(7, 8, WRONG_SUM));
    assert_eq!(found[1], skipped(9, 9, OLD_FORMAT));
    assert!(matches!(&found[2], Ok(Piece::Batch(batch)) if batch.first == 10));
}

#[test]
fn records_that_do_not_fit_their_batch_are_named_with_their_offset() {
    let mut more = Made::of(5, &["a", "b"]);
    more.count = 3;
    assert_eq!(fails(&more), (7, Unreadable::Malformed(Malformed)));
    let mut fewer = Made::of(5, &["a", "b"]);
    fewer.count = 1;
    assert_eq!(fails(&fewer), (6, Unreadable::Malformed(Malformed)));
    let mut back = Made::of(5, &["a", "b"]);
    back.packed.extend(a_record(0, None, None));
    back.count = 3;
    assert_eq!(fails(&back), (7, Unreadable::Order));
    let mut beyond = Made::of(5, &["a", "b"]);
    beyond.last_delta = 0;
    assert_eq!(fails(&beyond), (6, Unreadable::Order));
}

#[test]
fn headers_cost_no_more_than_the_record_can_hold() {
    for (count, expected) in [
        (20_000i64, false),
        (3, true),
        (-1, false),
        (i64::MAX, false),
    ] {
        let mut body = vec![0, 0, 0];
        some(None, &mut body);
        some(None, &mut body);
        varint(count, &mut body);
        let headers = usize::try_from(count).unwrap_or(0).min(20_000);
        body.extend(std::iter::repeat_n([0, 1], headers).flatten());
        let mut record = Vec::new();
        varint(body.len() as i64, &mut record);
        record.extend(body);
        assert_eq!(record::next(&mut &record[..]).is_ok(), expected, "{count}");
    }
}

#[test]
fn mutated_batches_are_told_or_refused_and_nothing_else() {
    let mut made = Made::of(5, &["one", "two", "three"]);
    let mut random = 0x5eed_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize
    };
    for round in 0..20_000 {
        let mut packed = made.packed.clone();
        let at = next() % packed.len();
        packed[at] = next() as u8;
        let mutated = Made {
            packed,
            ..Made::of(5, &["one", "two", "three"])
        };
        let (kept, _) = read(&mutated.batch(), ALL);
        assert!(kept.len() <= 3, "{round}");
        assert!(kept.iter().all(|m| (5..8).contains(&m.offset)), "{round}");
    }
    made.count = i32::MAX;
    assert!(fails(&made).0 == 8);
}

#[test]
fn aborted_messages_and_markers_are_not_told() {
    let of = |first, producer, attributes| {
        let mut made = Made::of(first, &["x"]);
        (made.producer, made.attributes) = (producer, attributes);
        made.batch()
    };
    let marker = |first, producer, kind: u8| {
        let mut made = Made::of(first, &["x"]);
        (made.producer, made.attributes) = (producer, TRANSACTIONAL | CONTROL);
        made.packed = a_record(0, Some(&[0, 0, 0, kind]), Some(b"ignored"));
        made.batch()
    };
    let told = |producer: i64, first| {
        AbortedTransaction::default()
            .with_producer_id(ProducerId(producer))
            .with_first_offset(first)
    };
    let mut aborted = Aborted::of(&[told(7, 30), told(7, 10)]);
    let expected = [
        (of(9, 8, TRANSACTIONAL), false),
        (of(10, 7, TRANSACTIONAL), true),
        (of(11, 8, TRANSACTIONAL), false),
        // The same producer without a transaction.
        (of(12, 7, 0), false),
        (marker(13, 8, 1), true),
        (of(14, 7, TRANSACTIONAL), true),
        (marker(15, 7, 0), true),
        (of(16, 7, TRANSACTIONAL), false),
        (marker(17, 7, 1), true),
        (of(30, 7, TRANSACTIONAL), true),
    ];
    for (batch, is_hidden) in expected {
        assert_eq!(aborted.hides(&batch), is_hidden, "{}", batch.first);
    }
}
