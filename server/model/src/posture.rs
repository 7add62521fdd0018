//! How a cluster's own settings let messages be lost: its durability posture.

use serde::Serialize;

use crate::messaging::DestinationRole;
use crate::time::Timestamp;
use crate::topology::{DestinationKind, Unknown};

/// What an adapter judges of one topology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posture {
    /// The gravest first, then by destination.
    pub risks: Vec<Risk>,
    /// Destinations of which a setting that decides is not known: neither safe nor at risk.
    pub unjudged: Vec<Unjudged>,
}

/// One way in which one destination can lose messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Risk {
    pub place: RiskPlace,
    pub severity: Severity,
    pub risk: RiskKind,
    pub setting: RiskSetting,
    /// One sentence in the broker's words.
    pub how: String,
    pub cure: Cure,
}

/// The destination that is at risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskPlace {
    /// As GET /destinations/{id} takes it; empty until a cluster's answer is put together.
    pub id: String,
    pub namespace: Option<String>,
    pub destination: String,
    pub kind: DestinationKind,
    pub role: DestinationRole,
}

/// The setting that makes it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskSetting {
    /// In the broker's words, such as `overflow`.
    pub name: String,
    /// `None`: it is not set.
    pub value: Option<String>,
    /// Where it comes from, as of [`crate::topology::Setting`]; `None` where it is not set.
    pub source: Option<String>,
}

/// What ends the risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cure {
    pub kind: CureKind,
    /// The wanted setting or the command, in the broker's words: `min.insync.replicas=2`.
    pub change: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CureKind {
    /// The setting is changed where it stands; messages stay.
    Alter,
    /// It is fixed when the destination is made: another one is made with it.
    Recreate,
    /// Replicas are added.
    Replicate,
    /// Something is made that takes what would be lost.
    Route,
}

/// How little it takes until messages are lost. Ordered, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Ordinary running or a single fault: a full queue, a restart, a lost node.
    High,
    /// Two events together, or messages of which consumers or time have disposed.
    Medium,
    /// A loss that is often meant: a temporary queue, a rejected message.
    Low,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// There is one copy.
    OneCopy,
    /// A write may count as done when one copy has it.
    OneConfirms,
    /// A replica that lacks messages may become leader.
    UncleanElection,
    /// It, or what it holds, does not outlive a restart.
    NotDurable,
    /// It is deleted with what it holds when nobody uses it any more.
    Vanishes,
    /// When it is full it drops messages that no route keeps.
    DropsOldest,
    /// Messages expire and no route keeps them.
    Expires,
    /// Messages that were tried too often are dropped.
    TriedOut,
    /// A message that a consumer rejects is dropped.
    Rejected,
    /// Dead letters may be lost on their way.
    AtMostOnceDeadLetter,
    /// What it dead-letters to does not exist.
    MissingTarget,
    /// Messages are routed nowhere.
    Unrouted,
    /// Messages go round, and the broker drops them or lets them never rest.
    Loop,
    /// A write is confirmed before it is on disk.
    AsyncFlush,
    /// A write is confirmed before a second node has it.
    AsyncReplication,
}

/// A destination that could not be judged whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unjudged {
    pub place: RiskPlace,
    pub unknown: Vec<Unknown>,
}

/// Risks by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskCounts {
    pub high: u64,
    pub medium: u64,
    pub low: u64,
    /// Destinations that could not be judged whole.
    pub unjudged: u64,
}

/// What a list of risks is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskQuery {
    pub severity: Option<Severity>,
    pub risk: Option<RiskKind>,
}

/// The durability posture of one cluster, as the API tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Durability {
    pub cluster: String,
    /// When the settings were read.
    pub as_of: Option<Timestamp>,
    pub stale: Option<bool>,
    /// Of everything that the caller sees, whatever was asked for; null where nothing was judged.
    pub counts: Option<RiskCounts>,
    /// The gravest first.
    pub items: Vec<Risk>,
    pub next: Option<String>,
    /// Some of them where there are many: `counts` tells how many there are.
    pub unjudged: Vec<Unjudged>,
    /// Members that are null, and why; a judgement that could not be passed at all.
    pub unknown: Vec<Unknown>,
}

