//! OK means kept: what was acknowledged is there after kill -9 of the server and after Postgres was
//! killed or stopped at once, and it is there once.

use std::time::{Duration, Instant};

use waybill_tests::child::signal;
use waybill_tests::history::{History, Random, seed};
use waybill_tests::server::{Home, Server};
use waybill_tests::wait;

use super::{HEAVY, LIGHT, more, start};

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_that_was_acknowledged() {
    let mut server = Server::start_with(Home::Private, "").await;
    let from = start();
    let mut history = History::begin(&server.otlp_http, seed(), LIGHT);
    for round in 0..3 {
        more(&history, 2_000).await;
        if round != 0 {
            signal(server.postmaster(), "KILL");
        }
        if round != 1 {
            server.process().kill();
            server.start_again().await;
        }
    }
    more(&history, 2_000).await;
    history.end().await;
    history.check(&server, &from).await.assert_kept_once();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immediate_stop_of_the_database_loses_nothing_that_was_acknowledged() {
    let server = Server::start_with(Home::Private, "").await;
    let from = start();
    let mut history = History::begin(&server.otlp_http, seed(), LIGHT);
    more(&history, 1_000).await;
    immediate_stop(&server, &history).await;
    history.end().await;
    history.check(&server, &from).await.assert_kept_once();
}

/// Postgres ends without a checkpoint, as after `pg_ctl stop -m immediate`; the server starts it
/// again. Returns the time from then to the next acknowledgement.
async fn immediate_stop(server: &Server, history: &History) -> Duration {
    let before = server.postmaster();
    signal(before, "QUIT");
    wait::until("the database is started again", || async {
        server.find_postmaster().filter(|now| *now != before)
    })
    .await;
    let url = format!("{}/readyz", server.console);
    wait::until("the server is ready", || async {
        let answer = server.client.get(&url).send().await;
        answer.ok().filter(|answer| answer.status().is_success())
    })
    .await;
    let up = Instant::now();
    more(history, 1_000).await;
    up.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: 20 kills, at least a minute"]
async fn soak_twenty_kills_under_load_lose_nothing() {
    let mut server = Server::start_with(Home::Private, "").await;
    let from = start();
    let seed = seed();
    let mut random = Random(seed);
    let began = Instant::now();
    let mut history = History::begin(&server.otlp_http, seed, HEAVY);
    for kill in 1..=20 {
        let pause = Duration::from_millis(500 + random.below(4_000));
        tokio::time::sleep(pause).await;
        server.process().kill();
        server.start_again().await;
        println!("kill {kill}: {} acknowledged", history.acknowledged_spans());
    }
    tokio::time::sleep(Duration::from_secs(60).saturating_sub(began.elapsed())).await;
    history.end().await;
    println!("{:.0} s", began.elapsed().as_secs_f64());
    history.check(&server, &from).await.assert_kept_once();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: 5 stops of the database"]
async fn soak_five_immediate_stops_of_the_database_lose_nothing() {
    let server = Server::start_with(Home::Private, "").await;
    let from = start();
    let seed = seed();
    let mut random = Random(seed);
    let mut history = History::begin(&server.otlp_http, seed, HEAVY);
    for stop in 1..=5 {
        tokio::time::sleep(Duration::from_millis(2_000 + random.below(4_000))).await;
        let recovery = immediate_stop(&server, &history).await;
        println!("stop {stop}: taking again {recovery:?} after the database was up");
        assert!(recovery <= Duration::from_secs(10), "{recovery:?}");
    }
    history.end().await;
    history.check(&server, &from).await.assert_kept_once();
}
