//! Requests that their askers let go in the middle.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use waybill_model::topology::Topology;
use waybill_store::Store;
use waybill_store::testing::TestDatabase;

const OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'";

/// What a session that was left in its transaction writes next is answered, and not committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_let_go_leaves_no_transaction_open() {
    let db = TestDatabase::new().await;
    let onlooker = Store::connect(db.connect_options()).await.unwrap();
    for steps in 1..=12 {
        for _ in 0..5 {
            let mut write = Box::pin(db.store().remove_account(0));
            for _ in 0..steps {
                let mut context = Context::from_waker(Waker::noop());
                if write.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                // Time for the database to answer: each step goes one answer further.
                db.store().ping().await.unwrap();
            }
        }
        let since = Instant::now();
        loop {
            let open: i64 = sqlx::query_scalar(OPEN)
                .fetch_one(onlooker.pool())
                .await
                .unwrap();
            if open == 0 {
                break;
            }
            let waited = since.elapsed();
            assert!(
                waited < Duration::from_secs(20),
                "{open} open after {steps} steps"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        db.store()
            .save_topology("east", &Topology::default())
            .await
            .unwrap();
        assert!(onlooker.topology("east").await.unwrap().is_some());
    }
    onlooker.close().await;
}
