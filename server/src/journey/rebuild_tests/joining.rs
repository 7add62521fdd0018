//! Which spans are one message and one attempt.

use super::*;

#[test]
fn two_groups_are_two_deliveries() {
    let journey = one(vec![
        orders(1, 1).at(0, 10),
        billing(2, 2)
            .linked(1, 1)
            .at(30, 40)
            .with("messaging.consumer.group.name", "billing"),
        process("stock", "kafka", "orders", 1, 3)
            .under(1)
            .at(20, 50)
            .with("messaging.consumer.group.name", "stock"),
    ]);
    assert_eq!(
        attempts(&journey),
        [
            (3, Witness::Parent, Outcome::Ok),
            (2, Witness::Link, Outcome::Ok)
        ]
    );
    assert_eq!(journey.state, JourneyState::Delivered);
    assert_eq!(journey.trace_ids.len(), 2);
    // The last-finishing delivery is stock's.
    let phases: Vec<_> = journey.budget.iter().map(|p| (p.phase, p.ms)).collect();
    assert_eq!(
        phases,
        [
            (PhaseKind::Publish, Some(10.0)),
            (PhaseKind::Queue, Some(10.0)),
            (PhaseKind::Process, Some(30.0))
        ]
    );
}

#[test]
fn receive_and_process_of_one_delivery_are_one_attempt() {
    // kotel: process under receive under send.
    let kotel = one(vec![
        orders(1, 1).at(0, 10),
        at_place(receive(billing(1, 2)).under(1).at(20, 25), "0", "7"),
        at_place(billing(1, 3).under(2).at(25, 40), "0", "7"),
    ]);
    assert_eq!(attempts(&kotel), [(3, Witness::Parent, Outcome::Ok)]);
    assert_eq!(
        (
            phase(&kotel, PhaseKind::Queue),
            phase(&kotel, PhaseKind::Receive)
        ),
        (Some(10.0), Some(5.0))
    );
    assert_eq!(kotel.message.offset, Some(7));

    // Java agent, preview: the poll links to every send; process is a child of its send and links to it.
    let mut poll = receive(billing(9, 20)).linked(1, 1).linked(2, 2).at(20, 22);
    poll.kind = SpanKind::Client;
    let preview = of(vec![
        orders(1, 1).at(0, 10),
        orders(2, 2).at(0, 10),
        poll,
        at_place(billing(1, 3).under(1).linked(1, 1).at(30, 31), "0", "7"),
        at_place(billing(2, 4).under(2).linked(2, 2).at(31, 32), "0", "8"),
    ]);
    let told: Vec<_> = preview.journeys.iter().map(attempts).collect();
    assert_eq!(
        told,
        [
            [(3, Witness::Link, Outcome::Ok)],
            [(4, Witness::Link, Outcome::Ok)]
        ]
    );

    // Java agent, receive telemetry: the poll names nothing; process is under it and links.
    let telemetry = one(vec![
        orders(1, 1).at(0, 10),
        receive(billing(9, 20)).at(12, 15),
        at_place(billing(9, 21).under(20).linked(1, 1).at(20, 30), "0", "7"),
    ]);
    assert_eq!(attempts(&telemetry), [(21, Witness::Link, Outcome::Ok)]);
    assert_eq!(phase(&telemetry, PhaseKind::Receive), Some(8.0));
}

#[test]
fn a_link_to_another_consumer_span_is_followed_on() {
    // aiokafka: the topic's span links to record spans, which are children of their producers.
    let told = of(vec![
        orders(1, 1).at(0, 1),
        orders(2, 2).at(0, 1),
        receive(billing(1, 3)).under(1).at(5, 6),
        receive(billing(2, 4)).under(2).at(5, 6),
        receive(billing(9, 5)).linked(1, 3).linked(2, 4).at(4, 7),
    ]);
    assert_eq!(told.journeys.len(), 2);
    assert!(
        told.journeys.iter().all(|j| attempts(j).len() == 1),
        "{:#?}",
        told.journeys
    );
}

#[test]
fn one_span_may_process_many_messages() {
    let told = of(vec![
        orders(1, 1)
            .at(0, 1)
            .with("messaging.kafka.message.key", "a"),
        orders(2, 2)
            .at(1, 2)
            .with("messaging.kafka.message.key", "b"),
        billing(9, 3).linked(1, 1).linked(2, 2).at(5, 9),
        send("billing", "kafka", "payments", 9, 4)
            .under(3)
            .at(6, 7)
            .with("messaging.kafka.message.key", "b"),
        send("billing", "kafka", "payments", 9, 5).under(3).at(7, 8),
    ]);
    let [a, b, of_b, of_either] = told.journeys.as_slice() else {
        panic!("{:#?}", told.journeys)
    };
    assert_eq!(attempts(a), attempts(b));
    assert_eq!(of_b.caused_by.as_ref(), Some(&b.id));
    // Which of the two caused it nothing tells.
    assert_eq!(of_either.caused_by, None);
    assert_eq!(b.caused, std::slice::from_ref(&of_b.id));
}

