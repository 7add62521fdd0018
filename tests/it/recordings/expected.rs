//! How each message ended, reasoned from `truth.json` and from what the spans of that client can
//! know. Where the two differ the comment says why.

use waybill_model::journey::GapKind::{DarkConsumer, DarkProducer};
use waybill_model::journey::JourneyState::{self, DeadLettered, Delivered, Unknown};
use waybill_model::journey::Outcome::{self, Failed, Ok as Fine, Unknown as Unclear};
use waybill_model::journey::{GapKind, Journey};

use super::compare::Checked;

type Row = (
    &'static str,
    &'static str,
    JourneyState,
    &'static [Outcome],
    Option<GapKind>,
);

/// Scenario, message, state, outcomes of its attempts in order, a gap that must be named.
/// What is not listed was delivered once and well.
const KAFKA: &[Row] = &[
    // Two sends of one id are two messages; both were read twice, and nothing failed.
    ("duplicate", "o-1", Delivered, &[Unclear, Fine], None),
    ("duplicate", "o-2", Delivered, &[Unclear, Fine], None),
    // The retry record is the evidence: the failed span itself says nothing.
    ("retry-topic", "o-2", Delivered, &[Failed, Fine], None),
    (
        "dlt-spring",
        "o-2",
        DeadLettered,
        &[Failed, Failed, Failed],
        None,
    ),
    ("dlq-connect", "o-1", DeadLettered, &[Failed], None),
    ("no-consumer", "*", Unknown, &[], Some(DarkConsumer)),
    (
        "no-producer-span",
        "*",
        Delivered,
        &[Fine],
        Some(DarkProducer),
    ),
];

const PIKA: &[Row] = &[
    ("duplicate", "o-1", Delivered, &[Unclear, Fine], None),
    ("duplicate", "o-2", Delivered, &[Unclear, Fine], None),
    // Only what raised has a mark; a requeue leaves none.
    ("callback-raises", "o-1", Delivered, &[Failed, Fine], None),
    ("retry-requeue", "o-2", Delivered, &[Unclear, Fine], None),
    ("retry-ttl", "o-2", Delivered, &[Unclear, Fine], None),
    // The broker dead-lettered it after three deliveries; no span can know, only the broker says.
    (
        "dlq-delivery-limit",
        "o-2",
        Delivered,
        &[Unclear, Unclear, Fine],
        None,
    ),
    // Read from the dead-letter queue by an inspector: an attempt there, and dead it stays.
    ("dlq-rejected", "o-1", DeadLettered, &[Failed, Fine], None),
    ("no-consumer", "*", Unknown, &[], Some(DarkConsumer)),
    ("expired", "*", Unknown, &[], Some(DarkConsumer)),
    // basic.get leaves no span.
    ("pull", "*", Unknown, &[], Some(DarkConsumer)),
    (
        "no-producer-span",
        "*",
        Delivered,
        &[Fine],
        Some(DarkProducer),
    ),
];

pub fn states(client: &str, all: &[Checked]) {
    let table = if client == "python-pika" { PIKA } else { KAFKA };
    for checked in all {
        for (id, journeys) in &checked.journeys {
            let row = table
                .iter()
                .find(|r| r.0 == checked.scenario && (r.1 == id || r.1 == "*"));
            let (state, outcomes, gap) =
                row.map_or((Delivered, &[Fine][..], None), |r| (r.2, r.3, r.4));
            for journey in journeys {
                let name = format!(
                    "{client}/{} {id}: {:?}",
                    checked.scenario, journey.diagnosis
                );
                assert_eq!(journey.state, state, "{name}");
                assert_eq!(outcomes_of(journey), outcomes, "{name}");
                if let Some(gap) = gap {
                    assert!(journey.gaps.iter().any(|g| g.kind == gap), "{name}");
                }
                assert_eq!(
                    journey.producer.is_none(),
                    gap == Some(DarkProducer),
                    "{name}"
                );
                assert!(
                    journey
                        .budget
                        .iter()
                        .all(|p| p.ms.is_none_or(|ms| ms >= 0.0)),
                    "{name}"
                );
            }
        }
    }
}

fn outcomes_of(journey: &Journey) -> Vec<Outcome> {
    let mut attempts: Vec<_> = journey
        .deliveries
        .iter()
        .flat_map(|d| &d.attempts)
        .collect();
    attempts.sort_by_key(|a| a.started_at);
    attempts.into_iter().map(|a| a.outcome).collect()
}
