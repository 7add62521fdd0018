//! What clients do in ways of their own, where a rule of the rebuild could be led astray. What they
//! write was read in their code, or recorded (`tests/it/recordings`).

use waybill_model::span::{Event, Scope};

use super::*;
use crate::journey::fixture::attributes as pairs;

fn rabbit(service: &str, destination: &str, trace: u64, id: u64) -> Span {
    process(service, "rabbitmq", destination, trace, id)
}

fn publish(service: &str, exchange: &str, key: &str, trace: u64, id: u64) -> Span {
    send(service, "rabbitmq", exchange, trace, id)
        .with("messaging.rabbitmq.destination.routing_key", key)
}

fn client(mut span: Span) -> Span {
    span.kind = SpanKind::Client;
    span
}

fn by(mut span: Span, scope: &str) -> Span {
    span.scope = Arc::new(Scope {
        name: scope.into(),
        ..Scope::default()
    });
    span
}

#[test]
fn what_received_one_message_and_names_nothing_is_a_message() {
    // pika and kafka-python under a producer without spans.
    let lone = |id| receive(rabbit("billing", "orders", id, id)).at(5, 9);
    let told = of(vec![lone(1), lone(2)]);
    assert_eq!(told.journeys.len(), 2);
    for journey in &told.journeys {
        assert!(has_gap(journey, GapKind::DarkProducer));
        let [delivery] = journey.deliveries.as_slice() else {
            panic!("{journey:#?}")
        };
        // Nothing joins it to anything.
        assert_eq!(delivery.attempts.len(), 1);
        assert_eq!(delivery.attempts[0].joined_by, None);
    }
    // Micrometer's listener, which says no system either.
    let mut listener = span("billing", 1, 1).with("messaging.rabbitmq.message.delivery_tag", "7");
    listener.kind = SpanKind::Consumer;
    listener.name = "billing receive".into();
    let journey = one(vec![listener]);
    assert_eq!(journey.message.destination.as_deref(), Some("billing"));
    assert_eq!(journey.deliveries[0].group.as_deref(), Some("billing"));
}

#[test]
fn a_poll_is_no_message() {
    let polls = [
        receive(billing(1, 1)).with("messaging.batch.message_count", "3"),
        client(receive(billing(1, 1))),
        receive(billing(1, 1)).linked(8, 8).linked(9, 9),
        by(
            receive(rabbit("billing", "amq.default", 1, 1))
                .with("messaging.operation.name", "fetch (empty)"),
            "RabbitMQ.Client.Subscriber",
        ),
    ];
    for (n, mut poll) in polls.into_iter().enumerate() {
        for attribute in &mut poll.attributes {
            if attribute.key == "messaging.batch.message_count" {
                attribute.value = waybill_model::span::Value::Int(3);
            }
        }
        let links = poll.links.len();
        // Whatever was at work when it asked, at hand or not.
        let under = poll.clone().under(77);
        let timer = vec![span("billing", 1, 77), under.clone()];
        for spans in [vec![poll], vec![under], timer] {
            assert_eq!(of(spans).journeys.len(), links, "{n}");
        }
    }
}

#[test]
fn two_consumer_spans_of_one_lone_message_are_one_attempt() {
    // The inner says what the outer does not, and the other way round.
    for (outer, inner) in [
        (
            receive(billing(1, 1)),
            at_place(billing(1, 2).under(1), "0", "7"),
        ),
        (
            at_place(receive(billing(1, 1)), "0", "7"),
            billing(1, 2).under(1),
        ),
        (
            at_place(receive(billing(1, 1)), "0", "7"),
            receive(billing(1, 2)).under(1),
        ),
        (receive(billing(1, 1)), receive(billing(1, 2)).under(1)),
    ] {
        let journey = one(vec![outer.at(0, 9), inner.at(1, 8)]);
        assert_eq!(journey.deliveries.len(), 1);
        assert_eq!(journey.deliveries[0].attempts.len(), 1);
    }
}

