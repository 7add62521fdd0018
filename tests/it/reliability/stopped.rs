//! A database that hangs: refusals instead of memory, and no wedge afterwards.

use std::time::{Duration, Instant};

use waybill_tests::child::{memory, signal, with_children};
use waybill_tests::history::{History, Load, seed};
use waybill_tests::server::{Home, Server};
use waybill_tests::wait;

use super::{HEAVY, LIGHT, more, refusals, start};

const GROWTH_BYTES: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_database_costs_refusals_and_no_memory() {
    hang(LIGHT, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: half a minute"]
async fn soak_a_database_stopped_for_thirty_seconds() {
    hang(HEAVY, Duration::from_secs(30)).await;
}

/// At least until some were refused.
async fn hang(load: Load, time: Duration) {
    let mut server = Server::start_with(Home::Private, "").await;
    let from = start();
    let mut history = History::begin(&server.otlp_http, seed(), load);
    more(&history, 2_000).await;
    let before = memory(server.process().id()).rss;
    let stopped = with_children(server.postmaster());
    for process in &stopped {
        signal(*process, "STOP");
    }
    let began = Instant::now();
    let refused = wait::until("some are refused", || async {
        (refusals(&history) >= load.senders as u64).then(|| began.elapsed())
    })
    .await;
    tokio::time::sleep(time.saturating_sub(began.elapsed())).await;
    let after = memory(server.process().id()).rss;
    for process in &stopped {
        signal(*process, "CONT");
    }
    println!("refusals after {refused:?}; {before} bytes before, {after} after");
    assert!(after < before + GROWTH_BYTES, "{before} {after}");
    more(&history, 2_000).await;
    history.end().await;
    assert!(server.process().has_ended().is_none());
    history.check(&server, &from).await.assert_kept_once();
}
