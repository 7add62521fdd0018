#![expect(
    clippy::unwrap_used,
    reason = "made-up data: what is wrong in it should stop the preview"
)]

use waybill_model::journey::{
    Attempt, AttemptError, DeadLetter, Delivery, DeliveryState, Gap, GapKind, Hop, HopRole,
    Journey, JourneyState, Message, Outcome, Phase, PhaseKind, Producer, Witness,
};
use waybill_model::log::{JourneyLogs, LogAttempt, LogLine};
use waybill_model::signal::Severity;
use waybill_model::span::SpanKind;
use waybill_model::view::{JourneyPage, SpanLine};

use crate::data::at;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub fn message(system: &str, destination: &str, key: &str, offset: i64) -> Message {
    let log = system == "kafka";
    Message {
        system: system.into(),
        cluster: log.then(|| "demo".to_owned()),
        destination: Some(destination.into()),
        partition: log.then(|| "3".to_owned()),
        offset: log.then_some(40_112 + offset),
        message_id: (!log).then(|| "0190b5f2-7c1e-7d3a-9b44-1f6e2a9c0d11".to_owned()),
        key: Some(key.into()),
        size_bytes: Some(312),
        created_at: Some(at(offset)),
    }
}

fn producer(service: &str, from: i64, to: i64) -> Option<Producer> {
    Some(Producer {
        service: service.into(),
        span_id: "00f067aa0ba902b7".parse().unwrap(),
        trace_id: TRACE.parse().unwrap(),
        started_at: at(from),
        ended_at: at(to),
    })
}

fn attempt(n: u32, service: &str, from: i64, to: i64, hop: usize, error: Option<&str>) -> Attempt {
    Attempt {
        n,
        hop,
        service: service.into(),
        version: Some("4.2.1".into()),
        instance: Some(format!("{service}-7d9c")),
        trace_id: TRACE.parse().unwrap(),
        span_id: "00f067aa0ba902b8".parse().unwrap(),
        started_at: at(from),
        ended_at: at(to),
        outcome: if error.is_some() {
            Outcome::Failed
        } else {
            Outcome::Ok
        },
        error: error.map(|message| AttemptError {
            kind: Some("TemplateError".into()),
            message: Some(message.into()),
            fingerprint: Some("8c1f03aa91d2".into()),
            frame: Some("notify::template::render".into()),
        }),
        joined_by: Some(if n == 1 {
            Witness::Link
        } else {
            Witness::MessageId
        }),
        backoff_ms: match n {
            1 => 0.0,
            n => 1000.0 * f64::from(1 << (n - 2)),
        },
        cause: None,
    }
}

fn hop(role: HopRole, destination: &str, at_ms: i64) -> Hop {
    Hop {
        role,
        destination: Some(destination.into()),
        partition: None,
        offset: None,
        message_id: Some("0190b5f2-7c1e-7d3a-9b44-1f6e2a9c0d11".into()),
        at: Some(at(at_ms)),
        span_id: None,
        trace_id: None,
        route: None,
    }
}

fn journey(
    id: &str,
    message: Message,
    producer: Option<Producer>,
    deliveries: Vec<Delivery>,
) -> Journey {
    Journey {
        id: id.into(),
        state: JourneyState::Delivered,
        hops: vec![hop(
            HopRole::Origin,
            message.destination.as_deref().unwrap(),
            4,
        )],
        message,
        trace_ids: vec![TRACE.parse().unwrap()],
        producer,
        deliveries,
        budget: vec![
            phase(PhaseKind::Publish, 4.2),
            phase(PhaseKind::Queue, 12.8),
            phase(PhaseKind::Process, 31.2),
        ],
        dead_letter: None,
        replays: vec![],
        caused: vec![],
        caused_by: None,
        gaps: vec![],
        evidence: vec![],
        diagnosis: None,
        diagnosis_rule: None,
        owner: None,
        overtaken_by: Vec::new(),
        assembling: false,
    }
}

fn phase(phase: PhaseKind, ms: f64) -> Phase {
    Phase {
        phase,
        ms: Some(ms),
    }
}

fn delivery(group: &str, service: &str, state: DeliveryState, attempts: Vec<Attempt>) -> Delivery {
    Delivery {
        group: Some(group.into()),
        service: Some(service.into()),
        state,
        attempts,
    }
}

pub fn simple() -> JourneyPage {
    let mut journey = journey(
        "simple",
        message("kafka", "inventory.reserved", "1090", 0),
        None,
        vec![],
    );
    journey.state = JourneyState::Unknown;
    journey.budget = vec![];
    journey.assembling = true;
    journey.gaps = vec![Gap {
        kind: GapKind::DarkConsumer,
        detail: String::new(),
    }];
    JourneyPage {
        journey,
        chain: vec![],
        spans: vec![],
    }
}