#[test]
fn position_joins_within_one_cluster_only() {
    let cluster = |s: Span, id: &str| s.with("messaging.kafka.cluster.id", id);
    let lone = |trace, id| at_place(billing(trace, id), "0", "7").at(20, 30);
    let journey = one(vec![at_place(orders(1, 1), "0", "7").at(0, 10), lone(2, 2)]);
    assert_eq!(attempts(&journey), [(2, Witness::Position, Outcome::Ok)]);
    let two = of(vec![
        cluster(at_place(orders(1, 1), "0", "7"), "X").at(0, 10),
        cluster(lone(2, 2), "Y"),
    ]);
    assert_eq!(two.journeys.len(), 2);
    // Between two candidates nothing is guessed.
    let three = of(vec![
        cluster(at_place(orders(1, 1), "0", "7"), "X").at(0, 10),
        cluster(at_place(orders(3, 3), "0", "7"), "Y").at(0, 10),
        lone(2, 2),
    ]);
    assert_eq!(three.journeys.len(), 3);
    let known = Clusters(vec![KnownCluster {
        name: "orders-eu".into(),
        system: "kafka".into(),
        ..KnownCluster::default()
    }]);
    let context = Context {
        clusters: known,
        now: Timestamp::EPOCH,
    };
    let told = rebuild(&[Arc::new(orders(1, 1))], &Dialects::builtin(), &context);
    assert_eq!(
        told.journeys[0].message.cluster.as_deref(),
        Some("orders-eu")
    );
}

#[test]
fn an_id_joins_what_names_no_other_context() {
    let put = |trace, id| {
        send("shop", "rabbitmq", "orders", trace, id).with("messaging.message.id", "o-1")
    };
    let got = |trace, id| {
        process("billing", "rabbitmq", "orders", trace, id)
            .with("messaging.message.id", "o-1")
            .at(5, 6)
    };
    assert_eq!(
        attempts(&one(vec![put(1, 1), got(2, 2)])),
        [(2, Witness::MessageId, Outcome::Ok)]
    );
    // It names a producer's span that is not at hand: another send of the same id.
    assert_eq!(of(vec![put(1, 1), got(2, 2).under(77)]).journeys.len(), 2);
    // Two sends of one id are two messages.
    assert_eq!(of(vec![put(1, 1), put(2, 2), got(3, 3)]).journeys.len(), 3);
}

#[test]
fn two_positions_are_two_messages_even_under_one_span() {
    let told = of(vec![
        orders(1, 1).at(0, 1),
        at_place(billing(1, 2).under(1).at(5, 6), "0", "7"),
        at_place(billing(1, 3).under(1).at(6, 7), "0", "8"),
        at_place(billing(1, 4).under(1).at(9, 10), "0", "8"),
    ]);
    let counts: Vec<_> = told.journeys.iter().map(|j| attempts(j).len()).collect();
    assert_eq!(counts, [1, 2]);
    assert_ne!(told.journeys[0].id, told.journeys[1].id);
    // And no producer at hand changes nothing in that.
    let dark = of(vec![
        at_place(billing(1, 2).under(1).at(5, 6), "0", "7"),
        at_place(billing(1, 3).under(1).at(6, 7), "0", "8"),
    ]);
    assert_eq!(dark.journeys.len(), 2);
    assert!(
        dark.journeys
            .iter()
            .all(|j| has_gap(j, GapKind::DarkProducer))
    );
}

#[test]
fn a_producer_whose_context_was_not_sampled_is_not_guessed_at() {
    let linked = |flags: u32| {
        let mut got = billing(2, 2).linked(1, 1).at(5, 6);
        got.flags = 0x301;
        got.links[0].flags = flags;
        got
    };
    let gaps = |spans| {
        let journey = one(spans);
        let has = |kind| has_gap(&journey, kind);
        (has(GapKind::Sampled), has(GapKind::DarkProducer))
    };
    assert_eq!(gaps(vec![linked(0x300)]), (true, false));
    assert_eq!(
        gaps(vec![linked(0x301)]),
        (false, true),
        "sampled, and missing"
    );
    assert_eq!(gaps(vec![linked(0)]), (false, true), "nothing told");
    // Another delivery of the message, joined by its parent, is explained by the same link.
    let child = process("stock", "kafka", "orders", 1, 3).under(1).at(6, 7);
    assert_eq!(gaps(vec![linked(0x300), child]), (true, false));
    let came_all_the_same = vec![orders(1, 1).at(0, 1), linked(0x300)];
    assert_eq!(gaps(came_all_the_same), (false, false));
}

#[test]
fn what_is_about_no_message_makes_no_journey() {
    let mut ack = span("billing", 1, 3)
        .with("messaging.system", "rabbitmq")
        .under(2);
    ack.name = "basic.ack".into();
    ack.kind = SpanKind::Client;
    let trace = send("shop", "rocketmq", "RMQ_SYS_TRACE_TOPIC", 1, 4);
    let mut poll = receive(billing(9, 20));
    poll.kind = SpanKind::Client;
    assert!(
        of(vec![ack, trace, poll, span("shop", 1, 1)])
            .journeys
            .is_empty()
    );
}

#[test]
fn any_reference_leads_to_the_journey() {
    let told = of(vec![
        at_place(orders(1, 1), "0", "7").with("messaging.message.id", "o-1"),
        orders(5, 5),
        billing(1, 2).under(1),
    ]);
    let context = |t, s| MessageRef::Context {
        trace_id: crate::journey::fixture::trace_id(t),
        span_id: span_id(s),
    };
    let id = |text: &str| MessageRef::Id {
        system: "kafka".into(),
        destination: Some("orders".into()),
        id: text.into(),
    };
    let place = MessageRef::Place {
        system: "kafka".into(),
        destination: "orders".into(),
        partition: "0".into(),
        offset: 7,
    };
    let own = told.position(&context(1, 1));
    assert!(own.is_some());
    for reference in [context(1, 2), id("o-1"), place] {
        assert_eq!(told.position(&reference), own, "{reference}");
    }
    assert_eq!(told.position(&id("o-2")), None);
    assert_eq!(told.journeys[own.unwrap()].id, context(1, 1).to_string());
}

#[test]
fn circular_parents_end() {
    let mut a = billing(1, 1).under(2);
    a.status.code = StatusCode::Ok;
    let told = of(vec![
        a,
        send("billing", "kafka", "orders-retry", 1, 2).under(1),
    ]);
    assert!(!told.journeys.is_empty());
}