#[test]
fn the_span_about_one_message_is_its_attempt_not_the_poll_of_many() {
    // aiokafka's getmany: a span a topic links to a span a record.
    let journey = one(vec![
        at_place(orders(1, 1), "0", "7").at(0, 1),
        receive(billing(9, 2)).linked(1, 3).at(593, 600),
        at_place(receive(billing(1, 3)).under(1), "0", "7").at(595, 596),
    ]);
    assert_eq!(attempts(&journey), [(3, Witness::Parent, Outcome::Ok)]);
    assert_eq!(phase(&journey, PhaseKind::Queue), Some(592.0));
    assert_eq!(phase(&journey, PhaseKind::Receive), Some(2.0));
}

#[test]
fn read_at_a_retry_destination_says_that_the_try_before_failed() {
    let grouped = |span: Span, group: &str| span.with("messaging.consumer.group.name", group);
    let retried = |id| process("retrier", "kafka", "orders-retry", 1, id).under(1);
    let begun = || {
        vec![
            orders(1, 1).at(0, 1),
            grouped(billing(1, 2).under(1).at(5, 9), "billing"),
        ]
    };
    let mut alone = begun();
    alone.push(grouped(retried(3).at(20, 25), "billing-retry"));
    let journey = one(alone);
    let outcomes: Vec<_> = attempts(&journey).iter().map(|a| a.2).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Ok]);
    assert_eq!(
        journey.diagnosis_rule.as_deref(),
        Some("delivered_after_retry")
    );
    // With two groups it may be the other one that failed.
    let mut two = begun();
    two.push(grouped(
        process("stock", "kafka", "orders", 1, 4).under(1).at(6, 7),
        "stock",
    ));
    two.push(grouped(retried(3).at(20, 25), "billing"));
    let journey = one(two);
    let outcomes: Vec<_> = attempts(&journey).iter().map(|a| (a.0, a.2)).collect();
    assert_eq!(
        outcomes,
        [(2, Outcome::Unknown), (3, Outcome::Ok), (4, Outcome::Ok)]
    );
}

#[test]
fn what_was_put_off_was_not_tried() {
    let put_off = |id: u64, at: i64| {
        let mut span = at_place(billing(1, id).under(1), "0", "7").at(at, at + 1);
        span.status.code = StatusCode::Error;
        span.events.push(Event {
            at: span.ended_at,
            name: "exception".into(),
            attributes: pairs(&[(
                "exception.type",
                "org.springframework.kafka.listener.KafkaBackoffException",
            )]),
            dropped_attributes: 0,
        });
        span
    };
    let put = || orders(1, 1).at(0, 1);
    let again = at_place(billing(1, 3).under(1), "0", "7").at(500, 510);
    let journey = one(vec![put(), put_off(2, 5), again]);
    assert_eq!(attempts(&journey), [(3, Witness::Parent, Outcome::Ok)]);
    assert_eq!(journey.state, JourneyState::Delivered);
    // Not yet taken again: nothing failed so far.
    let journey = one(vec![put(), put_off(2, 5)]);
    assert_eq!(attempts(&journey), [(2, Witness::Parent, Outcome::Unknown)]);
    assert_eq!(journey.state, JourneyState::Unknown);
}

