//! What becomes of messages that nobody consumed to the end: expired, pushed out, tried too often,
//! rejected, and dead letters on their way.

use waybill_model::messaging::DestinationRole;
use waybill_model::posture::{CureKind, RiskKind, RiskSetting, Severity};
use waybill_model::topology::{Destination, DestinationKind, Finding, FindingKind};

use super::Around;
use crate::posture::Judged;

/// Of quorum queues from 4.0 on, where none is set.
const USUAL_DELIVERY_LIMIT: &str = "20";
const ROUTE: &str = "a policy with dead-letter-exchange, and a queue bound to it";

pub(super) fn queue(judged: &mut Judged<'_>, queue: &Destination, around: &Around<'_>) {
    // A stream keeps what was consumed and drops by age and size: that is what it is for.
    if queue.kind == DestinationKind::Stream {
        return;
    }
    for finding in &queue.findings {
        of_finding(judged, finding);
    }
    if judged.setting("dead-letter-exchange").is_some() {
        arrives(judged, queue);
    } else {
        without_route(judged, queue, around);
    }
}

/// What the way of its dead letters was found to lack.
fn of_finding(judged: &mut Judged<'_>, finding: &Finding) {
    let (risk, change) = match finding.kind {
        FindingKind::MissingTarget => (RiskKind::MissingTarget, "make what it names"),
        FindingKind::Unrouted => (RiskKind::Unrouted, "bind a queue to that exchange"),
        FindingKind::Loop => (
            RiskKind::Loop,
            "a dead-letter-exchange that leads out of the circle",
        ),
        // How it is now, not how it is set.
        FindingKind::UnderMinInSync | FindingKind::UnderReplicated | FindingKind::NoLeader => {
            return;
        }
    };
    judged.risk(
        Severity::High,
        risk,
        "dead-letter-exchange",
        finding.detail.clone(),
        (CureKind::Route, change),
    );
}

fn arrives(judged: &mut Judged<'_>, queue: &Destination) {
    if queue.subtype.as_deref() != Some("quorum") {
        return;
    }
    if judged.value("dead-letter-strategy") != Some("at-least-once") {
        judged.risk(
            Severity::Medium,
            RiskKind::AtMostOnceDeadLetter,
            "dead-letter-strategy",
            "dead letters are published without waiting for confirms: one that its target cannot \
             take at that moment is lost",
            (
                CureKind::Alter,
                "dead-letter-strategy=at-least-once with overflow=reject-publish",
            ),
        );
    } else if judged.value("overflow") != Some("reject-publish") {
        judged.risk(
            Severity::Medium,
            RiskKind::AtMostOnceDeadLetter,
            "overflow",
            "at-least-once dead-lettering holds only with the overflow reject-publish: without it \
             dead letters go at-most-once",
            (CureKind::Alter, "overflow=reject-publish"),
        );
    }
}

fn without_route(judged: &mut Judged<'_>, queue: &Destination, around: &Around<'_>) {
    let is_limited = ["max-length", "max-length-bytes"]
        .into_iter()
        .find(|name| judged.value(name).is_some());
    let rejects = matches!(
        judged.value("overflow"),
        Some("reject-publish" | "reject-publish-dlx")
    );
    if let Some(limit) = is_limited.filter(|_| !rejects) {
        let most = judged.value(limit).unwrap_or_default().to_owned();
        let overflow = judged.setting("overflow");
        let setting = RiskSetting {
            name: "overflow".to_owned(),
            value: Some(judged.value("overflow").unwrap_or("drop-head").to_owned()),
            source: Some(overflow.map_or("default".to_owned(), |told| told.source.clone())),
        };
        judged.risk_of(
            Severity::High,
            RiskKind::DropsOldest,
            setting,
            format!("at {limit} {most} each further message pushes the oldest out, and no dead-letter exchange keeps it"),
            (CureKind::Alter, "overflow=reject-publish, or a dead-letter-exchange"),
        );
    }
    if let Some(ms) = judged.value("message-ttl").map(str::to_owned) {
        judged.risk(
            Severity::Medium,
            RiskKind::Expires,
            "message-ttl",
            format!("what nobody took within {ms} ms is dropped: no dead-letter exchange keeps it"),
            (CureKind::Route, ROUTE),
        );
    }
    if queue.subtype.as_deref() == Some("quorum") {
        tried_out(judged, around);
    }
    // A dead letter that is looked at and rejected was dealt with.
    if queue.role != DestinationRole::DeadLetter && judged.value("exclusive") != Some("true") {
        judged.risk(
            Severity::Low,
            RiskKind::Rejected,
            "dead-letter-exchange",
            "a message that a consumer rejects without requeueing, or whose own expiration is \
             over, is dropped",
            (CureKind::Route, ROUTE),
        );
    }
}

fn tried_out(judged: &mut Judged<'_>, around: &Around<'_>) {
    const NAME: &str = "delivery-limit";
    let told = judged.setting(NAME);
    let (value, source) = match (told, around.major) {
        (Some(told), _) => (
            told.value.clone().unwrap_or_default(),
            Some(told.source.clone()),
        ),
        (None, Some(major)) if major >= 4 => (
            USUAL_DELIVERY_LIMIT.to_owned(),
            Some("default from 4.0 on".to_owned()),
        ),
        (None, Some(_)) => return,
        (None, None) => return judged.not_known(super::keeps::not_told(NAME)),
    };
    // A negative limit is none.
    if value.starts_with('-') {
        return;
    }
    let how = format!(
        "after {value} failed deliveries a message is dropped: no dead-letter exchange keeps it"
    );
    judged.risk_of(
        Severity::High,
        RiskKind::TriedOut,
        RiskSetting {
            name: NAME.to_owned(),
            value: Some(value),
            source,
        },
        how,
        (CureKind::Route, ROUTE),
    );
}
