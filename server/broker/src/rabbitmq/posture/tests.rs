use waybill_model::messaging::DestinationRole;
use waybill_model::posture::{RiskKind, Severity};
use waybill_model::topology::{
    Finding, FindingKind, Node, Partition, Route, RouteKind, Setting, Why,
};

use super::*;

fn settings(list: &[(&str, &str)]) -> Vec<Setting> {
    let setting = |(name, value): &(&str, &str)| Setting {
        name: (*name).to_owned(),
        value: Some((*value).to_owned()),
        source: "policy all".to_owned(),
    };
    list.iter().map(setting).collect()
}

fn queue(name: &str, subtype: &str, copies: usize, list: &[(&str, &str)]) -> Destination {
    let mut all = vec![
        ("durable", "true"),
        ("auto-delete", "false"),
        ("exclusive", "false"),
    ];
    all.retain(|(name, _)| list.iter().all(|(set, _)| set != name));
    all.extend(list);
    Destination {
        name: name.to_owned(),
        namespace: Some("/".to_owned()),
        kind: DestinationKind::Queue,
        subtype: Some(subtype.to_owned()),
        settings: settings(&all),
        partitions: vec![Partition {
            replicas: (0..copies).map(|node| format!("n{node}")).collect(),
            ..Partition::default()
        }],
        ..Destination::default()
    }
}

fn cluster(nodes: usize, version: &str, destinations: Vec<Destination>) -> Topology {
    Topology {
        version: Some(version.to_owned()),
        nodes: vec![Node::default(); nodes],
        destinations,
        ..Topology::default()
    }
}

fn told(posture: &Posture) -> Vec<(&str, RiskKind)> {
    let risks = posture.risks.iter();
    risks
        .map(|risk| (risk.place.destination.as_str(), risk.risk))
        .collect()
}

const KEPT: (&str, &str) = ("dead-letter-exchange", "dead");

#[test]
fn what_outlives_a_restart_and_the_loss_of_a_node() {
    let posture = of(&cluster(
        3,
        "3.10.8",
        vec![
            queue("temporary", "classic", 1, &[("durable", "false"), KEPT]),
            queue("mine", "classic", 1, &[("exclusive", "true")]),
            queue("going", "quorum", 3, &[("auto-delete", "true"), KEPT]),
            queue("unused", "classic", 2, &[("expires", "60000"), KEPT]),
            queue("alone", "classic", 1, &[KEPT]),
            queue("grown-down", "quorum", 1, &[KEPT]),
        ],
    ));
    use RiskKind::{AtMostOnceDeadLetter, NotDurable, OneCopy, Vanishes};
    assert_eq!(
        told(&posture),
        [
            ("alone", OneCopy),
            ("grown-down", OneCopy),
            ("temporary", NotDurable),
            ("going", Vanishes),
            ("going", AtMostOnceDeadLetter),
            ("grown-down", AtMostOnceDeadLetter),
            ("unused", Vanishes),
            ("mine", Vanishes),
        ]
    );
    assert!(posture.unjudged.is_empty());
    let grown = &posture.risks[1];
    assert_eq!(
        grown.cure.change,
        "rabbitmq-queues add_member --vhost / grown-down NODE"
    );
    // One node has nowhere to copy to.
    let single = of(&cluster(
        1,
        "3.10.8",
        vec![queue("alone", "classic", 1, &[KEPT])],
    ));
    assert!(single.risks.is_empty());
}

#[test]
fn what_becomes_of_messages_that_nobody_consumed() {
    let posture = of(&cluster(
        1,
        "3.10.8",
        vec![
            queue("full", "classic", 1, &[("max-length", "10")]),
            queue(
                "closed",
                "classic",
                1,
                &[("max-length", "10"), ("overflow", "reject-publish"), KEPT],
            ),
            queue("late", "classic", 1, &[("message-ttl", "1000")]),
            queue("tried", "quorum", 1, &[("delivery-limit", "3")]),
            queue("endless", "quorum", 1, &[("delivery-limit", "-1")]),
            queue(
                "promised",
                "quorum",
                1,
                &[KEPT, ("dead-letter-strategy", "at-least-once")],
            ),
            queue(
                "kept",
                "quorum",
                1,
                &[
                    KEPT,
                    ("dead-letter-strategy", "at-least-once"),
                    ("overflow", "reject-publish"),
                ],
            ),
        ],
    ));
    use RiskKind::{AtMostOnceDeadLetter, DropsOldest, Expires, Rejected, TriedOut};
    assert_eq!(
        told(&posture),
        [
            ("full", DropsOldest),
            ("tried", TriedOut),
            ("late", Expires),
            ("promised", AtMostOnceDeadLetter),
            ("endless", Rejected),
            ("full", Rejected),
            ("late", Rejected),
            ("tried", Rejected),
        ]
    );
    let full = &posture.risks[0].setting;
    assert_eq!(
        (
            full.name.as_str(),
            full.value.as_deref(),
            full.source.as_deref()
        ),
        ("overflow", Some("drop-head"), Some("default"))
    );
    assert_eq!(posture.risks[3].setting.name, "overflow");
}

