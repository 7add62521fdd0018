//! What an adapter judges of a topology.

use std::collections::BTreeSet;

use waybill_model::posture::{Risk, RiskPlace, Unjudged};
use waybill_model::topology::{DestinationKind, Topology};

use crate::adapter::Judge;

type Key<'a> = (Option<&'a str>, &'a str, DestinationKind);

/// Each line names what is broken.
pub fn posture(judge: Judge, topology: &Topology) -> Vec<String> {
    let mut broken = Vec::new();
    let known: BTreeSet<Key<'_>> = topology
        .destinations
        .iter()
        .map(|one| (one.namespace.as_deref(), one.name.as_str(), one.kind))
        .collect();
    let told = judge(topology);
    for risk in &told.risks {
        broken.extend(of_risk(risk, &known));
    }
    for one in &told.unjudged {
        broken.extend(of_unjudged(one, &known));
    }
    if told.clone().sorted() != told {
        broken.push("the gravest do not come first".to_owned());
    }
    if judge(topology) != told {
        broken.push("it judges the same topology in two ways".to_owned());
    }
    broken
}

fn key(place: &RiskPlace) -> Key<'_> {
    (
        place.namespace.as_deref(),
        place.destination.as_str(),
        place.kind,
    )
}

fn of_risk(risk: &Risk, known: &BTreeSet<Key<'_>>) -> Vec<String> {
    let name = &risk.place.destination;
    let mut broken = Vec::new();
    if !known.contains(&key(&risk.place)) {
        broken.push(format!("{name} is at risk, and the topology has no such"));
    }
    for (what, text) in [
        ("setting", &risk.setting.name),
        ("sentence", &risk.how),
        ("cure", &risk.cure.change),
    ] {
        if text.trim().is_empty() || text.contains('\n') {
            broken.push(format!("{name}: {:?} has no {what} in one line", risk.risk));
        }
    }
    broken
}

fn of_unjudged(one: &Unjudged, known: &BTreeSet<Key<'_>>) -> Vec<String> {
    let name = &one.place.destination;
    let mut broken = Vec::new();
    if !known.contains(&key(&one.place)) {
        broken.push(format!("{name} is unjudged, and the topology has no such"));
    }
    if one.unknown.is_empty() {
        broken.push(format!("{name} is unjudged for no reason"));
    }
    broken
}
