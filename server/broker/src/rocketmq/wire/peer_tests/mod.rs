//! Connections to a peer that a test scripts: what no real server does, or does seldom.

pub(in crate::rocketmq) mod peer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::peer::{Peer, Step, answer};
use super::command::{Answer, GET_BROKER_RUNTIME_INFO, Request};
use super::connection::{Access, AclAccount};
use super::dial::Target;
use super::failure::Failure;
use super::pool::Pool;
use crate::adapter::{Reason, Refused};
use crate::rocketmq::settings::Limits;
use crate::secret::Secret;
use crate::tls::Tls;
use crate::tls_settings::TlsSettings;

fn access(account: Option<AclAccount>, tls: Option<Tls>) -> Arc<Access> {
    Arc::new(Access {
        tls,
        account,
        limits: Limits {
            request: Duration::from_millis(300),
            answer_bytes: 4096,
            ..Limits::default()
        },
    })
}

fn pool() -> Pool {
    Pool::new(access(None, None))
}

async fn ask(pool: &Pool, target: &Target) -> Result<Answer, Failure> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let request = Request::new(GET_BROKER_RUNTIME_INFO);
    pool.ask(target, deadline, &request).await
}

async fn refused(pool: &Pool, target: &Target) -> Refused {
    match ask(pool, target).await {
        Err(Failure::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

async fn refused_by(steps: Vec<Step>) -> Refused {
    let peer = Peer::start(vec![steps]).await;
    refused(&pool(), &peer.target()).await
}

/// What comes after a first answer, when the connection is known to be a server's.
async fn refused_after_one(step: Step) -> Refused {
    let peer = Peer::start(vec![vec![Step::Answer(answer(0, "")), step]]).await;
    let pool = pool();
    ask(&pool, &peer.target()).await.unwrap();
    refused(&pool, &peer.target()).await
}

#[tokio::test]
async fn both_forms_of_answers_are_read_on_one_connection() {
    let told = Answer {
        code: 21,
        remark: Some("moved".into()),
        fields: BTreeMap::from([("maxOffset".into(), "5".into())]),
        body: b"body"[..].into(),
    };
    let steps = vec![
        Step::Answer(told.clone()),
        Step::InBinary(told.clone()),
        Step::AsideThen(told.clone()),
    ];
    let peer = Peer::start(vec![steps]).await;
    let pool = pool();
    for _ in 0..3 {
        assert_eq!(ask(&pool, &peer.target()).await.unwrap(), told);
    }
    assert_eq!(peer.connections(), 1);
    let opaques: Vec<i32> = peer.asked().iter().map(|asked| asked.opaque).collect();
    assert_eq!(opaques, [1, 2, 3]);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_nobody_asked_is_opened_again() {
    let peer = Peer::start(vec![
        vec![Step::Answer(answer(0, ""))],
        vec![Step::Answer(answer(0, "again"))],
    ])
    .await;
    let pool = pool();
    ask(&pool, &peer.target()).await.unwrap();
    let told = ask(&pool, &peer.target()).await.unwrap();
    assert_eq!(told.remark.as_deref(), Some("again"));
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn silence_is_too_slow() {
    for refused in [
        refused_by(vec![Step::Silence]).await,
        refused_after_one(Step::Silence).await,
    ] {
        assert_eq!(refused.reason, Reason::TooSlow);
        assert!(
            refused
                .detail
                .contains("no answer to GET_BROKER_RUNTIME_INFO"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn other_protocols_are_named() {
    for (bytes, expected) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
        // Settings of HTTP/2, as a gRPC port answers.
        (
            &[
                0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 128, 0, 4, 0, 16, 0, 0, 0, 6, 0,
            ][..],
            "remoting",
        ),
        (&[0x15, 3, 3, 0, 2, 2, 10][..], "TLS"),
        (&[0, 0, 0, 5, 0, 0, 0, 1, b'['][..], "remoting"),
    ] {
        let refused = refused_by(vec![Step::Raw(bytes.to_vec())]).await;
        assert!(refused.detail.contains(expected), "{refused}");
        let of_length = matches!(refused.reason, Reason::NotThisProtocol | Reason::BadAnswer);
        assert!(of_length, "{refused}");
    }
    let closed = refused_by(vec![Step::Close]).await;
    assert_eq!(closed.reason, Reason::NotThisProtocol);
}

#[tokio::test]
async fn answers_that_are_wrong_are_bad() {
    let long = Answer {
        body: vec![0; 5000].into(),
        ..answer(0, "")
    };
    for (step, expected) in [
        (Step::Cut(answer(0, "x"), 30), "cut short after 26"),
        (Step::Astray(answer(0, "")), "belongs to another request"),
        (Step::Answer(long), "over the limit of 4096"),
    ] {
        let refused = refused_after_one(step).await;
        assert_eq!(refused.reason, Reason::BadAnswer, "{refused}");
        assert!(refused.detail.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_left_in_peace_for_a_while() {
    let peer = Peer::start(Vec::new()).await;
    let target = peer.target();
    drop(peer);
    let pool = pool().resting(Duration::from_secs(600));
    let first = refused(&pool, &target).await;
    assert_eq!(first.reason, Reason::Unreachable);
    assert!(first.hint.contains("namesrv"), "{first:?}");
    // Somebody listens now, but is not asked before the pause is over.
    let back = tokio::net::TcpListener::bind(&target.address)
        .await
        .unwrap();
    assert_eq!(refused(&pool, &target).await, first);
    drop(back);
}

#[tokio::test]
async fn a_server_that_answered_before_and_only_closes_now_is_down() {
    let peer = Peer::start(vec![vec![Step::Answer(answer(0, ""))], vec![Step::Close]]).await;
    let pool = pool();
    ask(&pool, &peer.target()).await.unwrap();
    let refused = refused(&pool, &peer.target()).await;
    assert_eq!(refused.reason, Reason::Unreachable);
    assert!(refused.hint.contains("answered here before"), "{refused:?}");
}

#[tokio::test]
async fn a_refusal_of_the_account_costs_no_connection_and_is_signed() {
    let account = AclAccount {
        access_key: "waybill".into(),
        secret_key: Secret::new("reader-123"),
    };
    let steps = vec![
        Step::Answer(answer(16, "check signature failed.")),
        Step::Answer(answer(
            16,
            "User:waybill has no permission to access Topic:t",
        )),
        Step::Answer(answer(3, " request type 28 not supported")),
        Step::Answer(answer(17, "no topic")),
    ];
    let peer = Peer::start(vec![steps]).await;
    let pool = Pool::new(access(Some(account), None));
    let refused = refused(&pool, &peer.target()).await;
    assert_eq!(refused.reason, Reason::WrongCredentials);
    let failure = ask(&pool, &peer.target()).await.unwrap_err();
    assert!(matches!(failure, Failure::Forbidden { .. }), "{failure:?}");
    let failure = ask(&pool, &peer.target()).await.unwrap_err();
    assert!(
        matches!(failure, Failure::Unsupported { .. }),
        "{failure:?}"
    );
    assert_eq!(ask(&pool, &peer.target()).await.unwrap().code, 17);
    assert_eq!(peer.connections(), 1);
    let asked = peer.asked();
    assert_eq!(asked[0].fields["AccessKey"], "waybill");
    assert!(!asked[0].fields["Signature"].is_empty());
}

#[tokio::test]
async fn tls_towards_a_server_without_it_is_named() {
    let tls = Tls::new(TlsSettings::default()).unwrap();
    let peer = Peer::start(vec![vec![Step::Close]]).await;
    let refused = refused(&Pool::new(access(None, Some(tls))), &peer.target()).await;
    assert_eq!(refused.reason, Reason::NotThisProtocol);
    assert!(refused.hint.contains("remove `tls`"), "{refused:?}");
}
