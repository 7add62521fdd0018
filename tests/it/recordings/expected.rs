//! How each message ended, reasoned from `truth.json` and from what the spans of that client can
//! know. Where the two differ the comment says why.

use waybill_model::journey::GapKind::{DarkConsumer, DarkProducer};
use waybill_model::journey::JourneyState::{
    self, DeadLettered, Delivered, Failed as ForGood, Unknown,
};
use waybill_model::journey::Outcome::{self, Failed, Ok as Fine, Unknown as Unclear};
use waybill_model::journey::{GapKind, Hop, HopRole, Journey};

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

/// Their receiving spans are over before the program works: what it sends is in a trace of its own
/// that nothing joins to the message, a dead letter too.
const KAFKA_RECEIVED_BEFORE: &[Row] = &[
    ("duplicate", "*", Delivered, &[Unclear, Fine], None),
    // The copied trace header leads from the retry topic back to the first producer; somebody must
    // have put it there, and only billing had it.
    ("retry-topic", "o-2", Delivered, &[Failed, Fine], None),
    // The dead letter is a journey apart, so the last delivery looks like any other.
    (
        "dlt-spring",
        "o-2",
        Delivered,
        &[Unclear, Unclear, Fine],
        None,
    ),
    (
        "no-producer-span",
        "*",
        Delivered,
        &[Fine],
        Some(DarkProducer),
    ),
];

/// Its poll of many leaves no span.
const KAFKA_PYTHON: &[Row] = &[("batch", "*", Unknown, &[], Some(DarkConsumer))];

const SPRING_KAFKA: &[Row] = &[
    // The library itself put it to the dead-letter topic, where a handler read it.
    (
        "dlt",
        "o-2",
        DeadLettered,
        &[Failed, Failed, Failed, Fine],
        None,
    ),
    // Once it was taken too early and put off: no attempt.
    (
        "retryable",
        "o-2",
        DeadLettered,
        &[Failed, Failed, Failed, Fine],
        None,
    ),
];

const RABBIT: &[Row] = &[
    ("duplicate", "*", Delivered, &[Unclear, Fine], None),
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
    // Two queues, a consumer each.
    ("fanout", "*", Delivered, &[Fine, Fine], None),
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

/// Clients that leave a mark where a message is given back: a span of the refusal, or an error.
const RABBIT_REFUSALS: &[Row] = &[
    ("retry-requeue", "o-2", Delivered, &[Failed, Fine], None),
    ("retry-ttl", "o-2", Delivered, &[Failed, Fine], None),
    // That it then lies in the dead-letter queue only the broker knows.
    (
        "dlq-delivery-limit",
        "o-2",
        ForGood,
        &[Failed, Failed, Failed],
        None,
    ),
];

const AMQP_CLIENT: &[Row] = &[
    // Raising closed the channel, so the second delivery could not be acknowledged: it failed too,
    // and the message is left in its queue.
    ("callback-raises", "o-1", ForGood, &[Failed, Failed], None),
    // With receive telemetry basic.get has a span, and it links to the producer's.
    ("pull--receive-telemetry", "*", Delivered, &[Fine], None),
];

/// The consumer went away without an answer, and its spans end as errors: `channel closed`.
const AMQPLIB: &[Row] = &[("duplicate", "*", Delivered, &[Failed, Fine], None)];

/// Messages that a broker, or somebody no span tells of, put a second time, where they were read.
fn read_where_nobody_put(client: &str, scenario: &str, id: &str) -> bool {
    let received_before = tables(client).contains(&KAFKA_RECEIVED_BEFORE);
    match (scenario.split("--").next(), id) {
        (Some("dlq-rejected"), "o-1") => true,
        (Some("retry-topic"), "o-2") => received_before,
        _ => false,
    }
}

/// The first table that has the row counts.
fn tables(client: &str) -> &'static [&'static [Row]] {
    match client {
        "python-kafka-python" => &[KAFKA_PYTHON, KAFKA_RECEIVED_BEFORE],
        "python-aiokafka" => &[KAFKA_RECEIVED_BEFORE],
        "java-spring-kafka" => &[SPRING_KAFKA],
        "java-amqp-client" => &[AMQP_CLIENT, RABBIT_REFUSALS, RABBIT],
        "node-amqplib" => &[AMQPLIB, RABBIT_REFUSALS, RABBIT],
        "python-pika" | "python-aio-pika" | "java-spring-rabbit" => &[RABBIT],
        _ => &[KAFKA],
    }
}

/// The row of that very scenario, else of the one that it is a variant of (`happy--preview`).
fn row(client: &str, scenario: &str, id: &str) -> Option<&'static Row> {
    let plain = scenario
        .split_once("--")
        .map_or(scenario, |(plain, _)| plain);
    [scenario, plain].into_iter().find_map(|name| {
        let mut rows = tables(client).iter().copied().flatten();
        rows.find(|r| r.0 == name && (r.1 == id || r.1 == "*"))
    })
}

pub fn states(client: &str, all: &[Checked]) {
    for checked in all {
        for (id, journeys) in &checked.journeys {
            let (state, outcomes, gap) = row(client, &checked.scenario, id)
                .map_or((Delivered, &[Fine][..], None), |r| (r.2, r.3, r.4));
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
                let unseen = |h: &&Hop| h.role != HopRole::Origin && h.span_id.is_none();
                assert_eq!(
                    journey.hops.iter().filter(unseen).count(),
                    usize::from(read_where_nobody_put(client, &checked.scenario, id)),
                    "{name}: {:?}",
                    journey.hops
                );
                assert_eq!(journey.hops[0].role, HopRole::Origin, "{name}");
                assert!(
                    journey
                        .budget
                        .iter()
                        .all(|p| p.ms.is_none_or(|ms| ms >= 0.0)),
                    "{name}"
                );
            }
        }
        for journey in &checked.apart {
            let destination = journey.message.destination.as_deref().unwrap_or("");
            let dead = !destination.ends_with("-retry");
            let expected = if dead { DeadLettered } else { Unknown };
            assert_eq!(journey.state, expected, "{client}: {destination}");
            assert!(journey.deliveries.is_empty(), "{client}: {destination}");
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
