//! Short ways to write what an adapter judges.

use waybill_model::posture::{
    Cure, CureKind, Posture, Risk, RiskKind, RiskPlace, RiskSetting, Severity, Unjudged,
};
use waybill_model::topology::{Destination, Setting, Unknown};

/// Gathers the risks of one destination after the other.
#[derive(Debug, Default)]
pub struct Judgement {
    posture: Posture,
}

/// One destination, while it is judged.
pub struct Judged<'a> {
    destination: &'a Destination,
    posture: &'a mut Posture,
    unknown: Vec<Unknown>,
}

impl Judgement {
    pub fn of<'a>(&'a mut self, destination: &'a Destination) -> Judged<'a> {
        Judged {
            destination,
            posture: &mut self.posture,
            unknown: Vec::new(),
        }
    }

    pub fn passed(self) -> Posture {
        self.posture.sorted()
    }
}

impl Judged<'_> {
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        let settings = &self.destination.settings;
        settings.iter().find(|setting| setting.name == name)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.setting(name)?.value.as_deref()
    }

    /// The setting `name` makes it so, as it is told; not set where it is not there.
    pub fn risk(
        &mut self,
        severity: Severity,
        risk: RiskKind,
        name: &str,
        how: impl Into<String>,
        cure: (CureKind, impl Into<String>),
    ) {
        let told = self.setting(name);
        let setting = RiskSetting {
            name: name.to_owned(),
            value: told.and_then(|setting| setting.value.clone()),
            source: told.map(|setting| setting.source.clone()),
        };
        self.risk_of(severity, risk, setting, how, cure);
    }

    /// The same of something that is no setting, such as how many replicas there are.
    pub fn risk_of(
        &mut self,
        severity: Severity,
        risk: RiskKind,
        setting: RiskSetting,
        how: impl Into<String>,
        (kind, change): (CureKind, impl Into<String>),
    ) {
        self.posture.risks.push(Risk {
            place: place(self.destination),
            severity,
            risk,
            setting,
            how: how.into(),
            cure: Cure {
                kind,
                change: change.into(),
            },
        });
    }

    /// Something that decides is not known.
    pub fn not_known(&mut self, unknown: Unknown) {
        self.unknown.push(unknown);
    }

    /// The reasons that the destination itself gives for `member`; whether there are any.
    pub fn lacks(&mut self, member: &str) -> bool {
        let untold = self.destination.unknown.iter();
        let before = self.unknown.len();
        self.unknown
            .extend(untold.filter(|unknown| unknown.member == member).cloned());
        self.unknown.len() > before
    }
}

impl Drop for Judged<'_> {
    fn drop(&mut self) {
        if !self.unknown.is_empty() {
            self.posture.unjudged.push(Unjudged {
                place: place(self.destination),
                unknown: std::mem::take(&mut self.unknown),
            });
        }
    }
}

/// Counted by the topology, not set anywhere.
pub fn counted(name: &str, value: usize) -> RiskSetting {
    RiskSetting {
        name: name.to_owned(),
        value: Some(value.to_string()),
        source: None,
    }
}

fn place(destination: &Destination) -> RiskPlace {
    RiskPlace {
        id: String::new(),
        namespace: destination.namespace.clone(),
        destination: destination.name.clone(),
        kind: destination.kind,
        role: destination.role,
    }
}
