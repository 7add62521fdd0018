//! Messages that a broker's own trace tells of: alone, and beside spans of OpenTelemetry.

use std::sync::Arc;

use waybill_broker::traces;
use waybill_model::span::{Scope, Status};

use super::*;

const ID: &str = "7F0000010A1B2C3D4E5F60718293A4B5";

fn native(mut span: Span) -> Span {
    span.scope = Arc::new(Scope {
        name: traces::SCOPE.into(),
        ..Scope::default()
    });
    span.with("messaging.message.id", ID)
}

fn published(id: u64) -> Span {
    native(send("shop-producers", "rocketmq", "orders", 90, id)).at(0, 10)
}

/// What the client wrote before it handed the message over, and after.
fn handled(group: &str, id: u64, (from, to): (i64, i64), is_good: bool) -> [Span; 2] {
    let mut before = native(receive(process(group, "rocketmq", "orders", 90, id)))
        .at(from, from)
        .with("messaging.consumer.group.name", group);
    before.kind = SpanKind::Client;
    before
        .attributes
        .retain(|a| a.key != "messaging.destination.name");
    let mut after = native(process(group, "rocketmq", "orders", 90, id + 1))
        .under(id)
        .at(from, to)
        .with("messaging.consumer.group.name", group);
    after
        .attributes
        .retain(|a| a.key != "messaging.destination.name");
    after.status = match is_good {
        true => Status {
            code: StatusCode::Ok,
            ..Status::default()
        },
        false => Status {
            code: StatusCode::Error,
            message: "RECONSUME_LATER".into(),
        },
    };
    [before, after]
}

fn told(service: &str, id: u64) -> Span {
    process(service, "rocketmq", "orders", 1, id).with("messaging.message.id", ID)
}

fn sent(id: u64) -> Span {
    send("shop", "rocketmq", "orders", 1, id)
        .with("messaging.message.id", ID)
        .at(0, 10)
}

fn groups(journey: &Journey) -> Vec<(Option<&str>, Option<&str>, usize)> {
    let told = journey.deliveries.iter();
    told.map(|d| (d.group.as_deref(), d.service.as_deref(), d.attempts.len()))
        .collect()
}

#[test]
fn a_message_without_opentelemetry_is_followed_by_the_native_trace() {
    let mut spans = vec![published(1)];
    spans.extend(handled("billing", 10, (20, 30), false));
    spans.extend(handled("billing", 20, (1_030, 1_050), true));
    let journey = one(spans);
    assert_eq!(
        attempts(&journey),
        [
            (11, Witness::NativeTrace, Outcome::Failed),
            (21, Witness::NativeTrace, Outcome::Ok)
        ]
    );
    assert_eq!(journey.state, JourneyState::Delivered);
    assert_eq!(journey.message.destination.as_deref(), Some("orders"));
    assert_eq!(groups(&journey), [(Some("billing"), Some("billing"), 2)]);
    assert_eq!(phase(&journey, PhaseKind::Queue), Some(10.0));
}

#[test]
fn a_consumer_that_died_leaves_an_attempt_of_unknown_end() {
    let mut spans = vec![published(1)];
    spans.extend(handled("billing", 10, (20, 30), true).into_iter().take(1));
    let journey = one(spans);
    assert_eq!(
        attempts(&journey),
        [(10, Witness::NativeTrace, Outcome::Unknown)]
    );
    assert_eq!(journey.state, JourneyState::Unknown);
}

#[test]
fn both_tellings_of_one_attempt_are_one_attempt_with_what_either_knows() {
    let mut spans = vec![published(50), sent(1)];
    // The agent says nothing of a failure, and names no group.
    spans.push(told("billing", 2).under(1).at(21, 30));
    spans.push(told("billing", 3).under(1).at(1_031, 1_050));
    spans.extend(handled("billing-group", 10, (20, 30), false));
    spans.extend(handled("billing-group", 20, (1_030, 1_050), true));
    let journey = one(spans);
    assert_eq!(
        attempts(&journey),
        [
            (2, Witness::Parent, Outcome::Failed),
            (3, Witness::Parent, Outcome::Ok)
        ]
    );
    assert_eq!(
        groups(&journey),
        [(Some("billing-group"), Some("billing"), 2)]
    );
    assert_eq!(journey.producer.as_ref().unwrap().service, "shop");
}

#[test]
fn no_group_is_given_to_an_attempt_that_may_be_of_another() {
    let mut spans = vec![sent(1)];
    spans.push(told("billing", 2).under(1).at(20, 30));
    spans.push(told("stock", 3).under(1).at(21, 31));
    spans.extend(handled("a", 10, (20, 30), true));
    spans.extend(handled("b", 20, (21, 31), true));
    let journey = one(spans);
    assert_eq!(
        groups(&journey),
        [(None, Some("billing"), 1), (None, Some("stock"), 1)]
    );
}

#[test]
fn as_many_attempts_are_told_as_there_were() {
    // The first of one kind meets both of the other, the second only the first.
    let mut spans = vec![sent(1)];
    spans.push(told("billing", 2).under(1).at(20, 200));
    spans.push(told("stock", 3).under(1).at(320, 400));
    spans.extend(handled("a", 10, (150, 330), true));
    spans.extend(handled("b", 20, (20, 120), true));
    let attempts: usize = one(spans).deliveries.iter().map(|d| d.attempts.len()).sum();
    assert_eq!(attempts, 2);
}

#[test]
fn a_producer_that_only_its_broker_tells_of_joins_consumers_with_spans_and_the_other_way_round() {
    // The consumer's parent is a span that nobody has.
    let one_way = one(vec![published(50), told("billing", 2).under(77).at(20, 30)]);
    assert_eq!(groups(&one_way), [(None, Some("billing"), 1)]);
    let mut spans = vec![sent(1)];
    spans.extend(handled("billing", 10, (20, 30), true));
    let other_way = one(spans);
    assert_eq!(groups(&other_way), [(Some("billing"), Some("billing"), 1)]);
    // And without any producer.
    let mut spans = vec![told("billing", 2).under(77).at(20, 30)];
    spans.extend(handled("billing-group", 10, (20, 30), true));
    let no_producer = one(spans);
    assert_eq!(
        groups(&no_producer),
        [(Some("billing-group"), Some("billing"), 1)]
    );
}

#[test]
fn order_of_arrival_changes_nothing() {
    let mut spans = vec![published(50), sent(1)];
    spans.push(told("billing", 2).under(1).at(21, 30));
    spans.extend(handled("billing-group", 10, (20, 30), false));
    let straight = one(spans.clone());
    spans.reverse();
    assert_eq!(one(spans), straight);
}
