use std::sync::Arc;

use waybill_model::messaging::Operation;
use waybill_model::span::{Attribute, Link, Scope, SpanKind, Status, StatusCode, Value};
use waybill_model::time::Timestamp;

use super::*;

fn value(text: &str) -> Value {
    match text.parse() {
        Ok(number) => Value::Int(number),
        Err(_) => Value::String(text.trim_matches('\'').to_owned()),
    }
}

/// `key=value` pairs; numbers are ints unless quoted with `'`.
fn attributes(text: &[&str]) -> Vec<Attribute> {
    text.iter()
        .map(|pair| {
            let (key, v) = pair.split_once('=').unwrap();
            Attribute {
                key: key.to_owned(),
                value: value(v),
            }
        })
        .collect()
}

fn span(scope: &str, kind: SpanKind, name: &str, attributes_: &[&str]) -> Span {
    Span {
        trace_id: "7663dd77e5ad279039b09d545a5b470c".parse().unwrap(),
        span_id: "9636936f5bb0b33d".parse().unwrap(),
        parent_id: None,
        name: name.into(),
        kind,
        started_at: Timestamp::EPOCH,
        ended_at: Timestamp::EPOCH,
        status: Status::default(),
        attributes: attributes(attributes_),
        events: vec![],
        links: vec![],
        trace_state: String::new(),
        flags: 0,
        dropped: Default::default(),
        resource: Default::default(),
        scope: Arc::new(Scope {
            name: scope.into(),
            ..Scope::default()
        }),
    }
}

fn read(span: &Span) -> Facts {
    Dialects::builtin().facts(span).expect("a messaging span")
}

