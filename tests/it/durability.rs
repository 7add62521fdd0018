//! OK means kept: what was acknowledged is there after kill -9 of the server and of Postgres, once.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prost::Message as _;
use reqwest::{Client, StatusCode};
use tokio::sync::Mutex;
use waybill_tests::child::signal;
use waybill_tests::otlp::{self, one_message};
use waybill_tests::server::{Home, Server};

/// Sends without pause until told to end; keeps the trace ids that were answered OK.
/// What was refused or cut off is sent again, as a real exporter does.
async fn send(otlp_http: String, end: Arc<AtomicBool>, acknowledged: Arc<Mutex<HashSet<String>>>) {
    let client = Client::new();
    while !end.load(Ordering::Relaxed) {
        let messages: Vec<_> = (0..20)
            .map(|n| one_message("kafka", "orders", &format!("k{n}"), n))
            .collect();
        let traces: Vec<_> = messages.iter().map(|m| hex::encode(&m.trace_id)).collect();
        let spans = messages
            .into_iter()
            .flat_map(|m| [m.producer, m.consumer])
            .collect();
        let body = otlp::request("shop", spans).encode_to_vec();
        for _ in 0..200 {
            let answer = client
                .post(format!("{otlp_http}/v1/traces"))
                .header("content-type", "application/x-protobuf")
                .body(body.clone())
                .send()
                .await;
            if answer.is_ok_and(|a| a.status() == StatusCode::OK) {
                acknowledged.lock().await.extend(traces);
                break;
            }
            if end.load(Ordering::Relaxed) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_that_was_acknowledged() {
    let mut server = Server::start_with(Home::Private, "").await;
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    for round in 0..3 {
        let end = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..4)
            .map(|_| {
                tokio::spawn(send(
                    server.otlp_http.clone(),
                    end.clone(),
                    acknowledged.clone(),
                ))
            })
            .collect();
        let enough = (round + 1) * 200;
        waybill_tests::wait::until("enough was acknowledged", || async {
            (acknowledged.lock().await.len() >= enough).then_some(())
        })
        .await;
        let postmaster = server.postmaster();
        if round != 0 {
            signal(postmaster, "KILL");
        }
        if round != 1 {
            server.process().kill();
            end.store(true, Ordering::Relaxed);
            for sender in senders {
                sender.await.unwrap();
            }
            server.start_again().await;
        } else {
            let so_far = acknowledged.lock().await.len();
            waybill_tests::wait::until("the database is back", || async {
                (acknowledged.lock().await.len() > so_far + 20).then_some(())
            })
            .await;
            end.store(true, Ordering::Relaxed);
            for sender in senders {
                sender.await.unwrap();
            }
        }
    }
    let acknowledged = acknowledged.lock().await;
    println!("{} traces were acknowledged", acknowledged.len());
    for trace_id in acknowledged.iter() {
        let trace = server.api(&format!("/traces/{trace_id}")).await;
        assert_eq!(spans_of(&trace), 2, "{trace_id}: {trace}");
    }
}

/// Spans of an OTLP/JSON answer.
pub fn spans_of(trace: &serde_json::Value) -> usize {
    let resources = trace
        .get("resourceSpans")
        .or_else(|| trace["trace"].get("resourceSpans"));
    resources
        .and_then(|r| r.as_array())
        .into_iter()
        .flatten()
        .flat_map(|r| r["scopeSpans"].as_array().into_iter().flatten())
        .map(|s| s["spans"].as_array().map_or(0, Vec::len))
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_loses_nothing_and_ends_well() {
    let mut server = Server::start_with(Home::Private, "").await;
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let end = Arc::new(AtomicBool::new(false));
    let sender = tokio::spawn(send(
        server.otlp_http.clone(),
        end.clone(),
        acknowledged.clone(),
    ));
    waybill_tests::wait::until("something was acknowledged", || async {
        (acknowledged.lock().await.len() >= 100).then_some(())
    })
    .await;
    let status = server.process().terminate();
    assert_eq!(status.code(), Some(0), "{}", server.process().log_text());
    end.store(true, Ordering::Relaxed);
    sender.await.unwrap();
    server.start_again().await;
    for trace_id in acknowledged.lock().await.iter() {
        assert_eq!(
            spans_of(&server.api(&format!("/traces/{trace_id}")).await),
            2,
            "{trace_id}"
        );
    }
}
