//! Frames recorded from RocketMQ 5.5.0; tests/fixtures/rocketmq/README.md says where each is from.

use std::path::PathBuf;

use bytes::Bytes;

use super::command::Answer;
use super::frame;
use super::header::Header;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/rocketmq")
}

/// Names in one of its folders that end so, in their order.
pub(in crate::rocketmq) fn names(of: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder().join(of)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort();
    names
}

/// Without the length before it.
pub(in crate::rocketmq) fn frame(path: &str) -> Bytes {
    let whole = std::fs::read(folder().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let length = u32::from_be_bytes(whole[..4].try_into().unwrap());
    assert_eq!(whole.len() - 4, length as usize, "{path}");
    Bytes::from(whole).slice(4..)
}

pub(in crate::rocketmq) fn header(path: &str) -> Header {
    frame::read(frame(path))
        .unwrap_or_else(|e| panic!("{path}: {e}"))
        .0
}

pub(in crate::rocketmq) fn body(path: &str) -> Bytes {
    frame::read(frame(path))
        .unwrap_or_else(|e| panic!("{path}: {e}"))
        .1
}

pub(in crate::rocketmq) fn answer(path: &str) -> Answer {
    let (header, body) = frame::read(frame(path)).unwrap();
    Answer {
        code: header.code,
        remark: header.remark,
        fields: header.fields,
        body,
    }
}
