//! Every registered adapter against the suite of descriptors, and judges that break each rule.

use waybill_model::posture::{Posture, Severity};
use waybill_model::topology::{Setting, Topology};

use super::*;
use crate::registry::adapters;
use crate::sim::{Script, Sims, adapter};

#[test]
fn every_registered_adapter_describes_itself() {
    for adapter in adapters() {
        assert_eq!(descriptor(&adapter), Vec::<String>::new());
    }
    let mut nameless = adapter("Made Up", &Sims::default());
    nameless.vocabulary.group = " ";
    let broken = descriptor(&nameless);
    assert_eq!(broken.len(), 2, "{broken:?}");
}

fn troubled() -> Topology {
    let mut topology = Script::of_topics(&[("a", 1), ("b", 1)], "billing").topology;
    for (one, name, value) in [(0, "keeps", "false"), (1, "copies", "1")] {
        topology.destinations[one].settings.push(Setting {
            name: name.into(),
            value: Some(value.into()),
            source: "topic".into(),
        });
    }
    topology
}

fn simulated(topology: &Topology) -> Posture {
    crate::sim::posture::of(topology)
}

fn wordless(topology: &Topology) -> Posture {
    let mut posture = simulated(topology);
    posture.risks[0].how.clear();
    posture.risks[1].place.destination = "c".into();
    posture
}

fn unsorted(topology: &Topology) -> Posture {
    let mut posture = simulated(topology);
    posture.risks.reverse();
    posture
}

#[test]
fn each_broken_rule_of_judging_is_named() {
    let topology = troubled();
    let good = simulated(&topology);
    assert_eq!(good.risks[0].severity, Severity::High);
    assert_eq!(posture(simulated, &topology), Vec::<String>::new());
    assert_eq!(
        posture(wordless, &topology),
        [
            "b: OneCopy has no sentence in one line",
            "c is at risk, and the topology has no such"
        ]
    );
    assert_eq!(
        posture(unsorted, &topology),
        ["the gravest do not come first"]
    );
}
