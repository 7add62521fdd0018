//! Recorded frames, damaged: nothing panics, nothing takes memory that it was not sent.

use bytes::Bytes;

use super::frame;
use super::recorded;
use crate::rocketmq::damage::Damage;

/// Everything that was recorded.
fn frames() -> Vec<Bytes> {
    let of = |folder: &'static str| {
        let names = recorded::names(folder, ".bin").into_iter();
        names.map(move |name| recorded::frame(&format!("{folder}/{name}")))
    };
    ["broker", "controller", "acl"]
        .into_iter()
        .flat_map(of)
        .collect()
}

fn run(rounds: u32) {
    let frames = frames();
    let mut damage = Damage::seeded(0x0105_2026);
    let mut read = 0u32;
    for round in 0..rounds {
        let whole = &frames[round as usize % frames.len()];
        let damaged = Bytes::from(damage.of(whole));
        if let Ok((header, body)) = frame::read(damaged.clone()) {
            read += 1;
            let held = header
                .fields
                .iter()
                .map(|(k, v)| k.len() + v.len())
                .sum::<usize>()
                + header.remark.as_ref().map_or(0, String::len)
                + body.len();
            // A byte that is no UTF-8 is held as three.
            assert!(held <= 3 * damaged.len(), "{held} of {}", damaged.len());
        }
    }
    // Damage that everything notices would prove little.
    assert!(read > rounds / 10, "{read} of {rounds} were read");
}

#[test]
fn damaged_frames_neither_panic_nor_grow() {
    run(20_000);
}

#[test]
#[ignore = "a million; `make fuzz` runs it"]
fn fuzz_remoting_frames() {
    run(1_000_000);
}
