//! Acknowledged means committed; everything else is refused and remembered rightly.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::support::*;

#[tokio::test]
async fn many_requests_share_a_commit_and_a_resend_is_stored_once() {
    let memory = Arc::new(Memory::default());
    let ingest = Arc::new(start(settings(), &memory).await);
    memory.be(Mood::Hang);
    let sends = (0..40u32).map(|number| {
        let ingest = ingest.clone();
        // Every span twice: half of the requests lean on others.
        let from = number / 2 * 10;
        tokio::spawn(async move { post_traces(&ingest, body(from..from + 10)).await.status })
    });
    let sends: Vec<_> = sends.collect();
    eventually("all are waiting", || {
        ingest.prometheus().contains("ingest_requests_total 40\n")
    })
    .await;
    memory.be(Mood::Store);
    for send in sends {
        assert_eq!(send.await.unwrap(), 200);
    }
    assert_eq!(memory.stored(), 200);
    assert!(memory.commits.load(Ordering::Relaxed) < 10);
    let counters = ingest.counters();
    assert_eq!(
        (counters.accepted_spans, counters.duplicate_spans),
        (200, 200)
    );
}

#[tokio::test]
async fn a_resend_that_leans_on_a_failing_commit_is_refused_with_it() {
    let memory = Arc::new(Memory::default());
    let mut patient = settings();
    patient.commit.deadline = Duration::from_secs(30);
    patient.answer = Duration::from_secs(30);
    let ingest = Arc::new(start(patient, &memory).await);
    memory.be(Mood::Hang);
    let send = |ingest: Arc<super::super::Ingest>| {
        tokio::spawn(async move { post_traces(&ingest, body(0..5)).await.status })
    };
    let first = send(ingest.clone());
    eventually("the first is read", || {
        ingest.prometheus().contains("requests_total 1\n")
    })
    .await;
    let second = send(ingest.clone());
    eventually("the second is read", || {
        ingest.prometheus().contains("requests_total 2\n")
    })
    .await;
    memory.be(Mood::Refuse);
    assert_eq!(first.await.unwrap(), 503);
    assert_eq!(second.await.unwrap(), 503);
    memory.be(Mood::Store);
    assert_eq!(send(ingest.clone()).await.unwrap(), 200);
    assert_eq!(memory.stored(), 5);
    assert_eq!(ingest.counters().accepted_spans, 5);
}

#[tokio::test]
async fn a_resend_after_a_lost_answer_is_not_stored_twice() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    memory.be(Mood::StoreAndFail);
    assert_eq!(post_traces(&ingest, body(0..5)).await.status, 503);
    memory.be(Mood::Store);
    assert_eq!(post_traces(&ingest, body(0..5)).await.status, 200);
    assert_eq!(memory.stored(), 5);
    assert_eq!(ingest.counters().duplicate_spans, 5);
}

#[tokio::test]
async fn a_hanging_database_refuses_in_time_and_nothing_wedges() {
    let memory = Arc::new(Memory::default());
    let mut small = settings();
    small.in_flight_bytes = 256 << 10;
    let ingest = Arc::new(start(small, &memory).await);
    memory.be(Mood::Hang);
    let sends = (0..200u32).map(|number| {
        let ingest = ingest.clone();
        let from = number * 20;
        tokio::spawn(async move { post_traces(&ingest, body(from..from + 20)).await.status })
    });
    let started = Instant::now();
    let mut statuses = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        statuses.push(send.await.unwrap());
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(statuses.iter().all(|status| [429, 503].contains(status)));
    assert!(statuses.contains(&429), "the budget is full");
    memory.be(Mood::Store);
    eventually("the budget is free again", || {
        ingest.prometheus().contains("in_flight_bytes 0\n")
    })
    .await;
    assert_eq!(post_traces(&ingest, body(0..20)).await.status, 200);
    assert_eq!(
        ingest.counters().refused_requests.values().sum::<u64>(),
        200
    );
}

#[tokio::test]
async fn restart_remembers_and_shutdown_drains() {
    let memory = Arc::new(Memory::default());
    let ingest = Arc::new(start(settings(), &memory).await);
    memory.be(Mood::Hang);
    let send = {
        let ingest = ingest.clone();
        tokio::spawn(async move { post_traces(&ingest, body(0..5)).await.status })
    };
    eventually("it is read", || {
        ingest.prometheus().contains("requests_total 1\n")
    })
    .await;
    memory.be(Mood::Store);
    assert_eq!(send.await.unwrap(), 200);
    let address = ingest.otlp_http().unwrap();
    Arc::into_inner(ingest).unwrap().shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    let again = start(settings(), &memory).await;
    assert_eq!(post_traces(&again, body(0..6)).await.status, 200);
    assert_eq!(memory.stored(), 6);
    assert_eq!(again.counters().duplicate_spans, 5);
}

#[tokio::test]
async fn a_lone_span_does_not_wait_for_company() {
    let memory = Arc::new(Memory::default());
    let mut slow = settings();
    slow.commit.linger = Duration::from_secs(30);
    slow.answer = Duration::from_secs(60);
    let ingest = start(slow, &memory).await;
    assert_eq!(post_traces(&ingest, body(0..1)).await.status, 200);
}
