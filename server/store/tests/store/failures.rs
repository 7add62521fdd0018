//! Kinds of failure added up from the rows of troubled journeys.

use std::time::Duration;

use waybill_model::access::Sight;
use waybill_model::failure::{FailureChange, FailureEvidence};
use waybill_model::journey::{Cause, JourneyState, JourneySummary, Message};
use waybill_model::time::Timestamp;
use waybill_store::failures::{
    Among, Failure, FailureAfter, FailureFilter, FailureOrder, failure_key,
};
use waybill_store::testing::TestDatabase;
use waybill_store::troubled::{Troubled, TroubledAttempt, TroubledFilter};
use waybill_store::{RetentionPolicy, Store};

use crate::noon;

struct Made {
    n: i64,
    state: JourneyState,
    destination: &'static str,
    /// Fingerprint (none: it went well) and version, a second after another.
    attempts: Vec<(Option<&'static str>, &'static str)>,
}

fn troubled(made: &Made) -> Troubled {
    let started_at = noon().plus_ms(made.n * 60_000);
    let attempt = |at: usize, fingerprint: Option<&str>, version: &str| TroubledAttempt {
        group: Some("billing".into()),
        n: at as u32 + 1,
        started_at: started_at.plus_ms(at as i64 * 1_000),
        destination: Some(made.destination.into()),
        service: "payment".into(),
        instance: None,
        version: Some(version.into()),
        error_type: fingerprint.map(|_| "Declined".into()),
        first_frame: fingerprint.map(|_| "pay.rs charge".into()),
        message: fingerprint.map(|_| format!("order {} 100% declined\0", made.n)),
        delay_before_ms: 0.0,
        fingerprint: fingerprint.map(str::to_owned),
        evidence: None,
        cause: fingerprint.map(|_| Cause {
            rule: "pool".into(),
            sentence: "waits for a connection".into(),
        }),
    };
    let attempts = made.attempts.iter().enumerate();
    let attempts: Vec<TroubledAttempt> = attempts
        .map(|(at, (fingerprint, version))| attempt(at, *fingerprint, version))
        .collect();
    let decides = made.attempts.iter().rev().find_map(|(print, _)| *print);
    Troubled {
        summary: JourneySummary {
            id: format!("c-{}", made.n),
            state: made.state,
            message: Message {
                system: "examplemq".into(),
                cluster: Some("east".into()),
                destination: Some(made.destination.into()),
                partition: None,
                offset: Some(made.n),
                message_id: None,
                key: None,
                size_bytes: None,
                created_at: None,
            },
            producer_service: None,
            groups: vec!["billing".into()],
            attempts: attempts.len() as u32,
            total_ms: None,
            first_error: None,
            started_at,
            diagnosis: None,
            diagnosis_rule: None,
            overtaken_by: Vec::new(),
        },
        services: vec!["payment".into()],
        destinations: vec![made.destination.into()],
        error_type: None,
        error_message: None,
        fingerprint: decides.map(str::to_owned),
        evidence: None,
        updated_at: started_at,
        attempts,
    }
}

fn made(
    n: i64,
    state: JourneyState,
    destination: &'static str,
    attempts: &[(Option<&'static str>, &'static str)],
) -> Made {
    Made {
        n,
        state,
        destination,
        attempts: attempts.to_vec(),
    }
}

/// Two kinds: `aa` on two destinations, `bb` on one.
fn some() -> Vec<Made> {
    use JourneyState::{DeadLettered, Delivered, Failed};
    vec![
        made(
            0,
            Delivered,
            "orders",
            &[(Some("aa"), "1.0"), (None, "1.0")],
        ),
        made(
            1,
            DeadLettered,
            "orders",
            &[(Some("aa"), "1.0"), (Some("aa"), "1.1")],
        ),
        made(2, Failed, "mails", &[(Some("aa"), "1.1")]),
        made(3, Failed, "mails", &[(Some("bb"), "1.1")]),
    ]
}

async fn saved(store: &Store, all: &[Made]) {
    let rows: Vec<Troubled> = all.iter().map(troubled).collect();
    store.save_troubled(&rows).await.unwrap();
}

async fn list(store: &Store, filter: FailureFilter) -> Vec<(String, u64)> {
    let failures = store.failures(&filter, 100).await.unwrap();
    failures.into_iter().map(counted).collect()
}

fn counted(failure: Failure) -> (String, u64) {
    let attempts = failure.places.iter().map(|place| place.attempts).sum();
    (failure.fingerprint, attempts)
}

fn told(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|(f, n)| ((*f).to_owned(), *n)).collect()
}

