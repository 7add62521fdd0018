//! A simulated destination is at risk as its script says: a setting `copies` of 1, and a setting
//! `keeps` that is `false`. Where a script tells of no settings at all, nothing is known.

use waybill_model::posture::{CureKind, Posture, RiskKind, Severity};
use waybill_model::topology::Topology;

use crate::posture::Judgement;

pub fn of(topology: &Topology) -> Posture {
    let mut judgement = Judgement::default();
    for destination in &topology.destinations {
        let mut judged = judgement.of(destination);
        if judged.lacks("settings") {
            continue;
        }
        if judged.value("copies") == Some("1") {
            judged.risk(
                Severity::High,
                RiskKind::OneCopy,
                "copies",
                "it has one copy",
                (CureKind::Replicate, "copies=3"),
            );
        }
        if judged.value("keeps") == Some("false") {
            judged.risk(
                Severity::Medium,
                RiskKind::NotDurable,
                "keeps",
                "it forgets what it holds",
                (CureKind::Recreate, "keeps=true"),
            );
        }
    }
    judgement.passed()
}