#[test]
fn quorum_queues_have_a_limit_from_4_on() {
    let at = |version| {
        of(&cluster(
            1,
            version,
            vec![queue("orders", "quorum", 1, &[])],
        ))
    };
    let newer = at("4.1.0");
    assert_eq!(newer.risks[0].risk, RiskKind::TriedOut);
    assert_eq!(newer.risks[0].setting.value.as_deref(), Some("20"));
    assert_eq!(told(&at("3.13.7")), [("orders", RiskKind::Rejected)]);
}

#[test]
fn dead_letters_without_a_target_and_exchanges_without_a_way() {
    let mut lost = queue("lost", "classic", 1, &[KEPT]);
    lost.findings.push(Finding {
        kind: FindingKind::MissingTarget,
        detail: "dead letters go to exchange dead, which does not exist".to_owned(),
    });
    let mut dead = queue("orders.dlq", "classic", 1, &[]);
    dead.role = DestinationRole::DeadLetter;
    let exchange = |name: &str, list: &[(&str, &str)]| Destination {
        name: name.to_owned(),
        namespace: Some("/".to_owned()),
        kind: DestinationKind::Exchange,
        settings: settings(list),
        ..Destination::default()
    };
    let mut topology = cluster(
        1,
        "3.10.8",
        vec![
            lost,
            dead,
            exchange("amq.topic", &[("durable", "true")]),
            exchange("bound", &[("durable", "true")]),
            exchange("nowhere", &[("durable", "true")]),
            exchange(
                "backed",
                &[("durable", "false"), ("alternate-exchange", "spare")],
            ),
        ],
    );
    topology.routes.push(Route {
        kind: RouteKind::Binding,
        namespace: Some("/".to_owned()),
        from: "bound".to_owned(),
        to: "lost".to_owned(),
        to_kind: DestinationKind::Queue,
        routing_key: None,
        guarantee: None,
    });
    let posture = of(&topology);
    assert_eq!(
        told(&posture),
        [
            ("backed", RiskKind::NotDurable),
            ("lost", RiskKind::MissingTarget),
            ("nowhere", RiskKind::Unrouted),
        ]
    );
    assert!(
        posture
            .risks
            .iter()
            .all(|risk| risk.severity == Severity::High)
    );
}

#[test]
fn what_is_not_told_is_never_safe() {
    let unknown = |member: &str, why| Unknown {
        member: member.to_owned(),
        why,
        detail: None,
    };
    let mut fresh = queue("fresh", "quorum", 3, &[KEPT]);
    fresh.unknown.push(unknown("settings", Why::Missing));
    let mut untyped = queue("untyped", "", 0, &[KEPT]);
    untyped.settings.clear();
    untyped.unknown.push(unknown("subtype", Why::Missing));
    let mut topology = cluster(3, "3.10.8", vec![fresh, untyped]);
    let posture = of(&topology);
    let unjudged: Vec<(&str, Vec<&str>)> = posture
        .unjudged
        .iter()
        .map(|one| {
            let unknown = one.unknown.iter().map(|u| u.member.as_str());
            (one.place.destination.as_str(), unknown.collect())
        })
        .collect();
    assert_eq!(
        unjudged,
        [
            ("fresh", vec!["settings"]),
            (
                "untyped",
                vec!["subtype", "settings.durable", "settings.members"]
            ),
        ]
    );
    topology.destinations = vec![queue("orders", "quorum", 3, &[KEPT])];
    topology.unknown.push(unknown("settings", Why::Forbidden));
    assert_eq!(of(&topology).unjudged[0].unknown[0].why, Why::Forbidden);
}
