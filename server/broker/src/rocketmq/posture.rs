//! How the configuration of brokers lets messages of their topics be lost: by how many replicas a
//! broker has, by when it flushes (`flushDiskType`) and by when it replicates (`brokerRole`).
//!
//! Source: RocketMQ's broker configuration. Both are a broker's, not a topic's: they are judged where
//! the topology tells them among a topic's settings (read from each master), and named as unknown where
//! it does not.

use waybill_model::messaging::DestinationRole;
use waybill_model::posture::{CureKind, Posture, RiskKind, RiskSetting, Severity};
use waybill_model::topology::{Destination, Topology, Unknown, Why};

use crate::posture::{Judged, Judgement, counted};

const FLUSH: &str = "flushDiskType";
const ROLE: &str = "brokerRole";

pub(super) fn of(topology: &Topology) -> Posture {
    let mut judgement = Judgement::default();
    for topic in &topology.destinations {
        let mut judged = judgement.of(topic);
        let is_alone = copies(&mut judged, topic);
        setting(
            &mut judged,
            topic,
            (FLUSH, "ASYNC_FLUSH"),
            (RiskKind::AsyncFlush, "SYNC_FLUSH"),
            "a send is acknowledged before it is on disk: what came last is lost with the \
             broker's machine",
        );
        // Without a second replica there is nothing to wait for.
        if !is_alone {
            setting(
                &mut judged,
                topic,
                (ROLE, "ASYNC_MASTER"),
                (RiskKind::AsyncReplication, "SYNC_MASTER"),
                "a send is acknowledged before a replica has it: what came last is lost with the \
                 master's disk",
            );
        }
    }
    judgement.passed()
}

/// Whether no queue of it has a second replica.
fn copies(judged: &mut Judged<'_>, topic: &Destination) -> bool {
    let copies = topic.partitions.iter().map(|p| p.replicas.len());
    let (Some(least), Some(most)) = (copies.clone().min(), copies.max()) else {
        judged.not_known(not_told("partitions"));
        return false;
    };
    if least == 1 {
        let alone = topic.partitions.iter().filter(|p| p.replicas.len() == 1);
        judged.risk_of(
            severity(topic, Severity::High),
            RiskKind::OneCopy,
            counted("replicas", 1),
            format!(
                "{} of {} queues lie on a broker without a replica: what they hold is lost with \
                 its disk",
                alone.count(),
                topic.partitions.len()
            ),
            (CureKind::Replicate, "add a replica to the broker's group"),
        );
    }
    most <= 1
}

/// `weak`: the value that makes it so; brokers of one topic may differ.
fn setting(
    judged: &mut Judged<'_>,
    topic: &Destination,
    (name, weak): (&str, &str),
    (risk, wanted): (RiskKind, &str),
    how: &str,
) {
    let mut told = topic
        .settings
        .iter()
        .filter(|one| one.name == name)
        .peekable();
    let member = format!("settings.{name}");
    // Of several brokers some may not tell.
    if !judged.lacks(&member) && told.peek().is_none() {
        return judged.not_known(not_told(&member));
    }
    let weak = told.find(|one| one.value.as_deref() == Some(weak));
    if let Some(weak) = weak {
        let setting = RiskSetting {
            name: name.to_owned(),
            value: weak.value.clone(),
            source: Some(weak.source.clone()),
        };
        judged.risk_of(
            severity(topic, Severity::Medium),
            risk,
            setting,
            how,
            (CureKind::Alter, format!("{name}={wanted}")),
        );
    }
}

/// What brokers keep for themselves.
fn severity(topic: &Destination, severity: Severity) -> Severity {
    match topic.role {
        DestinationRole::Internal => Severity::Low,
        _ => severity,
    }
}

fn not_told(member: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::NotAsked,
        detail: Some("the broker's configuration was not told".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use waybill_model::topology::{Partition, Setting};

    use super::*;

    fn topic(name: &str, copies: usize, settings: &[(&str, &str)]) -> Destination {
        let setting = |(name, value): &(&str, &str)| Setting {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            source: "broker-a".to_owned(),
        };
        Destination {
            name: name.to_owned(),
            partitions: vec![Partition {
                replicas: (0..copies).map(|n| n.to_string()).collect(),
                ..Partition::default()
            }],
            settings: settings.iter().map(setting).collect(),
            ..Destination::default()
        }
    }

    #[test]
    fn replicas_flushing_and_replicating_are_judged_where_they_are_told() {
        let mut forbidden = topic("forbidden", 2, &[(ROLE, "SYNC_MASTER")]);
        forbidden.unknown.push(Unknown {
            member: format!("settings.{FLUSH}"),
            why: Why::Forbidden,
            detail: Some("Get on Cluster".to_owned()),
        });
        let posture = of(&Topology {
            destinations: vec![
                topic("safe", 2, &[(FLUSH, "SYNC_FLUSH"), (ROLE, "SYNC_MASTER")]),
                topic(
                    "alone",
                    1,
                    &[(FLUSH, "ASYNC_FLUSH"), (ROLE, "ASYNC_MASTER")],
                ),
                topic(
                    "mixed",
                    2,
                    &[
                        (FLUSH, "SYNC_FLUSH"),
                        (ROLE, "SYNC_MASTER"),
                        (ROLE, "ASYNC_MASTER"),
                    ],
                ),
                topic("untold", 2, &[]),
                forbidden,
            ],
            ..Topology::default()
        });
        let told: Vec<(&str, RiskKind)> = posture
            .risks
            .iter()
            .map(|risk| (risk.place.destination.as_str(), risk.risk))
            .collect();
        use RiskKind::{AsyncFlush, AsyncReplication, OneCopy};
        assert_eq!(
            told,
            [
                ("alone", OneCopy),
                ("alone", AsyncFlush),
                ("mixed", AsyncReplication)
            ]
        );
        let mixed = &posture.risks[2].setting;
        assert_eq!(mixed.value.as_deref(), Some("ASYNC_MASTER"));
        let members: Vec<&str> = posture.unjudged[1]
            .unknown
            .iter()
            .map(|unknown| unknown.member.as_str())
            .collect();
        assert_eq!(posture.unjudged[1].place.destination, "untold");
        assert_eq!(members, ["settings.flushDiskType", "settings.brokerRole"]);
        let forbidden = &posture.unjudged[0].unknown;
        assert_eq!((forbidden.len(), forbidden[0].why), (1, Why::Forbidden));
    }
}
