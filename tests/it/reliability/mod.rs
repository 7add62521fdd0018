//! The promises under faults. Short forms run with the other tests; `soak_…` and `fuzz_…` are their
//! full sizes.

mod bombs;
mod disk_full;
mod drain;
mod kills;
mod mutated;
mod mutation;
mod stopped;
mod times;

use std::time::Duration;

use waybill_server::clock;
use waybill_tests::history::{History, Load};
use waybill_tests::wait;

/// About 2,000 spans a second.
const HEAVY: Load = Load {
    senders: 8,
    spans_a_request: 50,
    every: Duration::from_millis(200),
};
const LIGHT: Load = Load {
    senders: 4,
    spans_a_request: 20,
    every: Duration::from_millis(20),
};

/// From where on roll-ups are counted.
fn start() -> String {
    clock::now().plus_ms(-60_000).to_string()
}

async fn more(history: &History, spans: usize) {
    let enough = history.acknowledged_spans() + spans;
    wait::until("enough is acknowledged", || async {
        (history.acknowledged_spans() >= enough).then_some(())
    })
    .await;
}

/// Answers that asked to come again.
fn refusals(history: &History) -> u64 {
    let answers = history.answers();
    answers
        .iter()
        .filter(|(status, _)| **status != 200)
        .map(|(_, n)| n)
        .sum()
}
