//! What Kafka clients write.

use super::*;

#[test]
fn kafka_clients_as_recorded() {
    use Operation::{Process, Receive, Send};
    use SpanKind::{Client, Consumer, Producer};
    let kafka = "messaging.system=kafka";
    // Java agent, default.
    let s = span(
        "io.opentelemetry.kafka-clients-0.11",
        Consumer,
        "orders process",
        &[
            kafka,
            "messaging.operation=process",
            "messaging.destination.name=orders",
            "messaging.destination.partition.id='1'",
            "messaging.kafka.message.offset=7",
            "messaging.kafka.consumer.group=billing",
            "messaging.kafka.message.key=customer-1",
            "messaging.message.body.size=31",
        ],
    );
    let f = read(&s);
    assert_eq!(
        row(&f),
        (
            "kafka",
            Process,
            Some("orders"),
            Some("1"),
            Some(7),
            Some("billing"),
            None,
            Some("customer-1")
        )
    );
    assert_eq!(f.body_bytes, Some(31));
    // kafkajs: the offset is text.
    let s = span(
        "@opentelemetry/instrumentation-kafkajs",
        Client,
        "poll orders",
        &[
            kafka,
            "messaging.operation.type=receive",
            "messaging.operation.name=poll",
            "messaging.destination.name=orders",
            "messaging.destination.partition.id='0'",
            "messaging.batch.message_count=3",
            "messaging.kafka.offset='5'",
            "messaging.kafka.cluster.id=AAAA",
        ],
    );
    let f = read(&s);
    assert_eq!(
        row(&f),
        (
            "kafka",
            Receive,
            Some("orders"),
            Some("0"),
            Some(5),
            None,
            None,
            None
        )
    );
    assert_eq!(
        (f.batch_count, f.cluster_id.as_deref()),
        (Some(3), Some("AAAA"))
    );
    // kotel.
    let s = span(
        "kotel",
        Consumer,
        "orders receive",
        &[
            kafka,
            "messaging.operation=receive",
            "messaging.source.name=orders",
            "messaging.kafka.source.partition=2",
            "messaging.kafka.message.offset=9",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Receive,
            Some("orders"),
            Some("2"),
            Some(9),
            None,
            None,
            None
        )
    );
    // confluent-kafka: the id is the position.
    let s = span(
        "opentelemetry.instrumentation.confluent_kafka",
        Consumer,
        "orders process",
        &[
            kafka,
            "messaging.operation=process",
            "messaging.destination=orders.eu",
            "messaging.kafka.partition=3",
            "messaging.message.id=orders.eu.3.42",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Process,
            Some("orders.eu"),
            Some("3"),
            Some(42),
            None,
            None,
            None
        )
    );
    // kafka-python: no operation, addresses as a JSON list.
    let s = span(
        "opentelemetry.instrumentation.kafka",
        Consumer,
        "orders receive",
        &[
            kafka,
            "messaging.destination=orders",
            "messaging.kafka.partition=1",
            "messaging.url=[\"127.0.0.1:9092\"]",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Receive,
            Some("orders"),
            Some("1"),
            None,
            None,
            None,
            None
        )
    );
    let s = span(
        "opentelemetry.instrumentation.kafka",
        Producer,
        "orders send",
        &[kafka, "messaging.destination=orders"],
    );
    assert_eq!(read(&s).operation, Send);
    // otelsarama: the id is the offset.
    let s = span(
        "go.opentelemetry.io/contrib/otelsarama",
        Consumer,
        "kafka.consume",
        &[
            kafka,
            "messaging.operation=receive",
            "messaging.source.name=orders",
            "messaging.kafka.source.partition=4",
            "messaging.message.id='17'",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Receive,
            Some("orders"),
            Some("4"),
            Some(17),
            None,
            None,
            None
        )
    );
    // An application's own id beside a position stays an id, digits or not.
    let s = span(
        "shop",
        Consumer,
        "process orders",
        &[
            kafka,
            "messaging.operation.type=process",
            "messaging.destination.name=orders",
            "messaging.destination.partition.id=0",
            "messaging.kafka.offset=1",
            "messaging.message.id='1001'",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Process,
            Some("orders"),
            Some("0"),
            Some(1),
            None,
            Some("1001"),
            None
        )
    );
    // konsumer: no system at all; its producer writes 0 for every id.
    let scope = "github.com/Trendyol/otel-kafka-konsumer";
    let s = span(
        scope,
        Consumer,
        "fetched from orders",
        &["messaging.kafka.partition=1", "messaging.message_id=12"],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Process,
            Some("orders"),
            Some("1"),
            Some(12),
            None,
            None,
            None
        )
    );
    let s = span(
        scope,
        Producer,
        "orders send",
        &[
            "messaging.destination=orders",
            "messaging.kafka.partition=1",
            "messaging.message_id=0",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Send,
            Some("orders"),
            Some("1"),
            None,
            None,
            None,
            None
        )
    );
    // Micrometer: "group - client".
    let s = span(
        "org.springframework.boot",
        Consumer,
        "orders process",
        &[
            kafka,
            "messaging.operation=process",
            "messaging.source.name=orders",
            "messaging.source.kind=topic",
            "messaging.kafka.source.partition='1'",
            "messaging.kafka.message.offset='3'",
            "messaging.consumer.id=billing - consumer-1",
        ],
    );
    assert_eq!(
        row(&read(&s)),
        (
            "kafka",
            Process,
            Some("orders"),
            Some("1"),
            Some(3),
            Some("billing"),
            None,
            None
        )
    );
}

#[test]
fn links_inherit_what_they_leave_out_and_failure_is_read() {
    let mut s = span(
        "io.opentelemetry.kafka-clients-2.6",
        SpanKind::Client,
        "poll orders",
        &[
            "messaging.system=kafka",
            "messaging.operation.type=receive",
            "messaging.destination.name=orders",
            "messaging.destination.partition.id='1'",
        ],
    );
    s.status.code = StatusCode::Error;
    s.links.push(Link {
        trace_id: s.trace_id,
        span_id: s.span_id,
        trace_state: String::new(),
        attributes: attributes(&["messaging.kafka.offset=4", "messaging.kafka.message.key=k"]),
        dropped_attributes: 0,
        flags: 0,
    });
    let facts = read(&s);
    assert!(facts.failed);
    let link = &facts.links[0];
    assert_eq!(
        (
            link.destination.as_deref(),
            link.partition.as_deref(),
            link.offset,
            link.key.as_deref()
        ),
        (Some("orders"), Some("1"), Some(4), Some("k"))
    );
}

#[test]
fn a_captured_header_names_the_message_where_nothing_else_does() {
    let mut s = span(
        "io.opentelemetry.kafka-clients-2.6",
        SpanKind::Consumer,
        "process orders",
        &[
            "messaging.system=kafka",
            "messaging.operation.type=process",
            "messaging.destination.name=orders",
            "messaging.destination.partition.id='1'",
        ],
    );
    let header = |ids: &[&str]| Attribute {
        key: "messaging.header.message_id".into(),
        value: Value::Array(ids.iter().map(|id| Value::String((*id).into())).collect()),
    };
    s.attributes.push(header(&["1001"]));
    assert_eq!(
        (read(&s).message_id.as_deref(), read(&s).offset),
        (Some("1001"), None)
    );
    s.attributes.pop();
    s.attributes.push(header(&["o-1", "o-2"]));
    assert_eq!(read(&s).message_id, None);
}
