//! Real recordings of real clients beside what really happened: every journey is what the
//! programs' own log tells, and no other journey comes out.

mod compare;
mod details;
mod expected;
mod properties;
pub mod read;
mod story;
mod truth;

use compare::Checked;

/// All whose truth has a log.
pub const CLIENTS: &[&str] = &[
    "go-franz-go",
    "go-sarama",
    "java-amqp-client",
    "java-kafka-clients",
    "java-spring-kafka",
    "java-spring-rabbit",
    "node-amqplib",
    "node-kafkajs",
    "python-aio-pika",
    "python-aiokafka",
    "python-confluent-kafka",
    "python-kafka-python",
    "python-pika",
];

fn check(client: &str) -> Vec<Checked> {
    let scenarios = read::scenarios(client);
    assert!(!scenarios.is_empty(), "no recordings of {client}");
    scenarios
        .iter()
        .map(|s| compare::check(client, s))
        .collect()
}

fn holds(client: &str) {
    assert!(CLIENTS.contains(&client));
    expected::states(client, &check(client));
}

#[test]
fn go_franz_go() {
    holds("go-franz-go");
}

#[test]
fn go_sarama() {
    holds("go-sarama");
}

#[test]
fn java_amqp_client() {
    holds("java-amqp-client");
}

#[test]
fn java_kafka_clients() {
    holds("java-kafka-clients");
}

#[test]
fn java_spring_kafka() {
    holds("java-spring-kafka");
}

#[test]
fn java_spring_rabbit() {
    holds("java-spring-rabbit");
}

#[test]
fn node_amqplib() {
    holds("node-amqplib");
}

#[test]
fn node_kafkajs() {
    holds("node-kafkajs");
}

#[test]
fn python_aio_pika() {
    holds("python-aio-pika");
}

#[test]
fn python_aiokafka() {
    holds("python-aiokafka");
}

#[test]
fn python_confluent_kafka() {
    holds("python-confluent-kafka");
}

#[test]
fn python_kafka_python() {
    holds("python-kafka-python");
}

#[test]
fn python_pika() {
    holds("python-pika");
}
