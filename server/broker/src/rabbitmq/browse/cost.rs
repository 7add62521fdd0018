//! What a look into a queue would do to it. Source: RabbitMQ's guides on quorum queues ("Poison
//! message handling", "Delivery limit" of 4.0), and 3.10.8 as it was measured: `get` with requeue
//! adds 1 to `x-delivery-count`, and dead-letters at the limit with no consumer involved.

use super::super::failure::printable;
use super::place::{Kind, Place};
use crate::browse::Price;

const LIMIT: &str = "delivery-limit";
/// Of quorum queues that set none, from 4.0 on.
const DEFAULT_LIMIT: u64 = 20;
const LIMIT_FROM_MAJOR: u64 = 4;

/// For anything but a stream.
pub(super) fn of(place: &Place) -> Price {
    let mut cost = match &place.kind {
        Kind::Quorum => quorum(place),
        Kind::Classic => classic(),
        Kind::Stream => "a stream can be read without a trace".to_owned(),
        Kind::Other(kind) => format!(
            "a look is a delivery; what that does to a queue of type {:?} is not known",
            kind.as_deref().unwrap_or("unknown")
        ),
    };
    if place.is_exclusive {
        cost.push_str("; it is exclusive: only the connection that declared it is let in");
    }
    if is_true(place, "single-active-consumer") {
        cost.push_str("; it has a single active consumer, whose order a look would break");
    }
    if let Some(messages) = place.messages {
        cost.push_str(&format!("; {messages} messages lie there now"));
    }
    Price::Disturbs {
        cost,
        instead: instead(place),
    }
}

fn quorum(place: &Place) -> String {
    let look = "each look is a delivery and adds 1 to x-delivery-count of every message it meets";
    let default = place
        .major
        .is_some_and(|major| major >= LIMIT_FROM_MAJOR)
        .then_some(DEFAULT_LIMIT);
    let set = place.effective.has(LIMIT);
    let limit = match set {
        // One that is negative is none.
        true => place.effective.number(LIMIT),
        false => default,
    };
    match limit {
        Some(limit) => format!(
            "{look}; at more than {limit}{} a message is {}",
            if set { "" } else { ", the default," },
            end(place)
        ),
        None if set || place.major.is_some() => {
            format!("{look}; this queue has no limit, but its consumers may count")
        }
        None => format!("{look}; whether it has a limit is not known (20 from 4.0 on)"),
    }
}

fn end(place: &Place) -> String {
    match place.effective.text("dead-letter-exchange") {
        Some("") => "dead-lettered through the default exchange".to_owned(),
        Some(exchange) => format!("dead-lettered to {:?}", printable(exchange)),
        None => "dropped".to_owned(),
    }
}

fn classic() -> String {
    "each look is a delivery: messages come back marked as redelivered, and behind those that \
     consumers took meanwhile"
        .to_owned()
}

fn is_true(place: &Place, setting: &str) -> bool {
    place
        .effective
        .settings()
        .iter()
        .any(|one| one.name == setting && one.value.as_deref() == Some("true"))
}

fn instead(place: &Place) -> String {
    let consumers = match place.consumers {
        Some(0) => "",
        _ => " beside its consumers",
    };
    format!(
        "Bind a stream to the same exchange and read that{consumers}; read a captured copy; or, for \
         new messages only, let the firehose copy them (rabbitmqctl trace_on) for a while."
    )
}

#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;
