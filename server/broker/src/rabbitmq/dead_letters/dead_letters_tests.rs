use serde_json::{Value, json};

use super::super::policy::from_arguments;
use super::super::routing::tests::{binding, exchange, routing};
use super::*;

struct Broker {
    queues: Vec<(&'static str, &'static str, Value)>,
    exchanges: Vec<Value>,
    bindings: Vec<Value>,
    complete: bool,
}

impl Broker {
    fn new(queues: &[(&'static str, &'static str, Value)]) -> Self {
        Self {
            queues: queues.to_vec(),
            exchanges: Vec::new(),
            bindings: Vec::new(),
            complete: true,
        }
    }

    fn exchange(mut self, name: &str, kind: &str) -> Self {
        self.exchanges.push(exchange(name, kind));
        self
    }

    fn bind(mut self, source: &str, to: &str, key: &str) -> Self {
        self.bindings.push(binding(source, to, key));
        self
    }

    fn derive(&self) -> Derived {
        let sources: Vec<Source> = self
            .queues
            .iter()
            .map(|(name, kind, arguments)| Source {
                key: ("/".to_owned(), (*name).to_owned()),
                kind: Some((*kind).to_owned()),
                settings: from_arguments(&serde_json::from_value(arguments.clone()).unwrap()),
            })
            .collect();
        let names: Vec<&str> = self.queues.iter().map(|(name, ..)| *name).collect();
        let routing = routing(json!(self.exchanges), json!(self.bindings), &names);
        derive(
            &sources,
            &BTreeMap::from([("/".to_owned(), routing)]),
            self.complete,
        )
    }
}

fn drawn(derived: &Derived) -> Vec<(RouteKind, &str, &str)> {
    derived
        .routes
        .iter()
        .map(|r| (r.kind, r.from.as_str(), r.to.as_str()))
        .collect()
}

fn found(derived: &Derived) -> Vec<(&str, FindingKind)> {
    derived
        .findings
        .iter()
        .flat_map(|((_, queue), findings)| findings.iter().map(move |f| (queue.as_str(), f.kind)))
        .collect()
}

fn role(derived: &Derived, queue: &str) -> DestinationRole {
    derived.roles[&("/".to_owned(), queue.to_owned())]
}

fn dead_letters_to(exchange: &str, key: Option<&str>) -> Value {
    let mut arguments = json!({"x-dead-letter-exchange": exchange});
    if let Some(key) = key {
        arguments["x-dead-letter-routing-key"] = json!(key);
    }
    arguments
}

fn with(mut arguments: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    arguments.as_object_mut().unwrap().extend(more);
    arguments
}

