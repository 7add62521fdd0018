//! Recorded messages, damaged: nothing panics, and what is held is no more than came, but for bodies,
//! which have their cap.

use bytes::Bytes;

use super::message::Messages;
use crate::rocketmq::damage::Damage;
use crate::rocketmq::wire::recorded;
use crate::unfold::MOST_BYTES;

fn bodies() -> Vec<Bytes> {
    let names = recorded::names("broker", ".resp.bin").into_iter();
    let of_messages = names.filter(|name| ["0011", "0012", "0033"].contains(&&name[..4]));
    let bodies = of_messages.map(|name| recorded::body(&format!("broker/{name}")));
    let bodies = bodies.filter(|body| !body.is_empty());
    // A few messages of each tell as much as hundreds.
    bodies
        .map(|body| body.slice(..body.len().min(700)))
        .collect()
}

fn run(rounds: u32) {
    let bodies = bodies();
    let mut damage = Damage::seeded(0x0011_2026);
    let mut read = 0u32;
    for round in 0..rounds {
        let whole = &bodies[round as usize % bodies.len()];
        let damaged = Bytes::from(damage.of(whole));
        let mut held = 0;
        for message in Messages::of(damaged.clone()).flatten() {
            read += 1;
            held += message.topic.len() + message.body.len();
            held += message
                .properties
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>();
            if let Ok(body) = message.unfolded() {
                assert!(body.len() <= MOST_BYTES);
            }
        }
        // A byte that is no UTF-8 is held as three.
        assert!(held <= 3 * damaged.len(), "{held} of {}", damaged.len());
    }
    assert!(read > rounds / 2, "{read} in {rounds}");
}

#[test]
fn damaged_messages_neither_panic_nor_grow() {
    run(20_000);
}

#[test]
#[ignore = "a million; `make fuzz` runs it"]
fn fuzz_stored_messages() {
    run(1_000_000);
}
