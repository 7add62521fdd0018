//! How a topic's replicas and settings let records be lost.
//!
//! An acknowledged record is lost when every replica that has it is gone, or when one without it
//! leads. How many have it when it is acknowledged is the producer's `acks` within the topic's
//! `min.insync.replicas`; no broker tells what producers ask for, so each sentence that rests on it
//! says so. Sources: Kafka's documentation of topic configurations and of `acks`; KIP-966.

use waybill_model::messaging::DestinationRole;
use waybill_model::posture::{CureKind, Posture, RiskKind, Severity};
use waybill_model::topology::{Destination, Topology, Unknown, Why};

use super::observe::configs::{MIN_IN_SYNC, UNCLEAN_ELECTION};
use crate::posture::{Judged, Judgement, counted};

/// What a cluster of three nodes and more keeps usually.
const USUAL_COPIES: usize = 3;

pub(super) fn of(topology: &Topology) -> Posture {
    let nodes = topology.nodes.len();
    let mut judgement = Judgement::default();
    for topic in &topology.destinations {
        let mut judged = judgement.of(topic);
        let copies = topic.partitions.iter().map(|p| p.replicas.len()).min();
        let Some(copies) = copies.filter(|copies| *copies > 0) else {
            judged.not_known(Unknown {
                member: "partitions".into(),
                why: Why::Missing,
                detail: Some("no replica is told".into()),
            });
            continue;
        };
        if copies == 1 {
            one_copy(&mut judged, topic, nodes);
            // What only replicas decide is decided: there are none.
            continue;
        }
        if judged.lacks("settings") {
            continue;
        }
        one_confirms(&mut judged, topic, copies);
        unclean(&mut judged, topic);
    }
    judgement.passed()
}

fn one_copy(judged: &mut Judged<'_>, topic: &Destination, nodes: usize) {
    let wanted = USUAL_COPIES.min(nodes);
    let change = if wanted > 1 {
        format!("replication factor {wanted}: kafka-reassign-partitions --execute")
    } else {
        "add brokers, then replication factor 3: kafka-reassign-partitions --execute".to_owned()
    };
    let alone = topic.partitions.iter().filter(|p| p.replicas.len() == 1);
    let how = format!(
        "{} of {} partitions have one replica: what it holds is lost with its broker's disk, \
         whatever acks producers ask for",
        alone.count(),
        topic.partitions.len()
    );
    judged.risk_of(
        severity(topic, Severity::High),
        RiskKind::OneCopy,
        counted("replication factor", 1),
        how,
        (CureKind::Replicate, change),
    );
}

fn one_confirms(judged: &mut Judged<'_>, topic: &Destination, copies: usize) {
    let least = judged.value(MIN_IN_SYNC);
    let least = least.and_then(|value| value.parse::<usize>().ok());
    match least {
        None => judged.not_known(not_told(MIN_IN_SYNC)),
        Some(least) if least > 1 => {}
        Some(_) => judged.risk(
            severity(topic, Severity::Medium),
            RiskKind::OneConfirms,
            MIN_IN_SYNC,
            format!(
                "when {} of {copies} replicas fall behind, a write with acks=all is acknowledged \
                 by the leader alone and is lost with it; acks of its producers are not known, and \
                 with acks=1 or 0 this holds at any time",
                copies - 1
            ),
            (CureKind::Alter, format!("{MIN_IN_SYNC}=2")),
        ),
    }
}

fn unclean(judged: &mut Judged<'_>, topic: &Destination) {
    match judged.value(UNCLEAN_ELECTION) {
        Some("true") => judged.risk(
            severity(topic, Severity::Medium),
            RiskKind::UncleanElection,
            UNCLEAN_ELECTION,
            "when no replica in sync is left, one that is behind becomes leader: acknowledged \
             records that it lacks are deleted everywhere",
            (CureKind::Alter, format!("{UNCLEAN_ELECTION}=false")),
        ),
        Some(_) => {}
        None => judged.not_known(not_told(UNCLEAN_ELECTION)),
    }
}

