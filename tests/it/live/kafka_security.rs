//! A real node with every door that clusters have, an authorizer, and users of few rights.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use waybill_broker::adapter::Reason;
use waybill_broker::browse::Shelf;
use waybill_model::topology::Why;
use waybill_tests::kafka::{java, tool};

use super::kafka_fortress::{Fortress, MUTUAL, PLAIN, SASL_PLAIN, SASL_SSL};
use super::kafka_observed::{Observed, PATIENCE};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
fn password(mechanism: &str, user: &str, password: &str) -> Value {
    json!({ "mechanism": mechanism, "user": user, "password": password })
}

/// What the broker's own handler for unsecured tokens takes.
pub fn token_text(subject: &str, ends_at: u64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": subject, "iat": ends_at - 3600, "exp": ends_at });
    format!("{}.{}.", part(json!({ "alg": "none" })), part(claims))
}

fn token(subject: &str, ends_at: u64) -> Value {
    json!({ "mechanism": "OAUTHBEARER", "token": token_text(subject, ends_at) })
}

pub fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_opens_to_the_right_key_and_tells_the_wrong_one_why() {
    let fortress = tokio::task::block_in_place(Fortress::start);
    right_keys(&fortress).await;
    wrong_keys(&fortress).await;
    rights(&fortress).await;
}

async fn right_keys(fortress: &Fortress) {
    let carol = || token("carol", unix_now() + 600);
    let doors = [
        (
            SASL_SSL,
            fortress.trusting(),
            password("SCRAM-SHA-256", "alice", "alice-secret"),
        ),
        (
            SASL_SSL,
            fortress.trusting(),
            password("SCRAM-SHA-512", "alice", "alice-secret"),
        ),
        (
            SASL_SSL,
            fortress.trusting(),
            password("PLAIN", "bob", "bob-secret"),
        ),
        (SASL_SSL, fortress.trusting(), carol()),
        (
            SASL_PLAIN,
            Value::Null,
            password("SCRAM-SHA-512", "alice", "alice-secret"),
        ),
        (MUTUAL, fortress.as_client(&fortress.client), Value::Null),
    ];
    for (listener, tls, sasl) in doors {
        let name = format!("{listener} {}", sasl["mechanism"]);
        let observed = fortress.observed(listener, tls, sasl);
        let topology = observed
            .topology()
            .await
            .unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!(topology.nodes.len(), 1, "{name}");
        assert!(topology.nodes[0].stored_bytes.is_some(), "{name}");
        let readings = observed.readings().await.unwrap();
        assert_eq!(readings.unknown, [], "{name}");
    }
}

async fn wrong_keys(fortress: &Fortress) {
    let alice = || password("SCRAM-SHA-512", "alice", "alice-secret");
    let other_ca = json!({ "ca": fortress.other.ca() });
    let wrong = |mechanism: &str| password(mechanism, "alice", "opensesame");
    use Reason::{NotThisProtocol, WrongCertificate, WrongCredentials};
    let cases = [
        (
            "a wrong SCRAM password",
            SASL_SSL,
            fortress.trusting(),
            wrong("SCRAM-SHA-256"),
            WrongCredentials,
        ),
        (
            "a wrong PLAIN password",
            SASL_SSL,
            fortress.trusting(),
            wrong("PLAIN"),
            WrongCredentials,
        ),
        (
            "a token that has ended",
            SASL_SSL,
            fortress.trusting(),
            token("carol", unix_now() - 600),
            WrongCredentials,
        ),
        (
            "no credentials",
            SASL_PLAIN,
            Value::Null,
            Value::Null,
            WrongCredentials,
        ),
        (
            "no credentials over TLS",
            SASL_SSL,
            fortress.trusting(),
            Value::Null,
            WrongCredentials,
        ),
        (
            "credentials where none are taken",
            PLAIN,
            Value::Null,
            alice(),
            NotThisProtocol,
        ),
        (
            "another authority",
            SASL_SSL,
            other_ca,
            alice(),
            WrongCertificate,
        ),
        (
            "no client certificate",
            MUTUAL,
            fortress.trusting(),
            Value::Null,
            WrongCertificate,
        ),
        (
            "a stranger's certificate",
            MUTUAL,
            fortress.as_client(&fortress.stranger),
            Value::Null,
            WrongCertificate,
        ),
        (
            "plain words to TLS",
            SASL_SSL,
            Value::Null,
            alice(),
            NotThisProtocol,
        ),
        (
            "TLS to plain words",
            PLAIN,
            fortress.trusting(),
            Value::Null,
            NotThisProtocol,
        ),
    ];
    for (what, listener, tls, sasl, reason) in cases {
        let observed = fortress.observed(listener, tls, sasl);
        let Err(refused) = observed.topology().await else {
            panic!("{what}: it is let in")
        };
        assert_eq!(refused.reason, reason, "{what}: {refused}");
        assert!(
            refused
                .detail
                .contains(&fortress.kafka.address(0, listener)),
            "{what}: {refused}"
        );
        assert!(!refused.hint.is_empty(), "{what}");
        let shown = format!("{refused:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("opensesame"),
            "{what}: {shown}"
        );
    }
}

