//! Hops, causes, phases and states.

use super::*;

#[test]
fn an_outbox_is_a_phase() {
    let mut create = send("shop", "kafka", "orders", 1, 1).at(0, 1);
    create.attributes[1].value = waybill_model::span::Value::String("create".into());
    let journey = one(vec![
        create,
        send("relay", "kafka", "orders", 2, 2)
            .linked(1, 1)
            .at(500, 510),
        billing(1, 3).under(1).at(520, 530),
    ]);
    assert_eq!(phase(&journey, PhaseKind::Outbox), Some(500.0));
    assert_eq!(phase(&journey, PhaseKind::Publish), Some(10.0));
    assert_eq!(phase(&journey, PhaseKind::Queue), Some(10.0));
    assert_eq!(
        journey.producer.as_ref().map(|p| p.span_id),
        Some(span_id(1))
    );
}

#[test]
fn a_retry_queue_is_a_hop_and_failure_is_told_from_it() {
    let rabbit =
        |service, destination, trace, id| process(service, "rabbitmq", destination, trace, id);
    let journey = one(vec![
        send("shop", "rabbitmq", "orders", 1, 1).at(0, 1),
        rabbit("billing", "orders", 1, 2).under(1).at(10, 20),
        span("billing", 1, 9).under(2).at(11, 19),
        send("billing", "rabbitmq", "billing.retry.5s", 1, 3)
            .under(9)
            .at(15, 16),
        rabbit("billing", "orders", 1, 4)
            .under(3)
            .at(5_020, 5_030)
            .failed("CardDeclined", "no funds"),
        send("billing", "rabbitmq", "billing.dlq", 1, 5)
            .under(4)
            .at(5_025, 5_026),
    ]);
    assert_eq!(journey.state, JourneyState::DeadLettered);
    let roles: Vec<_> = journey.hops.iter().map(|h| h.role).collect();
    assert_eq!(
        roles,
        [HopRole::Origin, HopRole::Retry, HopRole::DeadLetter]
    );
    assert_eq!(journey.deliveries.len(), 1);
    let delivery = &journey.deliveries[0];
    assert_eq!(delivery.state, DeliveryState::DeadLettered);
    let told: Vec<_> = delivery
        .attempts
        .iter()
        .map(|a| (a.n, a.hop, a.outcome, a.backoff_ms))
        .collect();
    assert_eq!(
        told,
        [
            (1, 0, Outcome::Failed, 0.0),
            (2, 1, Outcome::Failed, 5_000.0)
        ]
    );
    assert_eq!(journey.diagnosis_rule.as_deref(), Some("dead_lettered"));
    assert_eq!(
        journey.diagnosis.as_deref(),
        Some("Dead-lettered to billing.dlq after 2 attempts: CardDeclined: no funds.")
    );
    assert_eq!(
        journey.dead_letter.as_ref().map(|d| d.destination.as_str()),
        Some("billing.dlq")
    );
    assert_eq!(phase(&journey, PhaseKind::Backoff), Some(5_000.0));
}

#[test]
fn what_waits_for_a_retry_and_what_comes_back() {
    let begun = || {
        vec![
            send("shop", "kafka", "orders", 1, 1)
                .at(0, 1)
                .with("messaging.kafka.message.key", "k"),
            process("billing", "kafka", "orders", 1, 2)
                .under(1)
                .at(10, 20),
        ]
    };
    let mut retrying = begun();
    retrying.push(
        send("billing", "kafka", "orders-retry", 1, 3)
            .under(2)
            .at(15, 16),
    );
    assert_eq!(one(retrying).state, JourneyState::Retrying);
    let mut replayed = begun();
    replayed.extend([
        send("billing", "kafka", "orders-dlt", 1, 3)
            .under(2)
            .at(15, 16)
            .with("messaging.kafka.message.key", "k"),
        process("replayer", "kafka", "orders-dlt", 1, 4)
            .under(3)
            .at(100, 110),
        send("replayer", "kafka", "orders", 1, 5)
            .under(4)
            .at(105, 106)
            .with("messaging.kafka.message.key", "k"),
    ]);
    let open = one(replayed.clone());
    assert_eq!(open.state, JourneyState::Replayed);
    assert_eq!(open.hops.last().map(|h| h.role), Some(HopRole::Replay));
    replayed.push(
        process("billing", "kafka", "orders", 1, 6)
            .under(5)
            .at(120, 130),
    );
    assert_eq!(one(replayed).state, JourneyState::Delivered);
}

