//! The suite against the simulator, and against a simulator that breaks each rule.

use std::time::Duration;

use waybill_model::topology::{Unknown, Why};

use super::*;
use crate::adapter::Reason;
use crate::sim::{Script, Sim};

const PATIENCE: Duration = Duration::from_millis(200);

fn topics() -> Script {
    let mut script = Script::of_topics(&[("orders", 2), ("audit", 1)], "billing");
    script.head("orders", 0, 7);
    script.commit("billing", "orders", 0, Some(5));
    script.commit("billing", "orders", 1, None);
    script
}

#[tokio::test]
async fn the_simulator_passes() {
    for script in [
        topics(),
        Script::of_queues("/", &[("mail", 3), ("empty", 0)]),
    ] {
        let told = observe(&Sim::new(script.clone()), PATIENCE).await.unwrap();
        assert_eq!(told.topology, script.topology);
        assert_eq!(told.readings.heads.len(), script.readings.heads.len());
        assert_eq!(told.readings.depths.len(), script.readings.depths.len());
    }
}

#[tokio::test]
async fn each_broken_rule_is_named() {
    type Break = fn(&mut Script);
    let cases: [(&str, Break); 9] = [
        ("is beyond", |s| s.commit("billing", "orders", 0, Some(8))),
        ("is no offset", |s| {
            s.commit("billing", "orders", 0, Some(-1))
        }),
        ("the topology has no such group", |s| {
            s.topology.groups.clear()
        }),
        ("from Some(0) to -1", |s| s.head("audit", 0, -1)),
        ("running is unknown without a reason", |s| {
            s.topology.nodes[0].running = None
        }),
        ("stored_bytes is told, and named", |s| {
            s.topology.destinations[0].stored_bytes = Some(0);
        }),
        ("no node", |s| s.topology.nodes.clear()),
        ("stands twice", |s| {
            let again = s.topology.destinations[0].clone();
            s.topology.destinations.push(again);
        }),
        ("the topology has no such destination", |s| {
            s.topology.destinations.retain(|one| one.name != "audit");
        }),
    ];
    for (expected, change) in cases {
        let sim = Sim::new(topics());
        sim.change(change);
        let broken = observe(&sim, PATIENCE).await.unwrap_err();
        assert!(
            broken.iter().any(|line| line.contains(expected)),
            "{expected}: {broken:?}"
        );
    }
}

#[tokio::test]
async fn a_part_that_failed_may_be_named_by_what_holds_it() {
    let sim = Sim::new(topics());
    sim.change(|script| {
        script.topology.nodes[0].unknown.clear();
        script.topology.unknown.push(Unknown {
            member: "nodes".into(),
            why: Why::Forbidden,
            detail: Some("Describe on Cluster".into()),
        });
    });
    observe(&sim, PATIENCE).await.unwrap();
}

#[tokio::test]
async fn refusals_are_named_and_in_time() {
    let sim = Sim::new(topics());
    assert_eq!(
        refuses(&sim, PATIENCE).await.unwrap_err(),
        ["topology was answered"]
    );
    sim.go_down();
    assert_eq!(
        refuses(&sim, PATIENCE).await.unwrap().reason,
        Reason::Unreachable
    );
    sim.come_back();
    sim.change(|script| script.delay = Duration::from_secs(60));
    assert_eq!(
        refuses(&sim, PATIENCE).await.unwrap().reason,
        Reason::TooSlow
    );
    sim.change(|script| {
        script.delay = Duration::ZERO;
        script.refusal = Some(Refused {
            reason: Reason::BadAnswer,
            detail: "two\nlines".into(),
            hint: String::new(),
        });
    });
    let broken = refuses(&sim, PATIENCE).await.unwrap_err();
    assert_eq!(broken.len(), 2, "{broken:?}");
}
