use waybill_model::access::Role;
use waybill_model::audit::{AuditEntry, AuditLine, Decision};
use waybill_model::journey::{JourneyState, JourneySummary};
use waybill_model::messaging::DestinationRole;
use waybill_model::query::Page;
use waybill_model::status::{Component, ComponentState, IngestCounters, Status, StoreFigures};
use waybill_model::time::Timestamp;
use waybill_model::view::{
    DestinationLine, Overview, TokenLine, TokenPurpose, Totals, TrafficPoint, UserLine,
};

use crate::journey::message;
use crate::port::Scene;

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_795_444_307_046 + ms)
}

pub fn overview(scene: Scene) -> Overview {
    let empty = scene == Scene::Empty;
    let destinations = if empty { vec![] } else { destinations() };
    Overview {
        as_of: at(0),
        window_ms: 3_600_000,
        totals: Totals {
            published: 148_213,
            processed: 147_902,
            failed: 311,
            dead_lettered: 17,
            services: 6,
            destinations: destinations.len() as u64,
        },
        traffic: (0..60).map(traffic).collect(),
        muted_failures: Some(2),
        troubled: if scene == Scene::Busy {
            journeys(scene).items.into_iter().take(3).collect()
        } else {
            vec![]
        },
        destinations,
        empty,
    }
}

fn traffic(minute: i64) -> TrafficPoint {
    let wave = ((minute as f64 / 9.0).sin() * 400.0 + 2400.0) as u64;
    let dip = if (38..43).contains(&minute) { 1500 } else { 0 };
    TrafficPoint {
        at: at((minute - 60) * 60_000),
        published: wave + (minute as u64 * 37) % 140,
        processed: wave - dip + (minute as u64 * 53) % 90,
        failed: if dip > 0 {
            260
        } else {
            (minute as u64 * 7) % 9
        },
    }
}

const NAMED: [(&str, &str, DestinationRole, f64, u64); 9] = [
    ("kafka", "orders", DestinationRole::Origin, 24.1, 0),
    ("kafka", "payments", DestinationRole::Origin, 22.8, 41),
    (
        "kafka",
        "inventory.reserved",
        DestinationRole::Origin,
        21.3,
        0,
    ),
    (
        "rabbitmq",
        "notification",
        DestinationRole::Origin,
        20.9,
        212,
    ),
    (
        "rabbitmq",
        "notification.retry",
        DestinationRole::Retry,
        0.42,
        0,
    ),
    (
        "rabbitmq",
        "notification.dead",
        DestinationRole::DeadLetter,
        0.004,
        0,
    ),
    ("rabbitmq", "fulfilment", DestinationRole::Origin, 19.7, 0),
    (
        "kafka",
        "<script>alert('x')</script>\u{0}\u{202e}evil",
        DestinationRole::Origin,
        0.02,
        0,
    ),
    (
        "kafka",
        "com.example.very.long.package.name.that.someone.thought.would.be.a.good.topic.name.v2",
        DestinationRole::Origin,
        1234.0,
        0,
    ),
];

fn destinations() -> Vec<DestinationLine> {
    let filler = (0..41).map(|n| {
        (
            if n % 2 == 0 { "kafka" } else { "rabbitmq" },
            format!("events.stream-{n:02}"),
            DestinationRole::Origin,
            1.0 / f64::from(n + 1),
            0,
        )
    });
    NAMED
        .iter()
        .map(|(system, name, role, rate, failed)| {
            (*system, (*name).to_owned(), *role, *rate, *failed)
        })
        .chain(filler)
        .map(
            |(system, destination, role, rate, failed)| DestinationLine {
                system: system.into(),
                destination,
                role,
                published_per_s: rate,
                processed_per_s: rate * 0.99,
                failed,
                p50_ms: (rate > 0.05).then_some(4.31),
                p99_ms: (rate > 0.05).then_some(187.4),
                last_at: at(-(4_000.0 / rate) as i64),
            },
        )
        .collect()
}

