//! Real recordings of real clients beside what really happened: every journey is what the
//! programs' own log tells, and no other journey comes out.

mod compare;
mod expected;
mod properties;
pub mod read;
mod truth;

use compare::Checked;

fn check(client: &str) -> Vec<Checked> {
    let scenarios = read::scenarios(client);
    assert!(!scenarios.is_empty(), "no recordings of {client}");
    scenarios
        .iter()
        .map(|s| compare::check(client, s))
        .collect()
}

#[test]
fn node_kafkajs() {
    expected::states("node-kafkajs", &check("node-kafkajs"));
}

#[test]
fn java_kafka_clients() {
    expected::states("java-kafka-clients", &check("java-kafka-clients"));
}

#[test]
fn python_pika() {
    expected::states("python-pika", &check("python-pika"));
}
