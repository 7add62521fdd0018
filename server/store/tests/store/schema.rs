//! Versions, statements and errors.

use std::time::Duration;

use sqlx::{Executor, SqlSafeStr};
use waybill_store::testing::TestDatabase;
use waybill_store::{ConnectOptions, Store, StoreError};

use crate::spans;

#[tokio::test]
async fn migrations_apply_once_and_then_nothing_is_pending() {
    let db = TestDatabase::empty().await;
    let store = db.store();
    let pending = store.pending_migrations().await.unwrap();
    assert!(pending[0].starts_with("0001_"));
    assert_eq!(store.migrate().await.unwrap().applied, pending);
    let again = store.migrate().await.unwrap();
    assert_eq!(again.applied, Vec::<String>::new());
    let newest = format!("{:04}_", again.version);
    assert!(pending.last().unwrap().starts_with(&newest));
    assert!(store.pending_migrations().await.unwrap().is_empty());
}

#[tokio::test]
async fn several_processes_may_start_at_once() {
    let db = TestDatabase::empty().await;
    let other = Store::connect(db.connect_options()).await.unwrap();
    let (a, b) = tokio::join!(db.store().migrate(), other.migrate());
    a.unwrap();
    b.unwrap();
    other.append(&spans(31, 3)).await.unwrap();
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let db = TestDatabase::new().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', true, '', 0)",
    )
    .execute(db.store().pool())
    .await
    .unwrap();
    let error = db.store().migrate().await.unwrap_err();
    assert!(
        matches!(error, StoreError::DatabaseNewer { found: 9999, known } if known < 100),
        "{error:?}"
    );
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let db = TestDatabase::new().await;
    let statements = waybill_store::statements();
    assert!(statements.len() > 60);
    for (module, name, sql) in statements {
        let prepared = db.store().pool().prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{module} {name}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    let options = ConnectOptions::url("postgres://nobody@127.0.0.1:1/none")
        .unwrap()
        .acquire_timeout(Duration::from_millis(200));
    let error = Store::connect(options).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_lease_has_one_holder() {
    let db = TestDatabase::new().await;
    let (store, minute) = (db.store(), Duration::from_secs(60));
    let first = store
        .take_lease("poll", "a", minute)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.take_lease("poll", "b", minute).await.unwrap(), None);
    let renewed = store
        .take_lease("poll", "a", minute)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(renewed.epoch, first.epoch);
    store.release_lease("poll", "a").await.unwrap();
    let second = store
        .take_lease("poll", "b", minute)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.epoch, first.epoch + 1);
}