pub fn journeys(scene: Scene) -> Page<JourneySummary> {
    use JourneyState::{DeadLettered, Delivered, Failed, InFlight, Retrying, Unknown};
    let rows = [
        (
            DeadLettered,
            "rabbitmq",
            "notification",
            "1001",
            "notification",
            3,
            Some(7431.0),
            Some("TemplateError: template \u{1b}[31m'order-shipped' has no field <customer.nick>"),
        ),
        (
            Retrying,
            "rabbitmq",
            "notification",
            "1044",
            "notification",
            2,
            Some(1312.0),
            Some("SmtpTimeout: no answer from mail.internal:25 within 1 s"),
        ),
        (
            Failed,
            "kafka",
            "payments",
            "0988",
            "shop",
            3,
            Some(902.4),
            Some("CardDeclined: insufficient funds"),
        ),
        (
            InFlight, "kafka", "orders", "1107", "payment", 1, None, None,
        ),
        (
            Delivered,
            "kafka",
            "orders",
            "1001",
            "payment",
            1,
            Some(48.2),
            None,
        ),
        (
            Delivered,
            "kafka",
            "<script>alert('x')</script>\u{0}\u{202e}evil",
            "a\tb",
            "partner",
            1,
            Some(0.4),
            None,
        ),
        (
            Unknown,
            "kafka",
            "inventory.reserved",
            "1090",
            "",
            0,
            None,
            None,
        ),
    ];
    let items = rows
        .into_iter()
        .enumerate()
        .map(
            |(n, (state, system, destination, key, group, attempts, total_ms, error))| {
                JourneySummary {
                    id: if n == 0 {
                        "dead".into()
                    } else {
                        "simple".into()
                    },
                    state,
                    message: message(system, destination, key, n as i64),
                    producer_service: (n != 6).then(|| "shop".to_owned()),
                    groups: vec![group.to_owned()],
                    attempts,
                    total_ms,
                    first_error: error.map(str::to_owned),
                    started_at: at(-(n as i64) * 97_000 - 12_000),
                    diagnosis: None,
                    diagnosis_rule: None,
                    overtaken_by: Vec::new(),
                }
            },
        )
        .collect();
    Page {
        asked: None,
        items: if scene == Scene::Empty { vec![] } else { items },
        next: (scene != Scene::Empty).then(|| "next".to_owned()),
        searched_back_to: Some(at(-86_400_000)),
        truncated: false,
    }
}

pub fn status() -> Status {
    let component = |name: &str, state, error: Option<&str>| Component {
        name: name.into(),
        state,
        age_ms: 8_412_000,
        last_error: error.map(str::to_owned),
    };
    Status {
        version: "0.1.0".into(),
        started_at: at(-8_413_000),
        uptime_ms: 8_413_000,
        components: vec![
            component("postgres", ComponentState::Ok, None),
            component("otlp_grpc", ComponentState::Ok, None),
            component("otlp_http", ComponentState::Ok, None),
            component(
                "finder",
                ComponentState::Degraded,
                Some("behind by 1,204 blocks"),
            ),
            component(
                "merger",
                ComponentState::Ok,
                Some("statement timeout (recovered)"),
            ),
            component("exporter", ComponentState::Off, None),
        ],
        ingest: IngestCounters {
            accepted_spans: 12_904_113,
            duplicate_spans: 412,
            accepted_logs: 90_122,
            accepted_metric_points: 4_401,
            refused_requests: [("overloaded".to_owned(), 14)].into(),
            rejected_records: [("bad_trace_id".to_owned(), 3), ("too_large".to_owned(), 1)].into(),
        },
        store: StoreFigures {
            bytes_on_disk: Some(1_804_000_000),
            oldest_span_at: Some(at(-604_800_000)),
            newest_span_at: Some(at(-40)),
            blocks: Some(48_112),
            spans: None,
        },
    }
}

pub fn users() -> Vec<UserLine> {
    [
        ("admin", Role::Admin),
        ("approver", Role::Operator),
        ("李雷", Role::Viewer),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (name, role))| UserLine {
        id: n as i64,
        name: name.into(),
        role,
        created_at: at(-900_000_000),
        last_seen_at: (n < 2).then(|| at(-60_000)),
    })
    .collect()
}

pub fn tokens() -> Vec<TokenLine> {
    vec![
        TokenLine {
            id: 1,
            name: "collector in cluster east".into(),
            purpose: TokenPurpose::Ingest,
            user: None,
            role: None,
            created_at: at(-900_000_000),
            last_used_at: Some(at(-300)),
            expires_at: None,
        },
        TokenLine {
            id: 2,
            name: "nightly report".into(),
            purpose: TokenPurpose::Api,
            user: Some("admin".into()),
            role: Some(Role::Viewer),
            created_at: at(-800_000_000),
            last_used_at: None,
            expires_at: Some(at(2_600_000_000)),
        },
    ]
}

pub fn audit() -> Page<AuditLine> {
    let lines = [
        (
            "admin",
            "token.create",
            "nightly report",
            Decision::Allowed,
            "role viewer",
        ),
        (
            "李雷",
            "user.add",
            "mallory",
            Decision::Denied,
            "needs user.admin",
        ),
        (
            "anonymous",
            "session.open",
            "admin",
            Decision::Denied,
            "wrong credentials, from 127.0.0.1",
        ),
        (
            "admin",
            "session.open",
            "admin",
            Decision::Allowed,
            "from 127.0.0.1",
        ),
        (
            "system",
            "schema.migrate",
            "0001…0006",
            Decision::Allowed,
            "",
        ),
    ];
    let items = lines
        .into_iter()
        .enumerate()
        .map(|(n, (actor, action, object, decision, detail))| AuditLine {
            id: 9 - n as i64,
            at: at(-(n as i64) * 45_000),
            entry: AuditEntry {
                actor: actor.into(),
                action: action.into(),
                object: object.into(),
                decision,
                detail: detail.into(),
            },
            hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        })
        .collect();
    Page::new(items, Some("3".into()))
}