/// A user without rights is told each that it lacks; the printed commands, run as they are, give
/// it all of them.
async fn rights(fortress: &Fortress) {
    let bootstrap = fortress.plain();
    tokio::task::block_in_place(|| {
        tool(
            TOPICS,
            &[
                "--bootstrap-server",
                &bootstrap,
                "--create",
                "--topic",
                "orders",
                "--partitions",
                "2",
            ],
        );
        // A group with commits and no members.
        let reset = [
            "--bootstrap-server",
            &bootstrap,
            "--group",
            "billing",
            "--topic",
            "orders",
        ];
        tool(
            GROUPS,
            &[
                &reset[..],
                &["--reset-offsets", "--to-earliest", "--execute"],
            ]
            .concat(),
        );
    });
    let few = || {
        fortress.observed(
            SASL_SSL,
            fortress.trusting(),
            password("SCRAM-SHA-512", "few", "few-secret"),
        )
    };
    let shelf = Shelf {
        namespace: None,
        name: "orders".into(),
    };
    let mut given = Vec::new();
    for _ in 0..4 {
        let missing = few().missing_rights().await.unwrap();
        if missing.is_empty() {
            break;
        }
        // What may not be read says so with the very command.
        let told: Vec<&str> = missing.iter().map(|one| one.right.as_str()).collect();
        for operation in ["Describe", "Read"] {
            if told.contains(&format!("{operation} on Topic").as_str()) {
                let user = few();
                let browse = user.cluster().browse().unwrap();
                let refused = browse.price(&shelf, PATIENCE).await.unwrap_err();
                assert_eq!(refused.reason, Reason::Forbidden, "{refused}");
                let words = format!("--operation {operation} --topic 'orders'");
                assert!(refused.hint.contains(&words), "{refused}");
            }
        }
        for right in &missing {
            tokio::task::block_in_place(|| run_as_printed(&right.grant, &bootstrap));
            given.push(right.right.clone());
        }
        still_told(&few()).await;
    }
    let few_now = few();
    let browse = few_now.cluster().browse().unwrap();
    browse.price(&shelf, PATIENCE).await.unwrap();
    given.sort();
    assert_eq!(
        given,
        [
            "Describe on Cluster",
            "Describe on Group",
            "Describe on Topic",
            "DescribeConfigs on Topic",
            "Read on Topic"
        ]
    );
    let topology = few().topology().await.unwrap();
    assert!(
        topology
            .destinations
            .iter()
            .any(|topic| topic.name == "orders")
    );
    let is_forbidden = |unknown: &waybill_model::topology::Unknown| unknown.why == Why::Forbidden;
    assert!(
        !topology.unknown.iter().any(is_forbidden),
        "{:?}",
        topology.unknown
    );
    assert!(
        !topology
            .destinations
            .iter()
            .flat_map(|t| &t.unknown)
            .any(is_forbidden)
    );
    let readings = few().readings().await.unwrap();
    assert!(
        readings
            .commits
            .iter()
            .any(|commit| commit.group == "billing")
    );
    assert_eq!(readings.unknown, []);
}

/// Whatever rights are missing, the rest is told and the gap has the right's name.
async fn still_told(observed: &Observed) {
    let topology = observed.topology().await.unwrap();
    assert_eq!(topology.nodes.len(), 1);
    let gaps = topology
        .unknown
        .iter()
        .chain(topology.destinations.iter().flat_map(|t| &t.unknown));
    for gap in gaps.filter(|gap| gap.why == Why::Forbidden) {
        assert!(
            gap.detail
                .as_deref()
                .is_some_and(|right| right.contains(" on ")),
            "{gap:?}"
        );
    }
}

/// Through a shell, with Kafka's own class in place of its script, as somebody who may grant.
pub fn run_as_printed(grant: &str, bootstrap: &str) {
    run_acls("--add", grant, bootstrap);
}

/// The same with another verb in place of `--add`.
pub fn run_acls(verb: &str, grant: &str, bootstrap: &str) {
    let java = java("org.apache.kafka.tools.AclCommand");
    let words: Vec<String> = std::iter::once(java.get_program())
        .chain(java.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let arguments = grant.strip_prefix("kafka-acls.sh ").unwrap();
    let (_, rest) = arguments.split_once(" --add ").unwrap();
    let script = format!(
        "{} --bootstrap-server {bootstrap} {verb} {rest}",
        words.join(" ")
    );
    let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert!(output.status.success(), "{grant}: {output:?}");
}