/// What the broker keeps for itself can be read again or made again.
fn severity(topic: &Destination, severity: Severity) -> Severity {
    match topic.role {
        DestinationRole::Internal => Severity::Low,
        _ => severity,
    }
}

fn not_told(setting: &str) -> Unknown {
    Unknown {
        member: format!("settings.{setting}"),
        why: Why::Missing,
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use waybill_model::topology::{Node, Partition, Setting};

    use super::*;

    fn topic(name: &str, copies: &[usize], settings: &[(&str, &str)]) -> Destination {
        let partition = |n: &usize| Partition {
            replicas: (0..*n).map(|id| id.to_string()).collect(),
            ..Partition::default()
        };
        let setting = |(name, value): &(&str, &str)| Setting {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            source: "topic".to_owned(),
        };
        Destination {
            name: name.to_owned(),
            partitions: copies.iter().map(partition).collect(),
            settings: settings.iter().map(setting).collect(),
            ..Destination::default()
        }
    }

    fn judge(destinations: Vec<Destination>) -> Posture {
        of(&Topology {
            nodes: vec![Node::default(), Node::default(), Node::default()],
            destinations,
            ..Topology::default()
        })
    }

    fn told(posture: &Posture) -> Vec<(&str, RiskKind)> {
        let risks = posture.risks.iter();
        risks
            .map(|risk| (risk.place.destination.as_str(), risk.risk))
            .collect()
    }

    const SAFE: &[(&str, &str)] = &[(MIN_IN_SYNC, "2"), (UNCLEAN_ELECTION, "false")];

    #[test]
    fn replicas_the_least_in_sync_and_elections_are_judged() {
        let posture = judge(vec![
            topic("safe", &[3, 3], SAFE),
            topic("alone", &[3, 1], SAFE),
            topic(
                "weak",
                &[3],
                &[(MIN_IN_SYNC, "1"), (UNCLEAN_ELECTION, "true")],
            ),
        ]);
        use RiskKind::{OneConfirms, OneCopy, UncleanElection};
        assert_eq!(
            told(&posture),
            [
                ("alone", OneCopy),
                ("weak", OneConfirms),
                ("weak", UncleanElection)
            ]
        );
        assert!(posture.unjudged.is_empty());
        assert!(posture.risks[0].how.starts_with("1 of 2 partitions"));
        assert_eq!(posture.risks[1].cure.change, "min.insync.replicas=2");
        assert!(
            posture.risks[1]
                .how
                .contains("acks of its producers are not known")
        );
    }

    #[test]
    fn a_setting_that_is_not_told_is_never_safe() {
        let mut forbidden = topic("forbidden", &[3], &[]);
        forbidden.unknown.push(Unknown {
            member: "settings".into(),
            why: Why::Forbidden,
            detail: Some("DescribeConfigs on Topic".into()),
        });
        let partly = topic("partly", &[3], &[(MIN_IN_SYNC, "2")]);
        let posture = judge(vec![forbidden, partly, topic("empty", &[], SAFE)]);
        assert!(posture.risks.is_empty());
        let unjudged: Vec<(&str, Why, &str)> = posture
            .unjudged
            .iter()
            .map(|one| {
                let unknown = &one.unknown[0];
                (
                    one.place.destination.as_str(),
                    unknown.why,
                    unknown.member.as_str(),
                )
            })
            .collect();
        assert_eq!(
            unjudged,
            [
                ("empty", Why::Missing, "partitions"),
                ("forbidden", Why::Forbidden, "settings"),
                (
                    "partly",
                    Why::Missing,
                    "settings.unclean.leader.election.enable"
                ),
            ]
        );
    }

    #[test]
    fn what_the_broker_keeps_for_itself_weighs_less() {
        let mut offsets = topic("__consumer_offsets", &[1], SAFE);
        offsets.role = DestinationRole::Internal;
        let posture = judge(vec![offsets, topic("orders", &[1], SAFE)]);
        let severities: Vec<Severity> = posture.risks.iter().map(|risk| risk.severity).collect();
        assert_eq!(severities, [Severity::High, Severity::Low]);
    }
}
