//! Doors of a real Kafka with every kind of listener, and one that leads astray.

use waybill_tests::kafka::{Kafka, Wanted, tool};

use super::{Door, door};
use crate::live::kafka_fortress::{Fortress, MUTUAL, PLAIN, SASL_PLAIN, SASL_SSL};
use crate::live::kafka_lab::TOPICS;
use crate::live::kafka_security::{token_text, unix_now};

pub(super) fn of_kafka(fortress: &Fortress, token: &str) -> Vec<Door> {
    let at = |listener: usize| format!("bootstrap = [{:?}]", fortress.kafka.address(0, listener));
    let trusting = format!("tls = {{ ca = {:?} }}", fortress.authority.ca());
    let sasl = |mechanism: &str, user: &str, password: &str| {
        format!("sasl = {{ mechanism = {mechanism:?}, user = {user:?}, password = {password:?} }}")
    };
    let identity = |cert: &waybill_tests::certificates::Identity| {
        format!(
            "tls = {{ ca = {:?}, cert = {:?}, key = {:?} }}",
            fortress.authority.ca(),
            cert.cert,
            cert.key
        )
    };
    let alice = sasl("SCRAM-SHA-512", "alice", "alice-secret");
    let lines = |parts: &[&str]| parts.join("\n");
    let over_tls = |sasl: &str| lines(&[&at(SASL_SSL), &trusting, sasl]);
    let ended = format!(
        "sasl = {{ mechanism = \"OAUTHBEARER\", token = {:?} }}",
        token_text("carol", unix_now() - 600)
    );
    let other = format!("tls = {{ ca = {:?} }}", fortress.other.ca());
    let credentials = Some("wrong_credentials");
    let certificate = Some("wrong_certificate");
    let protocol = Some("another_protocol");
    vec![
        door(
            "scram-256",
            "kafka",
            over_tls(&sasl("SCRAM-SHA-256", "alice", "alice-secret")),
            None,
        ),
        door("scram-512", "kafka", over_tls(&alice), None),
        door(
            "plain",
            "kafka",
            over_tls(&sasl("PLAIN", "bob", "bob-secret")),
            None,
        ),
        door(
            "bearer",
            "kafka",
            over_tls(&format!(
                "sasl = {{ mechanism = \"OAUTHBEARER\", token_file = {token:?} }}"
            )),
            None,
        ),
        door(
            "scram-without-tls",
            "kafka",
            lines(&[&at(SASL_PLAIN), &alice]),
            None,
        ),
        door(
            "mutual",
            "kafka",
            lines(&[&at(MUTUAL), &identity(&fortress.client)]),
            None,
        ),
        door(
            "wrong-scram",
            "kafka",
            over_tls(&sasl("SCRAM-SHA-256", "alice", "opensesame")),
            credentials,
        ),
        door(
            "wrong-plain",
            "kafka",
            over_tls(&sasl("PLAIN", "bob", "opensesame")),
            credentials,
        ),
        door("ended-token", "kafka", over_tls(&ended), credentials),
        door("no-credentials", "kafka", at(SASL_PLAIN), credentials),
        door(
            "other-authority",
            "kafka",
            lines(&[&at(SASL_SSL), &other, &alice]),
            certificate,
        ),
        door(
            "no-certificate",
            "kafka",
            lines(&[&at(MUTUAL), &trusting]),
            certificate,
        ),
        door(
            "a-strangers",
            "kafka",
            lines(&[&at(MUTUAL), &identity(&fortress.stranger)]),
            certificate,
        ),
        door(
            "plain-to-tls",
            "kafka",
            lines(&[&at(SASL_SSL), &alice]),
            protocol,
        ),
        door(
            "tls-to-plain",
            "kafka",
            lines(&[&at(PLAIN), &trusting]),
            protocol,
        ),
    ]
}

/// A node that tells its clients to come to where nobody is.
pub(super) fn astray() -> Kafka {
    let nowhere = waybill_tests::child::free_port();
    let ports = Kafka::ports(1, 2);
    let wanted = Wanted {
        nodes: 1,
        listeners: vec![("ASTRAY", "PLAINTEXT")],
        advertised: vec![nowhere],
        ..Wanted::default()
    };
    let kafka = Kafka::start(tempfile::tempdir().unwrap(), &wanted, &ports);
    let bootstrap = kafka.address(0, 0);
    let create = ["--create", "--topic", "orders", "--partitions", "1"];
    tool(
        TOPICS,
        &[&["--bootstrap-server", &bootstrap][..], &create[..]].concat(),
    );
    kafka
}
