//! The store on a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod audit;
mod days;
mod failures;
mod let_go;
mod lines;
mod native_traces;
mod order;
mod readings;
mod schema;
mod search;
mod signals;
mod spans;
mod trouble;

use waybill_model::time::Timestamp;
use waybill_store::IndexedSpan;
use waybill_store::testing::Sample;

/// 2026-11-23T12:00:00Z
fn noon() -> Timestamp {
    Timestamp::from_unix_millis(1_795_435_200_000)
}

fn spans(seed: u64, count: usize) -> Vec<IndexedSpan> {
    println!("seed {seed}");
    Sample::new(seed, noon()).batch(count)
}