#[test]
fn retry_by_waiting_queues_is_wanted() {
    // Consumers publish to the retry queues themselves; only the way back is the broker's.
    let back = with(
        dead_letters_to("payments", Some("payment.requested")),
        json!({"x-message-ttl": 1000, "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}),
    );
    let derived = Broker::new(&[
        ("payment", "quorum", json!({})),
        ("payment.dlq", "quorum", json!({})),
        ("payment.retry.1s", "quorum", back),
    ])
    .exchange("payments", "topic")
    .bind("payments", "payment", "payment.requested")
    .derive();
    assert_eq!(
        drawn(&derived),
        [(RouteKind::Retry, "payment.retry.1s", "payment")]
    );
    assert!(found(&derived).is_empty(), "{derived:?}");
    assert_eq!(
        derived.routes[0].guarantee.as_deref(),
        Some("at-least-once")
    );
    assert_eq!(role(&derived, "payment"), DestinationRole::Origin);
    assert_eq!(role(&derived, "payment.dlq"), DestinationRole::DeadLetter);
}

#[test]
fn a_cycle_that_passes_a_consumer_and_waits_is_wanted() {
    let derived = Broker::new(&[
        ("work", "classic", dead_letters_to("dlx", Some("work"))),
        (
            "parked",
            "classic",
            with(
                dead_letters_to("", Some("work")),
                json!({"x-message-ttl": 5000}),
            ),
        ),
    ])
    .exchange("dlx", "direct")
    .exchange("in", "topic")
    .bind("in", "work", "#")
    .bind("dlx", "parked", "work")
    .derive();
    assert_eq!(
        drawn(&derived),
        [
            (RouteKind::Retry, "work", "parked"),
            (RouteKind::Retry, "parked", "work")
        ]
    );
    assert!(found(&derived).is_empty(), "{derived:?}");
    assert_eq!(role(&derived, "parked"), DestinationRole::Retry);
    assert_eq!(role(&derived, "work"), DestinationRole::Origin);
}

#[test]
fn a_cycle_without_a_consumer_loses_messages() {
    let ttl = json!({"x-message-ttl": 1000});
    let full = json!({"x-max-length": 10});
    for (first, kept) in [
        (ttl.clone(), false),
        (full.clone(), false),
        (json!({}), true),
    ] {
        let derived = Broker::new(&[
            ("a", "classic", with(dead_letters_to("", Some("b")), first)),
            (
                "b",
                "classic",
                with(dead_letters_to("", Some("a")), ttl.clone()),
            ),
        ])
        .derive();
        let expected: &[_] = if kept {
            &[]
        } else {
            &[("a", FindingKind::Loop), ("b", FindingKind::Loop)]
        };
        assert_eq!(found(&derived), expected, "{derived:?}");
    }
    // A full queue that refuses lets nothing die.
    let refuses = with(full, json!({"x-overflow": "reject-publish"}));
    let derived = Broker::new(&[
        (
            "a",
            "classic",
            with(dead_letters_to("", Some("b")), refuses),
        ),
        ("b", "classic", with(dead_letters_to("", Some("a")), ttl)),
    ])
    .derive();
    assert!(found(&derived).is_empty(), "{derived:?}");
}

#[test]
fn a_delivery_limit_in_a_retry_loses_messages() {
    let work = with(
        dead_letters_to("", Some("wait")),
        json!({"x-delivery-limit": 3}),
    );
    let wait = with(
        dead_letters_to("", Some("work")),
        json!({"x-message-ttl": 1000}),
    );
    let derived = Broker::new(&[("work", "quorum", work), ("wait", "quorum", wait)]).derive();
    assert!(derived.routes.iter().all(|r| r.kind == RouteKind::Retry));
    assert_eq!(
        found(&derived),
        [("wait", FindingKind::Loop), ("work", FindingKind::Loop)]
    );
    let findings = derived.findings.values().flatten();
    assert!(
        findings
            .clone()
            .all(|f| f.detail.contains("delivery limit"))
    );
}

#[test]
fn a_cycle_that_never_waits_is_told() {
    let derived = Broker::new(&[
        (
            "a",
            "quorum",
            with(
                dead_letters_to("", Some("b")),
                json!({"x-delivery-limit": 3}),
            ),
        ),
        ("b", "quorum", dead_letters_to("", Some("a"))),
        ("self", "classic", dead_letters_to("", None)),
        ("end", "classic", dead_letters_to("", Some("b"))),
    ])
    .derive();
    assert_eq!(
        found(&derived),
        [
            ("a", FindingKind::Loop),
            ("b", FindingKind::Loop),
            ("self", FindingKind::Loop)
        ]
    );
    assert!(
        derived
            .routes
            .iter()
            .all(|r| r.kind == RouteKind::DeadLetter)
    );
}

#[test]
fn targets_that_do_not_exist_and_ways_that_lead_nowhere() {
    let broker = Broker::new(&[
        ("no-exchange", "classic", dead_letters_to("gone", None)),
        ("no-queue", "classic", dead_letters_to("", Some("gone"))),
        (
            "unrouted",
            "classic",
            dead_letters_to("keys", Some("other")),
        ),
        ("kept-key", "classic", dead_letters_to("keys", None)),
        ("wrong-key", "classic", dead_letters_to("keys", None)),
        ("good", "classic", dead_letters_to("keys", Some("dead"))),
        ("dead", "classic", json!({})),
    ])
    .exchange("keys", "direct")
    .exchange("in", "topic")
    .bind("keys", "dead", "dead")
    .bind("in", "kept-key", "*")
    .bind("in", "wrong-key", "*.*");
    let derived = broker.derive();
    assert_eq!(
        found(&derived),
        [
            ("no-exchange", FindingKind::MissingTarget),
            ("no-queue", FindingKind::MissingTarget),
            ("unrouted", FindingKind::Unrouted),
            ("wrong-key", FindingKind::Unrouted),
        ]
    );
    assert_eq!(
        drawn(&derived),
        [
            (RouteKind::DeadLetter, "kept-key", "dead"),
            (RouteKind::DeadLetter, "good", "dead")
        ]
    );
    assert_eq!(role(&derived, "dead"), DestinationRole::DeadLetter);
    // With a node down, a queue that is not listed may well exist; exchanges are known anyway.
    let incomplete = Broker {
        complete: false,
        ..broker
    };
    assert_eq!(
        found(&incomplete.derive()),
        [("no-exchange", FindingKind::MissingTarget)]
    );
}

#[test]
fn what_a_headers_exchange_does_is_unknown() {
    let derived = Broker::new(&[("q", "classic", dead_letters_to("by-header", None))])
        .exchange("by-header", "headers")
        .derive();
    assert!(found(&derived).is_empty() && derived.routes.is_empty());
    let unknown = &derived.unknown[&("/".to_owned(), "q".to_owned())];
    assert_eq!(unknown[0].why, Why::Unsupported);
    assert!(unknown[0].detail.as_ref().unwrap().contains("by-header"));
}

#[test]
fn the_guarantee_is_the_real_one() {
    let asked = json!({"x-dead-letter-strategy": "at-least-once"});
    let whole = with(asked.clone(), json!({"x-overflow": "reject-publish"}));
    for (kind, more, guarantee) in [
        ("classic", whole.clone(), "at-most-once"),
        ("quorum", json!({}), "at-most-once"),
        ("quorum", asked, "at-most-once: the strategy"),
        ("quorum", whole, "at-least-once"),
    ] {
        let derived = Broker::new(&[
            ("q", kind, with(dead_letters_to("", Some("dead")), more)),
            ("dead", "classic", json!({})),
        ])
        .derive();
        let told = derived.routes[0].guarantee.clone().unwrap();
        assert!(told.starts_with(guarantee), "{told}");
    }
}

#[test]
fn a_key_changed_on_the_way_back_is_followed() {
    // After the retry the key is the queue's name, which the first exchange does not know.
    let derived = Broker::new(&[
        ("work", "classic", dead_letters_to("dlx", None)),
        (
            "wait",
            "classic",
            with(
                dead_letters_to("", Some("work")),
                json!({"x-message-ttl": 10}),
            ),
        ),
        ("parked", "classic", json!({})),
    ])
    .exchange("in", "direct")
    .exchange("dlx", "direct")
    .bind("in", "work", "job")
    .bind("dlx", "wait", "job")
    .bind("dlx", "parked", "work")
    .derive();
    assert!(drawn(&derived).contains(&(RouteKind::DeadLetter, "work", "parked")));
    assert!(drawn(&derived).contains(&(RouteKind::Retry, "work", "wait")));
    assert!(found(&derived).is_empty(), "{derived:?}");
}

#[test]
fn thousands_of_queues_on_one_fanout_are_bounded() {
    let names: Vec<&'static str> = (0..2_000)
        .map(|n| &*Box::leak(format!("q{n}").into_boxed_str()))
        .collect();
    let queues: Vec<_> = names
        .iter()
        .map(|name| (*name, "classic", dead_letters_to("all", None)))
        .collect();
    let mut broker = Broker::new(&queues).exchange("all", "fanout");
    for name in names {
        broker = broker.bind("all", name, "");
    }
    let derived = broker.derive();
    assert!(derived.too_many);
    assert_eq!(derived.routes.len(), 100_000);
}
