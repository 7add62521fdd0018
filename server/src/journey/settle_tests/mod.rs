use std::sync::Arc;

use waybill_broker::Dialects;
use waybill_model::span::Span;

use super::*;
use crate::journey::fixture::{BEGAN_MS, Make, process, send};
use crate::journey::{Context, rebuild};

const ORDERS: (&str, i64) = ("0", 7);

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_millis(BEGAN_MS + ms)
}

fn one(spans: Vec<Span>) -> Journey {
    let spans: Vec<Arc<Span>> = spans.into_iter().map(Arc::new).collect();
    let mut rebuilt = rebuild(&spans, &Dialects::builtin(), &Context::default());
    assert_eq!(rebuilt.journeys.len(), 1, "{:#?}", rebuilt.journeys);
    rebuilt.journeys.remove(0)
}

fn placed(span: Span) -> Span {
    span.with("messaging.destination.partition.id", ORDERS.0)
        .with("messaging.kafka.offset", &ORDERS.1.to_string())
}

/// Published to a log, at a place that is told.
fn published() -> Span {
    placed(send("shop", "kafka", "orders", 1, 1))
}

fn reader(group: &str, committed: Option<i64>) -> Reader {
    Reader {
        group: group.into(),
        committed,
        head: Some(100),
        members: Some(1),
        in_order: true,
        as_of: at(60_000),
        stale: false,
    }
}

fn by_log(mut journey: Journey, readers: Vec<Reader>) -> Journey {
    let told = Told::Log(LogWord {
        low: Some(0),
        readers,
        ..LogWord::default()
    });
    let cluster = "east".into();
    settle(&mut journey, &[Some(Word { cluster, told })]);
    journey
}

fn states(journey: &Journey) -> Vec<(&str, DeliveryState)> {
    let all = journey.deliveries.iter();
    all.map(|delivery| (delivery.name(), delivery.state))
        .collect()
}

fn kinds(journey: &Journey) -> Vec<EvidenceKind> {
    journey.evidence.iter().map(|one| one.kind).collect()
}

#[test]
fn a_position_past_a_message_says_that_it_was_read() {
    let journey = by_log(one(vec![published()]), vec![reader("billing", Some(8))]);
    assert_eq!(journey.state, JourneyState::Delivered);
    assert_eq!(states(&journey), [("billing", DeliveryState::Done)]);
    assert_eq!(kinds(&journey), [EvidenceKind::Passed]);
    assert_eq!(journey.diagnosis_rule.as_deref(), Some("read_by_broker"));
    let gap = journey
        .gaps
        .iter()
        .find(|gap| gap.kind == GapKind::DarkConsumer);
    assert!(gap.unwrap().detail.contains("the broker's word"));
}

#[test]
fn a_position_before_it_says_that_it_waits() {
    let waits = by_log(one(vec![published()]), vec![reader("billing", Some(5))]);
    assert_eq!(waits.state, JourneyState::InFlight);
    let sentence = waits.diagnosis.unwrap();
    assert!(
        sentence.contains("Waits in orders for billing"),
        "{sentence}"
    );
    assert!(
        sentence.contains("2 messages before this one"),
        "{sentence}"
    );
    // What was told before it was put, what is old, and where members take them one by one.
    let early = Reader {
        as_of: at(-1),
        ..reader("billing", Some(5))
    };
    let stale = Reader {
        stale: true,
        ..reader("billing", Some(5))
    };
    let shared = Reader {
        in_order: false,
        ..reader("billing", Some(5))
    };
    for word in [early, stale, shared] {
        let open = by_log(one(vec![published()]), vec![word]);
        assert_eq!((open.state, open.evidence), (JourneyState::Unknown, vec![]));
    }
}

#[test]
fn a_group_without_members_taints_nothing_that_others_read() {
    let idle = Reader {
        members: Some(0),
        ..reader("abandoned", Some(2))
    };
    let journey = by_log(
        one(vec![published()]),
        vec![reader("billing", Some(8)), idle.clone()],
    );
    assert_eq!(journey.state, JourneyState::Delivered);
    assert_eq!(states(&journey), [("billing", DeliveryState::Done)]);
    let alone = by_log(one(vec![published()]), vec![idle]);
    assert_eq!(alone.state, JourneyState::InFlight);
    assert!(alone.diagnosis.unwrap().contains("no member"));
}

