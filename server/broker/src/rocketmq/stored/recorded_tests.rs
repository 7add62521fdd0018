//! Messages that RocketMQ 5.5.0 handed over, and some that it would.

use bytes::Bytes;

use super::flags::{Codec, Transaction};
use super::message::{Malformed, Message, Messages};
use super::written::Written;
use crate::rocketmq::wire::recorded;
use crate::unfold::Folded;

fn messages(case: &str) -> Vec<Message> {
    let body = recorded::body(&format!("broker/{case}.resp.bin"));
    Messages::of(body).map(Result::unwrap).collect()
}

#[test]
fn a_pulled_message_is_read_in_full() {
    let read = messages("0011-PULL_MESSAGE");
    assert_eq!(read.len(), 5);
    let offsets: Vec<i64> = read.iter().map(|message| message.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3, 4]);
    let first = &read[0];
    assert_eq!((first.topic.as_str(), first.queue), ("lab-frames", 0));
    assert_eq!(&first.unfolded().unwrap()[..], b"hello frames");
    assert_eq!(first.id().to_string(), "7F000001000051AF0000000000018723");
    assert_eq!(first.born_host.ip().to_string(), "127.0.0.1");
    assert_eq!(first.store_host.to_string(), "127.0.0.1:20911");
    assert_eq!(first.stored_at - first.born_at, 1);
    assert_eq!(first.properties.text("KEYS"), Some("order-1"));
    let key = Some("DBCD4435AB3E4D669E14D31A24608DC8");
    assert_eq!(first.properties.text("UNIQ_KEY"), key);
    assert!(read.iter().all(|message| message.is_intact));
}

#[test]
fn bodies_are_unfolded_by_their_flags() {
    let read = messages("0011-PULL_MESSAGE-compressed-zlib-lz4-zstd");
    let codecs: Vec<_> = read.iter().map(|message| message.flags.codec()).collect();
    assert_eq!(
        codecs,
        [Some(Codec::Zlib), Some(Codec::Lz4), Some(Codec::Zstd)]
    );
    for message in &read {
        let body = message.unfolded().unwrap();
        assert!(body.len() > 4_000 && message.is_intact, "{}", body.len());
        assert!(body.starts_with(b"order line; order line;"));
    }
}

#[test]
fn what_became_of_a_message_is_in_its_flags_and_properties() {
    let half = messages("0011-PULL_MESSAGE-half-topic").pop().unwrap();
    assert_eq!(half.topic, "RMQ_SYS_TRANS_HALF_TOPIC");
    // The half topic marks every copy as none; the message it stands for is prepared.
    assert_eq!(half.flags.transaction(), None);
    let dead = messages("0011-PULL_MESSAGE-DLQ");
    assert_eq!(dead.len(), 2);
    let origin = dead[0].properties.text("ORIGIN_MESSAGE_ID");
    assert_eq!(origin, Some("7F000001000051AF0000000000018723"));
    assert_eq!(dead[0].properties.text("RETRY_TOPIC"), Some("lab-frames"));
    let retried = messages("0011-PULL_MESSAGE-RETRY");
    assert_eq!(retried[0].reconsume_times, 1);
    let waiting = messages("0011-PULL_MESSAGE-SCHEDULE_TOPIC");
    assert_eq!(waiting[0].properties.text("REAL_TOPIC"), Some("lab-frames"));
}

#[test]
fn every_recorded_answer_with_messages_is_read() {
    let mut read = 0;
    for folder in ["broker", "acl"] {
        for name in recorded::names(folder, ".resp.bin") {
            if !["0011", "0012", "0033"].contains(&&name[..4]) {
                continue;
            }
            let path = format!("{folder}/{name}");
            for message in Messages::of(recorded::answer(&path).body) {
                let message = message.unwrap_or_else(|e| panic!("{path}: {e}"));
                assert!(message.is_intact && message.unfolded().is_ok(), "{path}");
                read += 1;
            }
        }
    }
    assert!(read > 20, "{read}");
}

#[test]
fn other_forms_than_were_recorded_are_read() {
    let written = Written {
        topic: "t".repeat(300),
        is_v2: true,
        born_host: "[fe80::1]:5".parse().unwrap(),
        store_host: "[::1]:10911".parse().unwrap(),
        flags: 8,
        ..Written::default()
    };
    let message = Messages::of(written.bytes().into())
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(message.topic, written.topic);
    assert_eq!(message.born_host, written.born_host);
    assert_eq!(message.id().to_string().len(), 56);
    assert_eq!(message.flags.transaction(), Some(Transaction::Committed));
}

#[test]
fn a_malformed_message_costs_no_other() {
    let good = Written::default().bytes();
    let mut bad = good.clone();
    bad[4] = 0;
    let mut parts = good.clone();
    parts[84..88].copy_from_slice(&i32::MAX.to_be_bytes());
    let mut changed = Written::default().bytes();
    changed[88] ^= 1;
    let all = [&good[..], &bad, &parts, &changed, &good, &good[..40]].concat();
    let read: Vec<_> = Messages::of(all.into()).collect();
    assert_eq!(read.len(), 6);
    assert_eq!(read[1], Err(Malformed::Mark));
    assert_eq!(read[2], Err(Malformed::Parts));
    assert!(!read[3].as_ref().unwrap().is_intact);
    assert!(read[4].is_ok());
    assert_eq!(read[5], Err(Malformed::Length(good.len() as i64)));
    for length in [-1i32, 0, 83, i32::MAX] {
        let lie = Bytes::copy_from_slice(&length.to_be_bytes());
        let read: Vec<_> = Messages::of(lie).collect();
        assert_eq!(read, [Err(Malformed::Length(length.into()))]);
    }
}

#[test]
fn a_compression_that_is_none_is_told() {
    let written = Written {
        flags: 0x301,
        ..Written::default()
    };
    let message = Messages::of(written.bytes().into())
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(message.unfolded(), Err(Folded::Broken));
}
