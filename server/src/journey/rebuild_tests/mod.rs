//! One test a behaviour; what real clients recorded is in `tests/it/recordings`.

mod clients;
mod fate;
mod joining;
mod native;

use waybill_model::journey::{DeliveryState, GapKind, JourneyState, Outcome, PhaseKind, Witness};
use waybill_model::span::{SpanKind, StatusCode};

use super::*;
use crate::journey::cluster::KnownCluster;
use crate::journey::fixture::{BEGAN_MS, Make, process, send, span, span_id};

fn of(spans: Vec<Span>) -> Rebuilt {
    let spans: Vec<Arc<Span>> = spans.into_iter().map(Arc::new).collect();
    let context = Context {
        now: Timestamp::from_unix_millis(1_000_000),
        ..Context::default()
    };
    rebuild(&spans, &Dialects::builtin(), &context)
}

fn one(spans: Vec<Span>) -> Journey {
    let mut journeys = of(spans).journeys;
    assert_eq!(journeys.len(), 1, "{journeys:#?}");
    journeys.remove(0)
}

/// Only of attempts that something joined to their message.
fn attempts(journey: &Journey) -> Vec<(u64, Witness, Outcome)> {
    let all = journey.deliveries.iter().flat_map(|d| &d.attempts);
    all.map(|a| {
        (
            u64::from_be_bytes(*a.span_id.as_bytes()),
            a.joined_by.unwrap(),
            a.outcome,
        )
    })
    .collect()
}

fn phase(journey: &Journey, kind: PhaseKind) -> Option<f64> {
    journey.budget.iter().find(|p| p.phase == kind)?.ms
}

fn has_gap(journey: &Journey, kind: GapKind) -> bool {
    journey.gaps.iter().any(|g| g.kind == kind)
}

fn at_place(span: Span, partition: &str, offset: &str) -> Span {
    span.with("messaging.destination.partition.id", partition)
        .with("messaging.kafka.offset", offset)
}

fn keyed(span: Span, key: &str) -> Span {
    span.with("messaging.kafka.message.key", key)
}

fn receive(mut span: Span) -> Span {
    for attribute in &mut span.attributes {
        if attribute.key == "messaging.operation.type" {
            attribute.value = waybill_model::span::Value::String("receive".into());
        }
    }
    span
}

fn orders(trace: u64, id: u64) -> Span {
    send("shop", "kafka", "orders", trace, id)
}

fn billing(trace: u64, id: u64) -> Span {
    process("billing", "kafka", "orders", trace, id)
}
