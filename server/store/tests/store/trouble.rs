//! Rows of exceptional messages, and the finder's position.

use std::time::Duration;

use waybill_model::journey::{JourneyState, JourneySummary, Message};
use waybill_store::testing::TestDatabase;
use waybill_store::troubled::{Troubled, TroubledAttempt, TroubledFilter};
use waybill_store::{BlockId, RetentionPolicy};

use crate::noon;

fn troubled(n: i64, state: JourneyState) -> Troubled {
    let hostile = "<script>\0%\u{1f}";
    Troubled {
        summary: JourneySummary {
            id: format!("i-{}-{n}", "6b".repeat(4_000)),
            state,
            message: Message {
                system: "examplemq".into(),
                cluster: Some("main".into()),
                destination: Some("orders".into()),
                partition: None,
                offset: Some(n),
                message_id: Some(format!("m-{n}")),
                key: Some(hostile.into()),
                size_bytes: None,
                created_at: Some(noon()),
            },
            producer_service: Some("shop".into()),
            groups: vec!["billing".into(), "mail".into()],
            attempts: 2,
            total_ms: Some(n as f64),
            first_error: Some(hostile.into()),
            started_at: noon().plus_ms(n),
            diagnosis: None,
            diagnosis_rule: None,
            overtaken_by: Vec::new(),
        },
        services: vec!["payment".into()],
        destinations: vec!["orders".into(), "orders.dead".into()],
        error_type: Some("Declined".into()),
        error_message: Some("card 100% declined".into()),
        fingerprint: Some("abcd".into()),
        evidence: None,
        updated_at: noon().plus_ms(n),
        attempts: (1..=2)
            .map(|attempt| TroubledAttempt {
                group: Some("billing".into()),
                n: attempt,
                started_at: noon(),
                destination: Some("orders".into()),
                service: "payment".into(),
                instance: None,
                version: Some("1.0".into()),
                error_type: Some("Declined".into()),
                first_frame: Some("pay.rs:7".into()),
                message: Some("declined".into()),
                delay_before_ms: 0.5,
                fingerprint: Some("abcd".into()),
                evidence: None,
                cause: None,
            })
            .collect(),
    }
}

#[tokio::test]
async fn rows_are_replaced_filtered_and_paged() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let mut all: Vec<Troubled> = (0..10)
        .map(|n| troubled(n, JourneyState::Retrying))
        .collect();
    all[5].summary.overtaken_by = vec!["c-1".into(), "c-2".into()];
    store.save_troubled(&all).await.unwrap();
    all[3].summary.state = JourneyState::DeadLettered;
    all[3].attempts.truncate(1);
    store.save_troubled(&all[3..4]).await.unwrap();

    let id = &all[3].summary.id;
    assert_eq!(
        store.troubled_journey(id).await.unwrap().as_ref(),
        Some(&all[3])
    );
    let count = async |filter: TroubledFilter| store.troubled(&filter, 100).await.unwrap().len();
    let none = TroubledFilter::default;
    assert_eq!(count(none()).await, 10);
    let text = |text: &str| Some(text.to_string());
    for (filter, expected) in [
        (
            TroubledFilter {
                states: vec![JourneyState::DeadLettered],
                ..none()
            },
            1,
        ),
        (
            TroubledFilter {
                states: vec![JourneyState::DeadLettered, JourneyState::Retrying],
                max_ms: Some(4.0),
                destination: text("orders.dead"),
                ..none()
            },
            5,
        ),
        (
            TroubledFilter {
                group: text("mail"),
                ..none()
            },
            10,
        ),
        (
            TroubledFilter {
                group: text("nobody"),
                ..none()
            },
            0,
        ),
        (
            TroubledFilter {
                service: text("payment"),
                ..none()
            },
            10,
        ),
        (
            TroubledFilter {
                message_id: text("m-7"),
                ..none()
            },
            1,
        ),
        (
            TroubledFilter {
                key: text("<script>\0%\u{1f}"),
                ..none()
            },
            10,
        ),
        (
            TroubledFilter {
                text: text("100%"),
                ..none()
            },
            10,
        ),
        (
            TroubledFilter {
                text: text("1%0"),
                ..none()
            },
            0,
        ),
        (
            TroubledFilter {
                overtaken: true,
                ..none()
            },
            1,
        ),
        (
            TroubledFilter {
                min_ms: Some(8.0),
                ..none()
            },
            2,
        ),
        (
            TroubledFilter {
                from: Some(noon().plus_ms(2)),
                to: Some(noon().plus_ms(5)),
                ..none()
            },
            3,
        ),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter:?}");
    }
    let mut filter = none();
    let mut ids = Vec::new();
    loop {
        let page = store.troubled(&filter, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.cursor.clone());
        ids.extend(
            page.into_iter()
                .map(|row| row.summary.message.offset.unwrap()),
        );
    }
    assert_eq!(ids, (0..10).rev().collect::<Vec<_>>());
    assert_eq!(
        store
            .forget_troubled(std::slice::from_ref(id))
            .await
            .unwrap(),
        1
    );
    assert_eq!(store.troubled_journey(id).await.unwrap(), None);
}