/// An order's chain: two brokers, retries with back-off, a dead letter.
pub fn dead_lettered() -> JourneyPage {
    let orders = journey(
        "orders",
        message("kafka", "orders", "1001", 0),
        producer("shop", 0, 4),
        vec![
            delivery(
                "payment",
                "payment",
                DeliveryState::Done,
                vec![attempt(1, "payment", 17, 48, 0, None)],
            ),
            delivery(
                "inventory-v2",
                "inventory",
                DeliveryState::Done,
                vec![attempt(1, "inventory", 19, 210, 0, None)],
            ),
        ],
    );
    let mut payments = journey(
        "payments",
        message("kafka", "payments", "1001", 7),
        producer("payment", 44, 47),
        vec![delivery(
            "shop",
            "shop",
            DeliveryState::Done,
            vec![attempt(1, "shop", 61, 80, 0, None)],
        )],
    );
    payments.caused_by = Some("orders".into());
    let error = "template 'order-shipped' has no field <customer.nick>\u{1b}[0m";
    let mut dead = journey(
        "dead",
        message("rabbitmq", "notification", "1001", 70),
        producer("shop", 71, 75),
        vec![delivery(
            "notification",
            "notification",
            DeliveryState::DeadLettered,
            vec![
                attempt(1, "notification", 130, 161, 0, Some(error)),
                attempt(2, "notification", 1190, 1222, 1, Some(error)),
                attempt(3, "notification", 3260, 3301, 2, Some(error)),
            ],
        )],
    );
    dead.state = JourneyState::DeadLettered;
    dead.caused_by = Some("payments".into());
    dead.hops = vec![
        hop(HopRole::Origin, "notification", 75),
        hop(HopRole::Retry, "notification.retry", 162),
        hop(HopRole::Retry, "notification.retry", 1223),
        hop(HopRole::DeadLetter, "notification.dead", 3304),
    ];
    dead.budget = vec![
        phase(PhaseKind::Outbox, 41.0),
        phase(PhaseKind::Publish, 4.0),
        phase(PhaseKind::Queue, 84.0),
        phase(PhaseKind::Process, 104.0),
        phase(PhaseKind::Backoff, 2993.0),
        Phase {
            phase: PhaseKind::DeadLetter,
            ms: None,
        },
    ];
    dead.dead_letter = Some(DeadLetter {
        destination: "notification.dead".into(),
        at: Some(at(3304)),
        evidence: "published by notification in span 00f067aa0ba902c1".into(),
    });
    dead.gaps = vec![Gap {
        kind: GapKind::Skew,
        detail: "notification runs 4 ms behind shop".into(),
    }];
    dead.diagnosis_rule = Some("dead_lettered".into());
    dead.diagnosis = Some(format!(
        "notification failed 3 times with TemplateError and gave the message to notification.dead: {error}"
    ));
    let mut refund = journey(
        "refund",
        message("rabbitmq", "fulfilment", "1001", 90),
        producer("inventory", 205, 209),
        vec![delivery(
            "fulfilment",
            "fulfilment",
            DeliveryState::Done,
            vec![attempt(1, "fulfilment", 340, 471, 0, None)],
        )],
    );
    refund.caused_by = Some("orders".into());
    JourneyPage {
        journey: dead.clone(),
        chain: vec![orders, payments, dead, refund],
        spans: spans(),
    }
}

fn spans() -> Vec<SpanLine> {
    let span =
        |id: u8, parent: Option<u8>, service: &str, name: &str, kind, from, ms, failed| SpanLine {
            trace_id: TRACE.parse().unwrap(),
            span_id: format!("00f067aa0ba902{id:02x}").parse().unwrap(),
            parent_id: parent.map(|id| format!("00f067aa0ba902{id:02x}").parse().unwrap()),
            service: service.into(),
            name: name.into(),
            kind,
            started_at: at(from),
            duration_ms: ms,
            failed,
            attributes: vec![
                ("messaging.system".into(), "kafka".into()),
                ("messaging.destination.name".into(), "orders".into()),
                ("order.id".into(), "1001".into()),
                ("note".into(), "<img src=x onerror=alert(1)>\u{0}".into()),
            ],
            events: vec!["exception: TemplateError".into()],
        };
    vec![
        span(
            1,
            None,
            "shop",
            "POST /orders",
            SpanKind::Server,
            -40,
            52.0,
            false,
        ),
        span(
            2,
            Some(1),
            "shop",
            "send orders",
            SpanKind::Producer,
            0,
            4.1,
            false,
        ),
        span(
            3,
            Some(2),
            "payment",
            "process orders",
            SpanKind::Consumer,
            17,
            31.0,
            false,
        ),
        span(
            4,
            Some(3),
            "payment",
            "send payments",
            SpanKind::Producer,
            44,
            3.0,
            false,
        ),
        span(
            5,
            None,
            "notification",
            "process notification",
            SpanKind::Consumer,
            130,
            31.0,
            true,
        ),
    ]
}

/// What the attempts of a page wrote.
pub fn logs(page: &JourneyPage) -> JourneyLogs {
    let bodies = [
        (Severity::Info, "reserving 3 of SKU-42"),
        (
            Severity::Error,
            "card declined\n  at billing.Card.charge(Card.java:42)\n  at billing.Orders.on(Orders.java:7)",
        ),
    ];
    let deliveries = page.journey.deliveries.iter();
    let attempts = deliveries.flat_map(|d| d.attempts.iter().map(move |a| (d, a)));
    let items = attempts.flat_map(|(delivery, attempt)| {
        bodies.map(|(severity, body)| LogLine {
            at: attempt.started_at,
            service: attempt.service.clone(),
            instance: attempt.instance.clone(),
            severity: Some(severity),
            body: body.into(),
            attributes: vec![("order.id".into(), "1001".into())],
            trace_id: Some(attempt.trace_id),
            span_id: Some(attempt.span_id),
            attempt: Some(LogAttempt {
                journey: page.journey.id.clone(),
                group: delivery.group.clone(),
                service: attempt.service.clone(),
                n: attempt.n,
            }),
            tied: true,
        })
    });
    JourneyLogs {
        items: items.collect(),
        truncated: false,
    }
}
