//! Connections to a peer that a test scripts: what no real broker does.

pub(in crate::kafka) mod peer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::{
    ApiVersionsResponse, MetadataRequest, MetadataResponse, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use self::peer::{Peer, Step, answer, cut, greeting};
use super::connection::Access;
use super::dial::Target;
use super::failure::Failure;
use super::pool::Pool;
use crate::adapter::{Reason, Refused};
use crate::kafka::settings::{Limits, Sasl, ScramHash, Token};
use crate::secret::Secret;
use crate::tls::Tls;
use crate::tls_settings::TlsSettings;

fn pool(sasl: Option<Sasl>) -> Pool {
    Pool::new(Arc::new(Access {
        client_id: "test".into(),
        tls: None,
        sasl,
        limits: Limits {
            request: Duration::from_millis(300),
            ..Limits::default()
        },
    }))
}

async fn metadata(pool: &Pool, target: &Target) -> Result<MetadataResponse, Failure> {
    within(pool, target, Duration::from_secs(20)).await
}

async fn within(
    pool: &Pool,
    target: &Target,
    patience: Duration,
) -> Result<MetadataResponse, Failure> {
    let deadline = Instant::now() + patience;
    pool.ask(target, deadline, |_| {
        MetadataRequest::default().with_allow_auto_topic_creation(false)
    })
    .await
}

async fn refused(pool: &Pool, target: &Target) -> Refused {
    match metadata(pool, target).await {
        Err(Failure::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

/// The refusal of a cluster without credentials whose connections all run this script.
async fn refused_by(steps: Vec<Step>) -> Refused {
    let peer = Peer::start(steps).await;
    refused(&pool(None), &peer.target()).await
}

#[tokio::test]
async fn an_answer_is_asked_for_in_the_highest_common_version() {
    let told = MetadataResponse::default().with_cluster_id(Some(StrBytes::from_static_str("c")));
    let peer = Peer::start(vec![
        greeting(&[(3, 0, 9)]),
        answer::<MetadataRequest>(told.clone()),
    ])
    .await;
    let answer = metadata(&pool(None), &peer.target()).await.unwrap();
    assert_eq!(answer.cluster_id, told.cluster_id);
    assert_eq!(peer.asked(), [(18, 3), (3, 9)]);
}

#[tokio::test]
async fn an_old_broker_is_greeted_in_version_0() {
    let refusal = ApiVersionsResponse::default().with_error_code(35);
    let steps = vec![
        Step::AnswerIn(0, Box::new(move |v| peer::body(&refusal, v))),
        greeting(&[(3, 0, 7)]),
        answer::<MetadataRequest>(MetadataResponse::default()),
    ];
    let peer = Peer::start(steps).await;
    assert!(metadata(&pool(None), &peer.target()).await.is_ok());
    assert_eq!(peer.asked(), [(18, 3), (18, 0), (3, 7)]);
}

#[tokio::test]
async fn versions_that_do_not_meet_are_unsupported_and_cost_no_connection() {
    let peer = Peer::start(vec![greeting(&[(3, 0, 6)])]).await;
    let pool = pool(None);
    for _ in 0..3 {
        let failure = metadata(&pool, &peer.target()).await.unwrap_err();
        assert_eq!(failure, Failure::Unsupported { api: "Metadata" });
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn silence_is_too_slow() {
    for steps in [
        vec![Step::Silence],
        vec![greeting(&[(3, 0, 9)]), Step::Silence],
    ] {
        let refused = refused_by(steps).await;
        assert_eq!(refused.reason, Reason::TooSlow);
        assert!(refused.detail.contains("no answer to"), "{refused}");
    }
}

#[tokio::test]
async fn answers_that_end_too_soon_are_named() {
    let whole = answer::<MetadataRequest>(MetadataResponse::default());
    let refused = refused_by(vec![greeting(&[(3, 0, 9)]), cut(whole, 9)]).await;
    assert_eq!(refused.reason, Reason::BadAnswer);
    assert!(refused.detail.contains("cut short after 9 of"), "{refused}");
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_read() {
    let size = 100_000_000u32.to_be_bytes().to_vec();
    let refused = refused_by(vec![greeting(&[(3, 0, 9)]), Step::Raw(size.clone())]).await;
    assert_eq!(refused.reason, Reason::BadAnswer);
    assert!(refused.detail.contains("100000000 bytes"), "{refused}");
    assert!(refused.hint.contains("limits.answer_bytes"), "{refused:?}");
    // From one who has not even said who it is.
    let refused = refused_by(vec![Step::Raw(size)]).await;
    assert_eq!(refused.reason, Reason::NotThisProtocol);
}

#[tokio::test]
async fn counts_that_lie_are_refused() {
    let lie = Step::Answer(Box::new(|_| {
        // Throttle time, then four billion brokers.
        vec![0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]
    }));
    let refused = refused_by(vec![greeting(&[(3, 0, 9)]), lie]).await;
    assert_eq!(refused.reason, Reason::BadAnswer);
    assert!(
        refused.detail.contains("ends before it is complete"),
        "{refused}"
    );
}

#[tokio::test]
async fn other_protocols_are_named() {
    for (bytes, word, hint) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "HTTP",
            "port of a Kafka listener",
        ),
        (&[0x15, 3, 3, 0, 2, 2, 10], "TLS", "Set `tls`"),
        (
            &[0, 0, 0, 3, 1, 2, 3],
            "ends before",
            "port of a Kafka listener",
        ),
    ] {
        let refused = refused_by(vec![Step::Raw(bytes.to_vec())]).await;
        assert_eq!(refused.reason, Reason::NotThisProtocol, "{refused}");
        assert!(refused.detail.contains(word), "{refused}");
        assert!(refused.hint.contains(hint), "{refused:?}");
    }
    let refused = refused_by(vec![Step::Close]).await;
    assert_eq!(refused.reason, Reason::NotThisProtocol);
    assert!(refused.hint.contains("`tls`"), "{refused:?}");
}

#[tokio::test]
async fn tls_spoken_to_a_plain_listener_is_named() {
    let peer = Peer::start(vec![Step::CloseAtOnce]).await;
    let tls = Tls::new(TlsSettings {
        ca: Some(test_ca()),
        ..TlsSettings::default()
    });
    let pool = Pool::new(Arc::new(Access {
        client_id: "test".into(),
        tls: Some(tls.unwrap()),
        sasl: None,
        limits: Limits::default(),
    }));
    let refused = refused(&pool, &peer.target()).await;
    assert_eq!(refused.reason, Reason::NotThisProtocol);
    assert!(refused.hint.contains("remove `tls`"), "{refused:?}");
}

/// Any certificate will do: nothing is ever verified with it.
fn test_ca() -> std::path::PathBuf {
    let mut path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.push("src/kafka/wire/peer_tests/any_ca.pem");
    path
}

#[tokio::test]
async fn a_listener_that_wants_credentials_is_named() {
    let refused = refused_by(vec![greeting(&[(3, 0, 9)]), Step::Close]).await;
    assert_eq!(refused.reason, Reason::WrongCredentials);
    assert!(refused.hint.contains("`sasl`"), "{refused:?}");
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_is_named_with_its_address() {
    let peer = Peer::start(vec![]).await;
    let address = peer.target().address;
    drop(peer);
    let target = Target {
        node: Some(7),
        address: address.clone(),
    };
    let refused = refused(&pool(None), &target).await;
    assert_eq!(refused.reason, Reason::Unreachable);
    assert!(
        refused
            .detail
            .contains(&format!("node 7, which advertises {address}")),
        "{refused}"
    );
    assert!(refused.hint.contains("advertised.listeners"), "{refused:?}");
}

#[tokio::test]
async fn a_closed_connection_is_opened_again_and_a_broken_node_rests() {
    let steps = || {
        vec![
            greeting(&[(3, 0, 9)]),
            answer::<MetadataRequest>(MetadataResponse::default()),
            Step::CloseAtOnce,
        ]
    };
    let peer = Peer::start_scripts(vec![steps(), steps(), vec![Step::Close]]).await;
    let pool = pool(None).resting(Duration::from_secs(3600));
    assert!(metadata(&pool, &peer.target()).await.is_ok());
    assert!(
        metadata(&pool, &peer.target()).await.is_ok(),
        "over a second connection"
    );
    assert_eq!(
        refused(&pool, &peer.target()).await.reason,
        Reason::Unreachable
    );
    assert_eq!(peer.connections(), 3);
    // At once again: the same refusal, and nobody is bothered.
    assert_eq!(
        refused(&pool, &peer.target()).await.reason,
        Reason::Unreachable
    );
    assert_eq!(peer.connections(), 3);
}

#[tokio::test]
async fn time_that_others_have_spent_is_not_held_against_a_node() {
    let peer = Peer::start(vec![greeting(&[(3, 0, 9)]), Step::Silence]).await;
    let pool = pool(None).resting(Duration::from_secs(3600));
    let late = within(&pool, &peer.target(), Duration::ZERO)
        .await
        .unwrap_err();
    let Failure::Refused(late) = late else {
        panic!("{late:?}")
    };
    assert!(late.detail.contains("no time was left"), "{late}");
    assert_eq!(peer.connections(), 0, "nothing was sent");
    let hurried = within(&pool, &peer.target(), Duration::from_millis(200)).await;
    assert!(hurried.is_err());
    // The next one dials again, in place of hearing what the hurried one was told.
    let again = refused(&pool, &peer.target()).await;
    assert!(again.detail.contains("a new connection"), "{again}");
}

fn shaken() -> Vec<Step> {
    let handshake = answer::<SaslHandshakeRequest>(SaslHandshakeResponse::default());
    vec![greeting(&[(3, 0, 9), (17, 0, 1), (36, 0, 2)]), handshake]
}

fn says(bytes: &'static [u8], code: i16) -> Step {
    let said = SaslAuthenticateResponse::default()
        .with_error_code(code)
        .with_error_message((code != 0).then(|| StrBytes::from_static_str("no\r\nway")))
        .with_auth_bytes(Bytes::from_static(bytes));
    answer::<SaslAuthenticateRequest>(said)
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_acknowledged_and_named() {
    let mut steps = shaken();
    steps.extend([says(b"{\"status\":\"invalid_token\"}", 0), says(b"", 58)]);
    let peer = Peer::start(steps).await;
    let sasl = Sasl::OauthBearer(Token::Text(Secret::new("opensesame")));
    let refused = refused(&pool(Some(sasl)), &peer.target()).await;
    assert_eq!(refused.reason, Reason::WrongCredentials);
    assert!(refused.detail.contains("invalid_token"), "{refused}");
    assert!(
        refused.detail.contains("SASL_AUTHENTICATION_FAILED noway"),
        "{refused}"
    );
    assert!(!format!("{refused:?}").contains("opensesame"));
    let sent = peer.last_frame();
    assert!(sent.ends_with(&[2, 1, 0]), "one byte 0x01: {sent:?}");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_not_trusted() {
    let mut steps = shaken();
    let first = Step::AnswerTo(Box::new(|frame, version| {
        let text = String::from_utf8_lossy(frame).into_owned();
        let nonce = text.split("r=").nth(1).unwrap().trim_end_matches('\0');
        let challenge = format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096");
        let said = SaslAuthenticateResponse::default().with_auth_bytes(Bytes::from(challenge));
        peer::body(&said, version)
    }));
    steps.extend([first, says(b"v=AAAA", 0)]);
    let peer = Peer::start(steps).await;
    let sasl = Sasl::Scram {
        hash: ScramHash::Sha512,
        user: "u".into(),
        password: Secret::new("opensesame"),
    };
    let refused = refused(&pool(Some(sasl)), &peer.target()).await;
    assert_eq!(refused.reason, Reason::BadAnswer);
    assert!(refused.detail.contains("signature is wrong"), "{refused}");
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_named_with_those_that_are() {
    let offered = ["PLAIN", "SCRAM-SHA-256"]
        .map(StrBytes::from_static_str)
        .to_vec();
    let no = SaslHandshakeResponse::default()
        .with_error_code(33)
        .with_mechanisms(offered);
    let steps = vec![
        greeting(&[(3, 0, 9), (17, 0, 1)]),
        answer::<SaslHandshakeRequest>(no),
    ];
    let peer = Peer::start(steps).await;
    let sasl = Sasl::OauthBearer(Token::Text(Secret::new("t")));
    let refused = refused(&pool(Some(sasl)), &peer.target()).await;
    assert_eq!(refused.reason, Reason::WrongCredentials);
    assert!(
        refused
            .detail
            .contains("offers PLAIN, SCRAM-SHA-256, not OAUTHBEARER"),
        "{refused}"
    );
}