#[test]
fn all_groups_count_and_the_slowest_decides() {
    let read = placed(process("billing", "kafka", "orders", 1, 2))
        .with("messaging.consumer.group.name", "billing")
        .under(1)
        .at(5, 9);
    let journey = by_log(
        one(vec![published(), read]),
        vec![reader("billing", Some(8)), reader("audit", Some(3))],
    );
    assert_eq!(journey.state, JourneyState::InFlight);
    assert_eq!(
        states(&journey),
        [
            ("billing", DeliveryState::Done),
            ("audit", DeliveryState::Pending)
        ]
    );
}

#[test]
fn a_failure_that_the_position_did_not_pass_will_be_tried_again() {
    let failing = || {
        let span = placed(process("billing", "kafka", "orders", 1, 2));
        let span = span.with("messaging.consumer.group.name", "billing");
        span.under(1).at(5, 9).failed("Declined", "card")
    };
    let again = by_log(
        one(vec![published(), failing()]),
        vec![reader("billing", Some(7))],
    );
    assert_eq!(again.state, JourneyState::Retrying);
    let given_up = by_log(
        one(vec![published(), failing()]),
        vec![reader("billing", Some(8))],
    );
    assert_eq!(given_up.state, JourneyState::Failed);
    assert_eq!(kinds(&given_up), [EvidenceKind::Passed]);
    // Read so soon after that its commit may be under way.
    let soon = Reader {
        as_of: at(5_000),
        ..reader("billing", Some(7))
    };
    let open = by_log(one(vec![published(), failing()]), vec![soon]);
    assert_eq!((open.state, open.evidence), (JourneyState::Failed, vec![]));
}

#[test]
fn the_only_group_there_is_names_the_delivery() {
    let unnamed = || {
        placed(process("billing", "kafka", "orders", 1, 2))
            .under(1)
            .at(5, 9)
    };
    let journey = by_log(
        one(vec![published(), unnamed()]),
        vec![reader("billing-v2", Some(8))],
    );
    assert_eq!(states(&journey), [("billing-v2", DeliveryState::Done)]);
    assert!(
        journey
            .gaps
            .iter()
            .all(|gap| gap.kind != GapKind::UnknownGroup)
    );
    // Between two nobody guesses, and neither is added: it may be the one that was seen.
    let two = by_log(
        one(vec![published(), unnamed()]),
        vec![reader("a", Some(8)), reader("b", Some(8))],
    );
    assert_eq!(two.deliveries.len(), 1);
    assert_eq!(two.deliveries[0].group, None);
}

#[test]
fn what_retention_took_unread_is_expired_and_a_topic_made_again_says_nothing() {
    let word = |low, head| {
        let told = Told::Log(LogWord {
            low: Some(low),
            readers: vec![Reader {
                head: Some(head),
                ..reader("billing", Some(5))
            }],
            ..LogWord::default()
        });
        let cluster = "east".into();
        [Some(Word { cluster, told })]
    };
    let mut expired = one(vec![published()]);
    settle(&mut expired, &word(9, 100));
    assert_eq!(expired.state, JourneyState::Expired);
    let mut made_again = one(vec![published()]);
    settle(&mut made_again, &word(0, 3));
    assert_eq!(made_again.state, JourneyState::Unknown);
    assert_eq!(made_again.evidence, []);
}

#[test]
fn what_was_read_past_may_lie_aside() {
    let aside = |mut journey: Journey, readers: Vec<Reader>| {
        let told = Told::Log(LogWord {
            low: Some(0),
            aside: true,
            readers,
            ..LogWord::default()
        });
        let cluster = "east".into();
        settle(&mut journey, &[Some(Word { cluster, told })]);
        journey
    };
    let mut journey = aside(one(vec![published()]), vec![reader("billing", Some(8))]);
    assert_eq!(journey.state, JourneyState::Unknown);
    assert_eq!(kinds(&journey), [EvidenceKind::Passed]);
    nothing_aside(&mut journey);
    assert_eq!(journey.state, JourneyState::Delivered);
}

#[test]
fn a_topic_made_again_says_nothing_of_what_was_before() {
    let again = |at_ms: i64| {
        let mut journey = one(vec![published()]);
        let told = Told::Log(LogWord {
            made_again_at: Some(at(at_ms)),
            readers: vec![reader("billing", Some(8))],
            ..LogWord::default()
        });
        let cluster = "east".into();
        settle(&mut journey, &[Some(Word { cluster, told })]);
        journey.state
    };
    assert_eq!(again(5_000), JourneyState::Unknown);
    assert_eq!(again(-5_000), JourneyState::Delivered);
}