/// system, operation, destination, partition, offset, group, message id, key
#[expect(clippy::type_complexity, reason = "a table row")]
fn row(
    f: &Facts,
) -> (
    &str,
    Operation,
    Option<&str>,
    Option<&str>,
    Option<i64>,
    Option<&str>,
    Option<&str>,
    Option<&str>,
) {
    (
        &f.system,
        f.operation,
        f.destination.as_deref(),
        f.partition.as_deref(),
        f.offset,
        f.group.as_deref(),
        f.message_id.as_deref(),
        f.key.as_deref(),
    )
}

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
fn rabbitmq_clients_as_recorded() {
    use Operation::{Other, Process, Receive, Send, Settle};
    use SpanKind::{Client, Consumer, Producer};
    let rabbit = "messaging.system=rabbitmq";
    let plain = |f: &Facts| (f.operation, f.destination.clone(), f.group.clone());
    let told = |operation, destination: &str, group: Option<&str>| {
        (
            operation,
            Some(destination.to_owned()),
            group.map(str::to_owned),
        )
    };
    let java = "io.opentelemetry.rabbitmq-2.7";
    let node = "@opentelemetry/instrumentation-amqplib";
    for (scope, kind, name, attributes, expected) in [
        (
            java,
            Consumer,
            "billing process",
            vec![
                rabbit,
                "messaging.operation=process",
                "messaging.destination.name=orders",
                "messaging.rabbitmq.destination.routing_key=order.created",
            ],
            told(Process, "orders", Some("billing")),
        ),
        (
            java,
            Consumer,
            "<generated> process",
            vec![
                rabbit,
                "messaging.operation=process",
                "messaging.destination.name=orders",
            ],
            told(Process, "orders", None),
        ),
        (
            java,
            Producer,
            "<default> publish",
            vec![
                rabbit,
                "messaging.operation=publish",
                "messaging.destination.name=<default>",
                "messaging.rabbitmq.destination.routing_key=billing",
            ],
            told(Send, "billing", None),
        ),
        (
            java,
            Consumer,
            "process",
            vec![
                rabbit,
                "messaging.operation.type=process",
                "messaging.destination.name=orders:order.created:billing",
                "messaging.rabbitmq.destination.routing_key=order.created",
            ],
            told(Process, "orders", Some("billing")),
        ),
        (
            java,
            Producer,
            "send",
            vec![
                rabbit,
                "messaging.operation.type=send",
                "messaging.destination.name=orders:order.created",
                "messaging.rabbitmq.destination.routing_key=order.created",
            ],
            told(Send, "orders", None),
        ),
        (
            node,
            Consumer,
            "billing process",
            vec![
                rabbit,
                "messaging.operation=process",
                "messaging.destination=",
                "messaging.rabbitmq.routing_key=billing",
            ],
            told(Process, "billing", Some("billing")),
        ),
        (
            "opentelemetry.instrumentation.pika.pika_instrumentor",
            Producer,
            "orders send",
            vec![
                rabbit,
                "messaging.temp_destination=true",
                "messaging.destination=orders",
                "messaging.message.id=o-1",
            ],
            told(Send, "orders", None),
        ),
        (
            "opentelemetry.instrumentation.aio_pika",
            Producer,
            "orders,order.created send",
            vec![rabbit, "messaging.destination=orders,order.created"],
            told(Send, "orders", None),
        ),
        (
            "RabbitMQ.Client",
            Consumer,
            "deliver order.created",
            vec![
                rabbit,
                "messaging.operation.name=deliver",
                "messaging.destination.name=amq.default",
                "messaging.rabbitmq.destination.routing_key=billing",
            ],
            told(Process, "billing", None),
        ),
        (
            "org.springframework.boot",
            Consumer,
            "billing receive",
            vec![
                "messaging.operation=receive",
                "messaging.rabbitmq.message.delivery_tag=1",
            ],
            told(Receive, "billing", Some("billing")),
        ),
    ] {
        let facts = read(&span(scope, kind, name, &attributes));
        assert_eq!(plain(&facts), expected, "{scope} {name}");
        assert_eq!((facts.partition, facts.offset), (None, None));
    }
    let aio = "opentelemetry.instrumentation.aio_pika";
    let default = span(
        aio,
        Producer,
        ",billing send",
        &[rabbit, "messaging.destination=,billing"],
    );
    assert_eq!(plain(&read(&default)), told(Send, "billing", None));
    // Refusing tells of a failure that the consumer's own span often hides.
    for (name, refuses) in [
        ("basic.ack", false),
        ("basic.nack", true),
        ("basic.reject", true),
    ] {
        assert_eq!(
            read(&span(java, Client, name, &[rabbit])).failed,
            refuses,
            "{name}"
        );
    }
    for (name, operation) in [
        ("basic.ack", Settle),
        ("basic.nack", Settle),
        ("basic.qos", Other),
        ("confirm.select", Other),
        ("Channel.waitForConfirmsOrDie", Other),
    ] {
        assert_eq!(
            read(&span(java, Client, name, &[rabbit])).operation,
            operation,
            "{name}"
        );
    }
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

#[test]
fn positions_of_rocketmq_are_not_believed() {
    let f = read(&span(
        "io.opentelemetry.rocketmq-client-4.8",
        SpanKind::Consumer,
        "orders process",
        &[
            "messaging.system=rocketmq",
            "messaging.operation=process",
            "messaging.destination.name=orders",
            "messaging.rocketmq.queue_id=1",
            "messaging.rocketmq.queue_offset=8",
            "messaging.message.id=FD01",
        ],
    ));
    assert_eq!((f.offset, f.message_id.as_deref()), (None, Some("FD01")));
    let d = Dialects::builtin();
    assert_eq!(
        d.destination_role("rocketmq", "RMQ_SYS_TRACE_TOPIC"),
        DestinationRole::Internal
    );
    assert_eq!(
        d.destination_role("rocketmq", "%DLQ%billing.eu"),
        DestinationRole::DeadLetter
    );
}

#[test]
fn spans_that_are_not_messaging_are_left_alone() {
    let dialects = Dialects::builtin();
    for kind in [
        SpanKind::Server,
        SpanKind::Internal,
        SpanKind::Consumer,
        SpanKind::Producer,
    ] {
        assert_eq!(
            dialects.facts(&span("shop", kind, "POST /orders", &["http.method=POST"])),
            None
        );
    }
}

/// A fourth broker needs a dialect and a registration, and no other code.
#[test]
fn a_made_up_broker_is_one_dialect() {
    struct Pigeons;
    impl Dialect for Pigeons {
        fn speaks(&self, system: &str) -> bool {
            system == "pigeons"
        }
        fn claims(&self, span: &Span) -> bool {
            span.scope.name == "loft"
        }
        fn facts(&self, span: &Span, said: &Said<'_>) -> Option<Facts> {
            let mut facts = said.facts("pigeons", span);
            facts.destination = span.text("pigeon.roof").map(str::to_owned);
            Some(facts)
        }
        fn destination_role(&self, _: &str) -> DestinationRole {
            DestinationRole::Retry
        }
        fn habits(&self) -> Habits {
            Habits {
                one_name: true,
                positions: false,
            }
        }
    }
    let dialects = Dialects::with([Arc::new(Pigeons) as Arc<dyn Dialect>]);
    let facts = dialects
        .facts(&span(
            "loft",
            SpanKind::Producer,
            "fly",
            &["pigeon.roof=north"],
        ))
        .unwrap();
    assert_eq!(
        (facts.system.as_str(), facts.destination.as_deref()),
        ("pigeons", Some("north"))
    );
    assert_eq!(
        dialects.destination_role("pigeons", "x"),
        DestinationRole::Retry
    );
    // An unregistered one is read by the convention's names.
    let facts = dialects
        .facts(&span(
            "x",
            SpanKind::Producer,
            "send",
            &["messaging.system=owls", "messaging.destination.name=west"],
        ))
        .unwrap();
    assert_eq!(
        (facts.system.as_str(), facts.destination.as_deref()),
        ("owls", Some("west"))
    );
}