#[tokio::test]
async fn failed_attempts_are_added_up_by_kind() {
    let db = TestDatabase::new().await;
    let store = db.store();
    saved(store, &some()).await;
    let none = FailureFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let sight = |cluster: &str, resource: &str| {
        Some(vec![Sight {
            cluster: cluster.into(),
            resource: resource.into(),
        }])
    };
    let minute = |n: i64| noon().plus_ms(n * 60_000);
    for (filter, expected) in [
        (none(), told(&[("bb", 1), ("aa", 4)])),
        (
            FailureFilter {
                sort: FailureOrder::Attempts,
                ..none()
            },
            told(&[("aa", 4), ("bb", 1)]),
        ),
        (
            FailureFilter {
                fingerprint: text("aa"),
                ..none()
            },
            told(&[("aa", 4)]),
        ),
        (
            FailureFilter {
                destination: text("orders"),
                ..none()
            },
            told(&[("aa", 3)]),
        ),
        (
            FailureFilter {
                cluster: text("west"),
                ..none()
            },
            vec![],
        ),
        (
            FailureFilter {
                group: text("nobody"),
                ..none()
            },
            vec![],
        ),
        (
            FailureFilter {
                q: text("100%"),
                ..none()
            },
            told(&[("bb", 1), ("aa", 4)]),
        ),
        (
            FailureFilter {
                q: text("1%0"),
                ..none()
            },
            vec![],
        ),
        (
            FailureFilter {
                from: minute(1),
                to: minute(3),
                ..none()
            },
            told(&[("aa", 3)]),
        ),
        (
            FailureFilter {
                sights: sight("*", "mail*"),
                ..none()
            },
            told(&[("bb", 1), ("aa", 1)]),
        ),
        (
            FailureFilter {
                sights: sight("west", "*"),
                ..none()
            },
            vec![],
        ),
        (
            FailureFilter {
                sights: Some(Vec::new()),
                ..none()
            },
            vec![],
        ),
    ] {
        assert_eq!(list(store, filter.clone()).await, expected, "{filter:?}");
    }

    // The same in pages of one.
    let mut filter = none();
    let mut found = Vec::new();
    while let Some(failure) = store.failures(&filter, 1).await.unwrap().pop() {
        filter.after = Some(FailureAfter {
            value: failure.value,
            fingerprint: failure.fingerprint.clone(),
        });
        found.push(failure.fingerprint);
    }
    assert_eq!(found, ["bb", "aa"]);
}

#[tokio::test]
async fn a_kind_is_told_with_its_places_journeys_and_steps() {
    let db = TestDatabase::new().await;
    let store = db.store();
    saved(store, &some()).await;
    let filter = FailureFilter {
        fingerprint: Some("aa".into()),
        ..FailureFilter::default()
    };
    let failure = store.failures(&filter, 10).await.unwrap().pop().unwrap();
    let mut places: Vec<_> = failure
        .places
        .iter()
        .map(|p| (p.destination.as_deref(), p.version.as_deref(), p.attempts))
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            (Some("mails"), Some("1.1"), 1),
            (Some("orders"), Some("1.0"), 2),
            (Some("orders"), Some("1.1"), 1)
        ]
    );
    let first = failure.places.iter().min_by_key(|p| p.first_at).unwrap();
    assert_eq!(first.version.as_deref(), Some("1.0"));
    assert_eq!(first.first_at, noon());
    let mail = |p: &&waybill_store::failures::Place| p.destination.as_deref() == Some("mails");
    let mail = failure.places.iter().find(mail).unwrap();
    assert_eq!(
        mail.message.as_deref(),
        Some("order 2 100% declined\u{fffd}")
    );
    assert_eq!(mail.cause.as_deref(), Some("pool"));
    assert_eq!(
        mail.cause_sentence.as_deref(),
        Some("waits for a connection")
    );

    let ids: Vec<i64> = failure.places.iter().map(|place| place.id).collect();
    let among = Among {
        fingerprint: Some("aa"),
        places: &ids,
        from: noon(),
        to: noon().plus_ms(3_600_000),
    };
    let mut journeys: Vec<_> = store
        .failed_journeys(&among)
        .await
        .unwrap()
        .into_iter()
        .map(|one| {
            (
                one.failure == failure_key("aa"),
                format!("{:?}", one.state),
                one.journeys,
            )
        })
        .collect();
    journeys.sort_unstable();
    let expected = [("DeadLettered", 1), ("Delivered", 1), ("Failed", 1)];
    let expected = expected.map(|(state, n)| (true, state.to_owned(), n));
    assert_eq!(journeys, expected, "the second one counts once");
    let mut steps = store.failed_steps(&among, 60_000).await.unwrap();
    steps.sort_by_key(|step| step.at);
    let steps: Vec<_> = steps
        .iter()
        .map(|s| (s.at.ms_since(noon()), s.attempts))
        .collect();
    assert_eq!(steps, [(0.0, 1), (60_000.0, 2), (120_000.0, 1)]);
    let recent = store.recently_failed(&among, 2).await.unwrap();
    let recent: Vec<&str> = recent.iter().map(|summary| summary.id.as_str()).collect();
    assert_eq!(recent, ["c-2", "c-1"]);
}