fn queue(held: u64) -> QueueWord {
    QueueWord {
        name: "payment".into(),
        held: Some(held),
        lets_go: false,
        dead_letters: Some(Vec::new()),
        received_at: Some(at(5_000)),
        taken_at: None,
        held_since: Some(at(10_000)),
        all_taken: None,
        as_of: at(60_000),
        stale: false,
    }
}

fn by_queues(queues: Vec<QueueWord>) -> Journey {
    let mut journey =
        one(vec![send("shop", "rabbitmq", "payments", 1, 1).with(
            "messaging.rabbitmq.destination.routing_key",
            "asked",
        )]);
    let told = Told::Queues(QueuesWord {
        as_of: at(60_000),
        stale: false,
        watched_since: Some(at(-10)),
        lost_at: None,
        queues,
    });
    let cluster = "rabbit".into();
    settle(&mut journey, &[Some(Word { cluster, told })]);
    journey
}

#[test]
fn a_queue_tells_only_what_follows_from_its_counts() {
    use EvidenceKind::{Expired, Passed, QueueEmpty, Untouched};
    let taken = || QueueWord {
        taken_at: Some(at(5_000)),
        all_taken: Some(true),
        ..queue(0)
    };
    let parked = |held, received_at: Option<i64>| {
        Some(vec![Parked {
            held: Some(held),
            received_at: received_at.map(at),
        }])
    };
    for (why, word, state, evidence) in [
        (
            "nothing was ever taken, so it is there",
            queue(3),
            JourneyState::InFlight,
            vec![Untouched],
        ),
        (
            "something was, so it may be another",
            QueueWord {
                taken_at: Some(at(5_000)),
                ..queue(3)
            },
            JourneyState::Unknown,
            vec![],
        ),
        (
            "everything that came was acknowledged",
            taken(),
            JourneyState::Delivered,
            vec![Passed],
        ),
        (
            "one was rejected: which is not told",
            QueueWord {
                all_taken: Some(false),
                ..taken()
            },
            JourneyState::Unknown,
            vec![QueueEmpty],
        ),
        (
            "nothing was ever handed out",
            queue(0),
            JourneyState::Expired,
            vec![Expired],
        ),
        (
            "it changed a moment ago: counters may be of before",
            QueueWord {
                held_since: Some(at(59_000)),
                ..queue(0)
            },
            JourneyState::Unknown,
            vec![QueueEmpty],
        ),
        (
            "and so what was taken of what it holds",
            QueueWord {
                held_since: Some(at(59_000)),
                ..queue(3)
            },
            JourneyState::Unknown,
            vec![],
        ),
        (
            "a dead letter lies there",
            QueueWord {
                dead_letters: parked(1, Some(5_000)),
                ..taken()
            },
            JourneyState::Unknown,
            vec![QueueEmpty],
        ),
        (
            "one came there and was taken away",
            QueueWord {
                dead_letters: parked(0, Some(5_000)),
                ..taken()
            },
            JourneyState::Unknown,
            vec![QueueEmpty],
        ),
        (
            "none came there since",
            QueueWord {
                dead_letters: parked(0, Some(-5_000)),
                ..taken()
            },
            JourneyState::Delivered,
            vec![Passed],
        ),
        (
            "its statistics may be of before",
            QueueWord {
                as_of: at(20_000),
                ..taken()
            },
            JourneyState::Unknown,
            vec![],
        ),
        (
            "no counter was told",
            QueueWord {
                received_at: None,
                ..queue(3)
            },
            JourneyState::Unknown,
            vec![],
        ),
    ] {
        let journey = by_queues(vec![word]);
        assert_eq!((journey.state, kinds(&journey)), (state, evidence), "{why}");
    }
}

#[test]
fn an_exchange_that_leads_nowhere_drops_it() {
    let journey = by_queues(vec![]);
    assert_eq!(journey.state, JourneyState::Unroutable);
    let sentence = journey.diagnosis.unwrap();
    assert!(
        sentence.contains("payments leads to no queue for asked"),
        "{sentence}"
    );
}