#[test]
fn a_routing_key_is_no_destination() {
    let listener = |id: u64, key: &str| {
        by(
            rabbit("billing", key, 1, id).at(5, 9),
            "io.opentelemetry.spring-rabbit-1.0",
        )
    };
    let put = |exchange, key| publish("shop", exchange, key, 1, 1).at(0, 1);
    let hops = |spans| -> Vec<(HopRole, Option<String>)> {
        let journey: Journey = one(spans);
        let hops = journey.hops.into_iter();
        hops.map(|h| (h.role, h.destination)).collect()
    };
    let at = |role, name: &str| (role, Some(name.to_owned()));
    let key = "order.retry";
    assert_eq!(
        hops(vec![put("orders", key), listener(2, key).under(1)]),
        [at(HopRole::Origin, "orders")]
    );
    // Its broker laid it aside under another key.
    assert_eq!(
        hops(vec![
            put("orders", "order.created"),
            listener(2, "order.dlq").under(1)
        ]),
        [
            at(HopRole::Origin, "orders"),
            at(HopRole::DeadLetter, "order.dlq")
        ]
    );
    // Without its producer the key is all that is known, and said so.
    let dark = one(vec![listener(2, "order.created").under(1)]);
    let gap = dark.gaps.iter().find(|g| g.kind == GapKind::DarkProducer);
    assert!(
        gap.unwrap()
            .detail
            .contains("order.created is what it was routed by")
    );
}

#[test]
fn the_dotnet_client_links_and_is_a_child_too() {
    let deliver = by(
        process("billing", "rabbitmq", "orders", 1, 2)
            .with("messaging.rabbitmq.destination.routing_key", "order.retry")
            .with("messaging.operation.name", "deliver")
            .under(1)
            .linked(1, 1)
            .at(5, 9),
        "RabbitMQ.Client.Subscriber",
    );
    let journey = one(vec![
        publish("shop", "orders", "order.retry", 1, 1).at(0, 1),
        deliver,
    ]);
    assert_eq!(attempts(&journey), [(2, Witness::Link, Outcome::Ok)]);
    assert_eq!(journey.hops.len(), 1);
}

#[test]
fn two_listeners_of_one_service_are_two_deliveries() {
    // One observed by Micrometer, which calls its work a receive, one by the Java agent.
    let grouped = |span: Span, group: &str| span.with("messaging.consumer.group.name", group);
    let journey = one(vec![
        orders(1, 1).at(0, 1),
        grouped(
            at_place(receive(billing(1, 2)).under(1), "0", "7").at(5, 6),
            "billing",
        ),
        grouped(
            at_place(billing(1, 3).under(1), "0", "7").at(7, 9),
            "invoices",
        ),
    ]);
    assert_eq!(journey.deliveries.len(), 2);
}

#[test]
fn what_a_service_sends_after_a_publish_it_made_is_not_caused_by_that() {
    // A callback of a publish runs in its context.
    let sent = |service| {
        of(vec![
            orders(1, 1).at(0, 5),
            send(service, "kafka", "mails", 1, 2).under(1).at(8, 9),
        ])
    };
    let told = sent("shop");
    assert!(told.journeys.iter().all(|j| j.caused_by.is_none()));
    // Another service can have that context from the message only.
    let told = sent("billing");
    assert_eq!(
        told.journeys[1].caused_by.as_ref(),
        Some(&told.journeys[0].id)
    );
}

#[test]
fn confluent_batches_and_singles() {
    // `recv` is no messaging span; a batch's `process` links to every producer.
    let told = of(vec![
        orders(1, 1).at(0, 1),
        orders(2, 2).at(0, 1),
        span("billing", 9, 3).at(4, 5),
        billing(9, 4).under(3).linked(1, 1).linked(2, 2).at(5, 9),
        send("billing", "kafka", "shipments", 9, 5)
            .under(4)
            .at(6, 7),
        span("shipping", 10, 6).at(20, 21),
        process("shipping", "kafka", "shipments", 10, 7)
            .under(6)
            .linked(9, 5)
            .with("messaging.message.id", "shipments.0.3")
            .with("messaging.kafka.partition", "0")
            .at(21, 25),
    ]);
    let [first, second, shipment] = told.journeys.as_slice() else {
        panic!("{:#?}", told.journeys)
    };
    assert_eq!(attempts(first), attempts(second));
    assert_eq!(shipment.caused_by, None);
    assert_eq!(shipment.message.offset, Some(3));
}