#[tokio::test]
async fn rows_go_by_an_age_of_their_own() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let day = 24 * 3_600_000;
    let mut all: Vec<Troubled> = (0..4).map(|n| troubled(n, JourneyState::Failed)).collect();
    for (days, row) in (0..).zip(&mut all) {
        row.updated_at = noon().plus_ms(-days * day);
    }
    store.save_troubled(&all).await.unwrap();
    // Spans go after a day; what is told of trouble stays for two and a half.
    let policy = RetentionPolicy {
        age: Some(Duration::from_secs(24 * 3_600)),
        troubled: Some(Duration::from_secs(60 * 3_600)),
        max_disk: None,
    };
    let done = store.retention_at(policy, noon()).await.unwrap();
    assert_eq!((done.dropped_troubled, done.more), (1, false));
    let left = store
        .troubled(&TroubledFilter::default(), 10)
        .await
        .unwrap();
    let left: Vec<_> = left.iter().map(|row| row.summary.message.offset).collect();
    assert_eq!(left, [Some(2), Some(1), Some(0)]);
    let gone = &all[3].summary.id;
    assert_eq!(store.troubled_journey(gone).await.unwrap(), None);
}

#[tokio::test]
async fn more_old_rows_than_a_batch_take_another_step() {
    let db = TestDatabase::new().await;
    let store = db.store();
    store
        .save_troubled(&[troubled(1, JourneyState::Failed)])
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO troubled_journey (key, id, state, system, groups, services, started_at,
            updated_at, attempts, summary)
         SELECT decode(lpad(n::text, 64, '0'), 'hex'), n::text, state, system, groups, services,
            started_at, updated_at, attempts, summary
         FROM troubled_journey, generate_series(1, 10001) AS n",
    )
    .execute(store.pool())
    .await
    .unwrap();
    let policy = RetentionPolicy {
        troubled: Some(Duration::from_secs(3_600)),
        ..RetentionPolicy::default()
    };
    let later = noon().plus_ms(2 * 3_600_000);
    let first = store.retention_at(policy, later).await.unwrap();
    assert_eq!((first.dropped_troubled, first.more), (10_000, true));
    let second = store.retention_at(policy, later).await.unwrap();
    assert_eq!((second.dropped_troubled, second.more), (2, false));
}

#[tokio::test]
async fn the_finder_remembers() {
    let db = TestDatabase::new().await;
    assert_eq!(db.store().finder_position("finder").await.unwrap(), None);
    for block in [5, 9] {
        db.store()
            .set_finder_position("finder", BlockId(block))
            .await
            .unwrap();
    }
    let position = db.store().finder_position("finder").await.unwrap();
    assert_eq!(position, Some(BlockId(9)));
}
