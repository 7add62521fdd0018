//! Who may come in.

use std::time::Duration;

use waybill_model::access::{Action, Grant, Role};
use waybill_model::view::TokenPurpose;
use waybill_store::StoreError;
use waybill_store::sessions::SessionLife;
use waybill_store::testing::TestDatabase;
use waybill_store::tokens::NewToken;

use crate::noon;

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

#[tokio::test]
async fn the_last_administrator_stays() {
    let db = TestDatabase::new().await;
    let store = db.store();
    assert!(!store.has_admin().await.unwrap());
    let ann = store
        .create_account("Ann", Role::Admin, HASH)
        .await
        .unwrap();
    let taken = store.create_account("ann", Role::Viewer, HASH).await;
    assert!(matches!(taken, Err(StoreError::Conflict { .. })));
    for refused in [
        store.set_role(ann, Role::Viewer).await,
        store.remove_account(ann).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    }
    let bob = store
        .create_account("bob", Role::Admin, HASH)
        .await
        .unwrap();
    // Each would leave the other: one of them must be refused.
    let (a, b) = tokio::join!(store.set_role(ann, Role::Viewer), store.remove_account(bob));
    assert!(a.is_ok() != b.is_ok());
    assert!(store.has_admin().await.unwrap());
    assert!(!store.remove_account(999).await.unwrap());
}

#[tokio::test]
async fn a_session_ends_by_idleness_age_and_command() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let account = store
        .create_account("ann", Role::Admin, HASH)
        .await
        .unwrap();
    let life = SessionLife {
        idle: Duration::from_secs(600),
        absolute: Duration::from_secs(3_600),
    };
    let at = |seconds: i64| noon().plus_ms(seconds * 1_000);
    store
        .open_session(account, "one", life, noon())
        .await
        .unwrap();
    assert!(store.session("two", at(1)).await.unwrap().is_none());
    // Each use puts off the idle end, never the absolute one.
    for seconds in (500..3_600).step_by(500) {
        let session = store.session("one", at(seconds)).await.unwrap().unwrap();
        assert_eq!(session.account_id, account);
    }
    assert!(store.session("one", at(3_601)).await.unwrap().is_none());

    store
        .open_session(account, "idle", life, noon())
        .await
        .unwrap();
    assert!(store.session("idle", at(601)).await.unwrap().is_none());

    store
        .open_session(account, "old", life, noon())
        .await
        .unwrap();
    assert!(store.rotate_session("old", "new", at(5)).await.unwrap());
    assert!(store.session("old", at(6)).await.unwrap().is_none());
    let rotated = store.session("new", at(6)).await.unwrap().unwrap();
    assert_eq!(rotated.authenticated_at, at(5));
    assert!(store.set_password(account, HASH).await.unwrap());
    assert!(store.session("new", at(7)).await.unwrap().is_none());

    store
        .open_session(account, "three", life, noon())
        .await
        .unwrap();
    store.close_session("three").await.unwrap();
    assert!(store.session("three", at(1)).await.unwrap().is_none());
    store
        .open_session(account, "four", life, noon())
        .await
        .unwrap();
    assert!(store.close_sessions(account).await.unwrap() >= 1);
}

#[tokio::test]
async fn tokens_are_hashed_expire_and_go_with_their_account() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let account = store
        .create_account("ann", Role::Operator, HASH)
        .await
        .unwrap();
    let token = |purpose, account_id| NewToken {
        name: "ci",
        purpose,
        account_id,
        role: None,
        expires_at: Some(noon()),
    };
    let orphan = store
        .create_token(token(TokenPurpose::Api, None), "x")
        .await;
    assert!(matches!(orphan, Err(StoreError::Conflict { .. })));
    let api = token(TokenPurpose::Api, Some(account));
    let ingest = token(TokenPurpose::Ingest, None);
    store.create_token(api, "wb_api").await.unwrap();
    let id = store.create_token(ingest, "wb_ingest").await.unwrap();
    let before = noon().plus_ms(-1);
    let found = store.token("wb_api", before).await.unwrap().unwrap();
    assert_eq!(
        (found.purpose, found.account_id),
        (TokenPurpose::Api, Some(account))
    );
    assert!(store.token("wb_api", noon()).await.unwrap().is_none());
    let lines = store.tokens().await.unwrap();
    assert_eq!(lines[1].role, Some(Role::Operator));
    assert!(lines[1].last_used_at.is_some() && lines[0].last_used_at.is_none());

    let dump: Vec<String> = sqlx::query_scalar("SELECT t::text FROM token t")
        .fetch_all(store.pool())
        .await
        .unwrap();
    assert!(dump.iter().all(|row| !row.contains("wb_")));

    assert!(store.revoke_token(id).await.unwrap());
    assert!(store.token("wb_ingest", before).await.unwrap().is_none());
    assert!(store.remove_account(account).await.unwrap());
    assert!(store.tokens().await.unwrap().is_empty());
}

#[tokio::test]
async fn grants_come_back_as_given() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let account = store
        .create_account("ann", Role::Viewer, HASH)
        .await
        .unwrap();
    let grant = Grant {
        action: Action::DlqReplay,
        cluster: "orders".into(),
        resource: "orders.*".into(),
        expires_at: Some(noon()),
    };
    let id = store.add_grant(account, &grant).await.unwrap();
    let grants = store.grants_of(account).await.unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!((grants[0].id, &grants[0].grant), (id, &grant));
    assert!(store.remove_grant(id).await.unwrap());
    assert!(!store.remove_grant(id).await.unwrap());
}

#[tokio::test]
async fn the_setup_link_works_once() {
    let db = TestDatabase::new().await;
    let store = db.store();
    store.set_setup_link("first").await.unwrap();
    store.set_setup_link("second").await.unwrap();
    assert!(!store.setup_link_fits("first").await.unwrap());
    assert!(store.setup_link_fits("second").await.unwrap());
    let (a, b) = tokio::join!(
        store.use_setup_link("second", "ann", HASH),
        store.use_setup_link("second", "bob", HASH)
    );
    let made = [a.unwrap(), b.unwrap()];
    assert_eq!(made.iter().flatten().count(), 1);
    assert!(!store.setup_link_fits("second").await.unwrap());
    let refused = store.set_setup_link("third").await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
}