impl Posture {
    /// The gravest first, then by destination and kind of risk.
    pub fn sorted(mut self) -> Self {
        self.risks.sort_by(|a, b| {
            let (left, right) = (a.place.order(), b.place.order());
            (a.severity, left, a.risk).cmp(&(b.severity, right, b.risk))
        });
        self.unjudged
            .sort_by(|a, b| a.place.order().cmp(&b.place.order()));
        self
    }

    pub fn counts(&self) -> RiskCounts {
        let of = |severity| {
            let risks = self.risks.iter().filter(|risk| risk.severity == severity);
            risks.count() as u64
        };
        RiskCounts {
            high: of(Severity::High),
            medium: of(Severity::Medium),
            low: of(Severity::Low),
            unjudged: self.unjudged.len() as u64,
        }
    }

    /// What is left of it in these eyes.
    pub fn narrowed(&self, sees: impl Fn(&RiskPlace) -> bool) -> Self {
        let risks = self.risks.iter().filter(|risk| sees(&risk.place));
        let unjudged = self.unjudged.iter().filter(|one| sees(&one.place));
        Self {
            risks: risks.cloned().collect(),
            unjudged: unjudged.cloned().collect(),
        }
    }
}

impl RiskPlace {
    fn order(&self) -> (Option<&str>, &str, DestinationKind) {
        (self.namespace.as_deref(), &self.destination, self.kind)
    }
}

impl RiskQuery {
    pub fn takes(&self, risk: &Risk) -> bool {
        self.severity
            .is_none_or(|severity| severity == risk.severity)
            && self.risk.is_none_or(|kind| kind == risk.risk)
    }
}

impl Severity {
    pub const WORDS: &[(&'static str, Self)] = &[
        ("high", Self::High),
        ("medium", Self::Medium),
        ("low", Self::Low),
    ];
}

impl RiskKind {
    pub const WORDS: &[(&'static str, Self)] = &[
        ("one_copy", Self::OneCopy),
        ("one_confirms", Self::OneConfirms),
        ("unclean_election", Self::UncleanElection),
        ("not_durable", Self::NotDurable),
        ("vanishes", Self::Vanishes),
        ("drops_oldest", Self::DropsOldest),
        ("expires", Self::Expires),
        ("tried_out", Self::TriedOut),
        ("rejected", Self::Rejected),
        ("at_most_once_dead_letter", Self::AtMostOnceDeadLetter),
        ("missing_target", Self::MissingTarget),
        ("unrouted", Self::Unrouted),
        ("loop", Self::Loop),
        ("async_flush", Self::AsyncFlush),
        ("async_replication", Self::AsyncReplication),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn risk(name: &str, severity: Severity, kind: RiskKind) -> Risk {
        Risk {
            place: RiskPlace {
                id: String::new(),
                namespace: None,
                destination: name.into(),
                kind: DestinationKind::Topic,
                role: DestinationRole::Origin,
            },
            severity,
            risk: kind,
            setting: RiskSetting {
                name: "copies".into(),
                value: Some("1".into()),
                source: Some("default".into()),
            },
            how: String::new(),
            cure: Cure {
                kind: CureKind::Replicate,
                change: "copies=3".into(),
            },
        }
    }

    #[test]
    fn the_gravest_come_first_and_each_sees_its_own() {
        use Severity::{High, Low};
        let posture = Posture {
            risks: vec![
                risk("b", Low, RiskKind::Rejected),
                risk("b", High, RiskKind::OneCopy),
                risk("a", Low, RiskKind::Rejected),
            ],
            unjudged: Vec::new(),
        }
        .sorted();
        let told: Vec<(&str, Severity)> = posture
            .risks
            .iter()
            .map(|risk| (risk.place.destination.as_str(), risk.severity))
            .collect();
        assert_eq!(told, [("b", High), ("a", Low), ("b", Low)]);
        let narrowed = posture.narrowed(|place| place.destination == "a");
        assert_eq!((narrowed.counts().high, narrowed.counts().low), (0, 1));
    }

    #[test]
    fn words_are_those_of_the_answers() {
        for (word, kind) in RiskKind::WORDS {
            assert_eq!(serde_json::json!(kind), *word);
        }
        for (word, severity) in Severity::WORDS {
            assert_eq!(serde_json::json!(severity), *word);
        }
    }
}