#[test]
fn causes_are_found_through_other_spans_and_over_brokers() {
    let mut call = span("billing", 1, 3).under(2).at(11, 18);
    call.kind = SpanKind::Client;
    let told = of(vec![
        orders(1, 1).at(0, 1),
        billing(1, 2).under(1).at(10, 20),
        call,
        span("billing", 1, 4).under(3).at(12, 17),
        send("billing", "rabbitmq", "payments", 1, 5)
            .under(4)
            .at(13, 14),
        process("notify", "rabbitmq", "payments", 1, 6)
            .under(5)
            .at(30, 31),
        // Another trace: the producer links to what it processed.
        send("notify", "kafka", "mails", 2, 7)
            .linked(1, 6)
            .at(40, 41),
    ]);
    let [order, payment, mail] = told.journeys.as_slice() else {
        panic!("{:#?}", told.journeys)
    };
    assert_eq!(payment.caused_by.as_ref(), Some(&order.id));
    assert_eq!(mail.caused_by.as_ref(), Some(&payment.id));
    assert_eq!(order.caused, std::slice::from_ref(&payment.id));
}

#[test]
fn a_context_handed_on_is_a_cause_and_no_delivery() {
    // Somebody without spans copied it to another topic, headers and all.
    let told = of(vec![
        orders(1, 1).at(0, 1),
        process("audit", "kafka", "orders-copy", 1, 2)
            .under(1)
            .at(10, 20),
    ]);
    let [order, copy] = told.journeys.as_slice() else {
        panic!("{:#?}", told.journeys)
    };
    assert_eq!(
        (order.state, order.deliveries.len()),
        (JourneyState::Unknown, 0)
    );
    assert_eq!(copy.caused_by.as_ref(), Some(&order.id));
}

#[test]
fn clocks_that_differ_are_a_gap() {
    let journey = one(vec![
        orders(1, 1).at(1_000, 1_010),
        billing(1, 2).under(1).at(400, 450),
    ]);
    assert_eq!(phase(&journey, PhaseKind::Queue), None);
    assert!(has_gap(&journey, GapKind::Skew));
    assert_eq!(phase(&journey, PhaseKind::Process), Some(50.0));
    // A consumer that begins before the producer read its acknowledgement is no skew.
    let journey = one(vec![
        orders(1, 1).at(0, 100),
        billing(1, 2).under(1).at(40, 50),
    ]);
    assert!(!has_gap(&journey, GapKind::Skew));
    let sum: f64 = journey.budget.iter().filter_map(|p| p.ms).sum();
    assert_eq!(sum, 50.0);
}

#[test]
fn a_page_is_assembling_for_five_seconds() {
    let at = |now| {
        let context = Context {
            now: Timestamp::from_unix_millis(BEGAN_MS + now),
            ..Context::default()
        };
        rebuild(
            &[Arc::new(orders(1, 1).at(0, 10))],
            &Dialects::builtin(),
            &context,
        )
        .journeys[0]
            .assembling
    };
    assert_eq!((at(20), at(5_000), at(5_011)), (true, true, false));
}

#[test]
fn what_an_outbox_sent_twice_is_two_messages_of_one_creation() {
    let mut create = orders(1, 1).at(0, 1);
    create.attributes[1].value = waybill_model::span::Value::String("create".into());
    let relayed = |id, offset| {
        let mut sending = at_place(orders(1, id).under(1).linked(1, 1), "0", offset).at(10, 12);
        sending.kind = SpanKind::Client;
        sending
    };
    let got = |id, offset| at_place(billing(1, id).under(1).linked(1, 1), "0", offset).at(20, 21);
    let told = of(vec![
        create,
        relayed(2, "7"),
        relayed(3, "8"),
        got(4, "7"),
        got(5, "8"),
    ]);
    let [first, second] = told.journeys.as_slice() else {
        panic!("{:#?}", told.journeys)
    };
    for (journey, offset, attempt, producer) in [(first, 7, 4, 1), (second, 8, 5, 3)] {
        assert_eq!(journey.message.offset, Some(offset));
        assert_eq!(attempts(journey), [(attempt, Witness::Link, Outcome::Ok)]);
        assert_eq!(
            journey.producer.as_ref().map(|p| p.span_id),
            Some(span_id(producer))
        );
        assert_eq!(journey.caused_by, None);
    }
    assert_eq!(phase(first, PhaseKind::Outbox), Some(10.0));
}

#[test]
fn a_refusal_is_a_failure() {
    let mut nack = span("billing", 1, 3)
        .with("messaging.system", "rabbitmq")
        .under(2)
        .at(8, 9);
    nack.name = "basic.nack".into();
    nack.kind = SpanKind::Client;
    let journey = one(vec![
        send("shop", "rabbitmq", "orders", 1, 1).at(0, 1),
        process("billing", "rabbitmq", "orders", 1, 2)
            .under(1)
            .at(5, 10),
        nack,
        process("billing", "rabbitmq", "orders", 1, 4)
            .under(1)
            .at(15, 20),
    ]);
    assert_eq!(
        attempts(&journey).iter().map(|a| a.2).collect::<Vec<_>>(),
        [Outcome::Failed, Outcome::Ok]
    );
    assert_eq!(journey.state, JourneyState::Delivered);
    assert_eq!(
        journey.diagnosis_rule.as_deref(),
        Some("delivered_after_retry")
    );
}
