//! The chain holds, and shows where it does not.

use sqlx::AssertSqlSafe;
use waybill_model::audit::{AuditEntry, Decision};
use waybill_store::Store;
use waybill_store::audit::AuditFilter;
use waybill_store::testing::TestDatabase;

use crate::noon;

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        actor: if n % 2 == 0 { "ann" } else { "bob" }.into(),
        action: "token.create".into(),
        object: format!("token \0 {n}"),
        decision: if n % 3 == 0 {
            Decision::Denied
        } else {
            Decision::Allowed
        },
        detail: "because".into(),
    }
}

async fn filled(db: &TestDatabase, lines: i64) -> &Store {
    for n in 1..=lines {
        let at = noon().plus_ms(n);
        let line = db.store().append_audit(&entry(n), at).await.unwrap();
        assert_eq!((line.id, line.at), (n, at));
    }
    db.store()
}

/// As one would who owns the database.
async fn tamper(store: &Store, sql: &'static str) {
    for sql in ["ALTER TABLE audit_line DISABLE TRIGGER USER", sql] {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(store.pool())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn lines_are_listed_by_filter_and_cursor() {
    let db = TestDatabase::new().await;
    let store = filled(&db, 10).await;
    let ids = async |filter: AuditFilter, limit| -> Vec<i64> {
        let lines = store.audit(&filter, limit).await.unwrap();
        lines.iter().map(|line| line.id).collect()
    };
    assert_eq!(ids(AuditFilter::default(), 3).await, [10, 9, 8]);
    let page = AuditFilter {
        before: Some(8),
        actor: Some("ann".into()),
        ..AuditFilter::default()
    };
    assert_eq!(ids(page, 2).await, [6, 4]);
    let window = AuditFilter {
        from: Some(noon().plus_ms(2)),
        to: Some(noon().plus_ms(4)),
        object: Some("TOKEN".into()),
        ..AuditFilter::default()
    };
    assert_eq!(ids(window, 9).await, [3, 2]);
    let wild = AuditFilter {
        object: Some("%".into()),
        ..AuditFilter::default()
    };
    assert!(ids(wild, 9).await.is_empty());
}

#[tokio::test]
async fn lines_cannot_be_changed_or_removed() {
    let db = TestDatabase::new().await;
    let store = filled(&db, 2).await;
    for sql in [
        "UPDATE audit_line SET actor = 'eve'",
        "DELETE FROM audit_line",
        "TRUNCATE audit_line",
    ] {
        assert!(
            sqlx::raw_sql(sql).execute(store.pool()).await.is_err(),
            "{sql}"
        );
    }
    assert_eq!(store.verify_audit().await.unwrap(), None);
}

#[tokio::test]
async fn the_first_broken_line_is_named() {
    for (sql, id) in [
        ("UPDATE audit_line SET detail = 'x' WHERE id = 4", 4),
        (
            "UPDATE audit_line SET at = at + interval '1 second' WHERE id = 1",
            1,
        ),
        ("DELETE FROM audit_line WHERE id = 4", 5),
        ("DELETE FROM audit_line WHERE id = 1", 2),
    ] {
        let db = TestDatabase::new().await;
        let store = filled(&db, 6).await;
        tamper(store, sql).await;
        let broken = store.verify_audit().await.unwrap().unwrap();
        assert_eq!(broken.id, id, "{sql}");
    }
}

#[tokio::test]
async fn writers_side_by_side_make_one_chain() {
    let db = TestDatabase::new().await;
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = db.store().clone();
            tokio::spawn(async move {
                for n in 0..10 {
                    store.append_audit(&entry(n), noon()).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(db.store().verify_audit().await.unwrap(), None);
    let lines = db
        .store()
        .audit(&AuditFilter::default(), 100)
        .await
        .unwrap();
    assert_eq!(lines.len(), 40);
}
