use waybill_broker::posture::Judgement;
use waybill_model::posture::{CureKind, Posture, RiskKind, Severity};
use waybill_model::topology::Topology;

pub(super) fn of(topology: &Topology) -> Posture {
    let mut judgement = Judgement::default();
    for loft in &topology.destinations {
        let mut judged = judgement.of(loft);
        if judged.lacks("settings") || judged.value("roof") != Some("open") {
            continue;
        }
        judged.risk(
            Severity::High,
            RiskKind::NotDurable,
            "roof",
            "what lies in an open loft is washed away by rain",
            (CureKind::Alter, "roof=closed"),
        );
    }
    judgement.passed()
}
