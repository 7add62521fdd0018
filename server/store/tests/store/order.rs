//! The order in which the finder follows, with writers side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use waybill_store::testing::{Sample, TestDatabase};
use waybill_store::{BlockId, Store};

use crate::noon;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_block_appears_behind_one_already_given() {
    let db = TestDatabase::new().await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let store = Store::connect(db.connect_options()).await.unwrap();
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            let mut seen: Vec<BlockId> = Vec::new();
            loop {
                let last_round = done.load(Ordering::SeqCst);
                let blocks = store.since(seen.last().copied(), 7).await.unwrap();
                if blocks.is_empty() && last_round {
                    return seen;
                }
                seen.extend(blocks.iter().map(|block| block.id));
            }
        })
    };
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let store = db.store().clone();
            tokio::spawn(async move {
                let mut sample = Sample::new(writer, noon());
                let mut ids = Vec::new();
                for _ in 0..40 {
                    ids.push(store.append(&sample.batch(20)).await.unwrap());
                }
                ids
            })
        })
        .collect();
    let mut written = Vec::new();
    for writer in writers {
        written.extend(writer.await.unwrap());
    }
    done.store(true, Ordering::SeqCst);
    let seen = reader.await.unwrap();
    written.sort_unstable();
    assert_eq!(seen, written);
}

#[tokio::test]
async fn scanning_goes_on_where_it_stopped() {
    let db = TestDatabase::new().await;
    let mut sample = Sample::new(3, noon());
    for _ in 0..10 {
        db.store().append(&sample.batch(30)).await.unwrap();
    }
    let (mut before, mut total, mut pages) = (None, 0, 0);
    loop {
        let scan = db.store().newest(None, before, 50).await.unwrap();
        total += scan.spans.len();
        pages += 1;
        before = scan.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(total, 300);
    assert!(pages >= 5);
}