#[tokio::test]
async fn rewritten_and_forgotten_journeys_count_no_more() {
    let db = TestDatabase::new().await;
    let store = db.store();
    saved(store, &some()).await;
    let well = made(3, JourneyState::Delivered, "mails", &[(None, "1.1")]);
    saved(store, &[well]).await;
    let all = FailureFilter::default;
    assert_eq!(list(store, all()).await, told(&[("aa", 4)]));
    store.forget_troubled(&["c-1".to_owned()]).await.unwrap();
    assert_eq!(list(store, all()).await, told(&[("aa", 2)]));
    // What is too old goes with its places.
    let policy = RetentionPolicy {
        troubled: Some(Duration::from_secs(3_600)),
        ..RetentionPolicy::default()
    };
    store
        .retention_at(policy, noon().plus_ms(2 * 3_600_000))
        .await
        .unwrap();
    let places: i64 = sqlx::query_scalar("SELECT count(*) FROM failure_place")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!((list(store, all()).await.len(), places), (0, 0));
}

#[tokio::test]
async fn a_message_without_an_attempt_counts_by_its_evidence() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let mut row = troubled(&made(1, JourneyState::DeadLettered, "orders", &[]));
    row.fingerprint = Some("ee".into());
    row.evidence = Some(FailureEvidence::DeadLettered);
    store.save_troubled(&[row.clone()]).await.unwrap();
    let read = store.troubled_journey("c-1").await.unwrap();
    assert_eq!(read.as_ref(), Some(&row));
    let failure = store.failures(&FailureFilter::default(), 10).await.unwrap();
    assert_eq!(failure[0].fingerprint, "ee");
    let place = &failure[0].places[0];
    assert_eq!(place.evidence, Some(FailureEvidence::DeadLettered));
    assert_eq!((place.service.as_ref(), place.attempts), (None, 1));
}

#[tokio::test]
async fn what_people_say_is_kept_and_mutes() {
    let db = TestDatabase::new().await;
    let store = db.store();
    saved(store, &some()).await;
    let now = noon().plus_ms(3_600_000);
    assert_eq!(store.said_of_failure("aa").await.unwrap(), None);
    let change = FailureChange {
        owner: Some(Some("billing".into())),
        muted_until: Some(Some(now.plus_ms(1_000))),
        ..FailureChange::default()
    };
    store
        .change_failure("aa", &change, "ada", now)
        .await
        .unwrap();
    let note = FailureChange {
        note: Some(Some("known".into())),
        owner: Some(None),
        ..FailureChange::default()
    };
    store.change_failure("aa", &note, "bob", now).await.unwrap();
    let said = store.said_of_failure("aa").await.unwrap().unwrap();
    assert_eq!(
        (said.owner.as_deref(), said.note.as_deref()),
        (None, Some("known"))
    );
    assert_eq!(said.muted_until, Some(now.plus_ms(1_000)));
    assert_eq!((said.changed_by.as_str(), said.changed_at), ("bob", now));

    let later = now.plus_ms(2_000);
    let muted = |muted: bool, at: Timestamp| FailureFilter {
        muted: Some((muted, at)),
        ..FailureFilter::default()
    };
    assert_eq!(list(store, muted(true, now)).await, told(&[("aa", 4)]));
    assert_eq!(list(store, muted(false, now)).await, told(&[("bb", 1)]));
    assert_eq!(list(store, muted(true, later)).await, vec![]);
    let troubled = async |at: Timestamp| {
        let filter = TroubledFilter {
            not_muted_at: Some(at),
            ..TroubledFilter::default()
        };
        store.troubled(&filter, 10).await.unwrap().len()
    };
    assert_eq!((troubled(now).await, troubled(later).await), (1, 4));
    let quiet = [JourneyState::Delivered];
    let count = async |from: i64| {
        let from = noon().plus_ms(from * 60_000);
        store.muted_failures(from, now, &quiet).await.unwrap()
    };
    assert_eq!((count(0).await, count(3).await), (1, 0));
}
