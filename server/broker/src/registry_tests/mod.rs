//! Spans as clients wrote them, and what they say.

mod kafka;
mod rabbitmq;

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

#[test]
fn addresses_in_all_their_spellings() {
    let hint = |pairs: &[&str]| {
        let all: Vec<&str> = ["messaging.system=kafka"]
            .iter()
            .chain(pairs)
            .copied()
            .collect();
        read(&span("", SpanKind::Producer, "orders send", &all)).cluster_hint
    };
    for (pairs, expected) in [
        (
            &["server.address=kafka-1", "server.port=9092"][..],
            Some("kafka-1:9092"),
        ),
        // aiokafka writes JSON: one text, or a list of them.
        (&["server.address=\"kafka-1:9092\""], Some("kafka-1:9092")),
        (
            &["server.address=[\"kafka-1:9092\", \"kafka-2:9092\"]"],
            Some("kafka-1:9092"),
        ),
        (
            &["server.address=kafka-1:9092,kafka-2:9092"],
            Some("kafka-1:9092"),
        ),
        (&["server.address=[::1]:9092"], Some("[::1]:9092")),
        // kafka-python names its brokers in a URL's place only.
        (
            &["messaging.url=[\"127.0.0.1:9092\", \"kafka-2:9092\"]"],
            Some("127.0.0.1:9092"),
        ),
        (
            &["messaging.url=amqp://guest:p@ss:word@rabbit-1:5672/%2f"],
            Some("rabbit-1:5672"),
        ),
        (
            &[
                "messaging.url=amqp://u:p@rabbit-1:5672",
                "server.address=rabbit-2",
            ],
            Some("rabbit-2"),
        ),
        (&["server.address=", "messaging.url=[]"], None),
        (&["messaging.url=amqp://u:p@"], None),
        (
            &["messaging.url=amqp://u:a,b/c@rabbit-1:5672/%2f"],
            Some("rabbit-1:5672"),
        ),
    ] {
        assert_eq!(hint(pairs).as_deref(), expected, "{pairs:?}");
    }
}
