//! Which kind of failure an attempt counts in: of the error that its spans name, else of what else
//! says that it failed. Failures are often invisible in spans; then the kind is named by its
//! evidence, and no error is invented.

use waybill_model::failure::FailureEvidence;
use waybill_model::journey::{
    Attempt, Delivery, DeliveryState, HopRole, Journey, JourneyState, Outcome,
};
use xxhash_rust::xxh3::xxh3_64;

/// What a failed attempt, or a failed message, counts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    pub fingerprint: String,
    /// `None`: spans name the error.
    pub evidence: Option<FailureEvidence>,
}

/// Of a message that a row is kept of.
pub fn is_exceptional(journey: &Journey) -> bool {
    let quiet = matches!(
        journey.state,
        JourneyState::Delivered | JourneyState::Unknown | JourneyState::InFlight
    );
    !quiet
        || journey.hops.len() > 1
        || journey.deliveries.iter().any(|delivery| {
            came_again(delivery)
                || delivery
                    .attempts
                    .iter()
                    .any(|a| a.outcome == Outcome::Failed)
        })
}

/// Of the attempt at this place of the delivery; `None`: nothing says that it failed.
pub fn of_attempt(journey: &Journey, delivery: &Delivery, at: usize) -> Option<Kind> {
    let attempt = delivery.attempts.get(at)?;
    let named = attempt.error.as_ref().and_then(|e| e.fingerprint.clone());
    if let Some(fingerprint) = named.filter(|_| attempt.outcome == Outcome::Failed) {
        return Some(Kind {
            fingerprint,
            evidence: None,
        });
    }
    let evidence = evidence(journey, delivery, at, attempt)?;
    Some(kind(journey, Some(&attempt.service), evidence))
}

/// The message was tried again. Where no group is known, two tries at once may be of two groups of
/// one service: only one that began after another had ended is a second one.
pub fn came_again(delivery: &Delivery) -> bool {
    let again = |pair: &[Attempt]| is_again(delivery, &pair[0], &pair[1]);
    delivery.attempts.windows(2).any(again)
}

fn is_again(delivery: &Delivery, attempt: &Attempt, later: &Attempt) -> bool {
    delivery.group.is_some() || later.started_at >= attempt.ended_at
}

/// Of a message that was laid aside though no attempt is known to have failed.
pub fn of_journey(journey: &Journey) -> Option<Kind> {
    (journey.state == JourneyState::DeadLettered)
        .then(|| kind(journey, None, FailureEvidence::DeadLettered))
}

fn kind(journey: &Journey, service: Option<&str>, evidence: FailureEvidence) -> Kind {
    let destination = journey.message.destination.as_deref();
    let print = format!(
        "evidence\n{}\n{}\n{}",
        evidence.name(),
        service.unwrap_or_default(),
        destination.unwrap_or_default()
    );
    Kind {
        fingerprint: format!("{:016x}", xxh3_64(print.as_bytes())),
        evidence: Some(evidence),
    }
}

fn evidence(
    journey: &Journey,
    delivery: &Delivery,
    at: usize,
    attempt: &Attempt,
) -> Option<FailureEvidence> {
    let later = &delivery.attempts[at + 1..];
    let came_again = later
        .iter()
        .any(|other| other.hop == attempt.hop && is_again(delivery, attempt, other));
    match attempt.outcome {
        Outcome::Ok => None,
        Outcome::Unknown => came_again.then_some(FailureEvidence::Redelivered),
        Outcome::Failed => {
            let role = |other: &Attempt| journey.hops.get(other.hop).map(|hop| hop.role);
            let is_dead = delivery.state == DeliveryState::DeadLettered;
            let is_retried = later
                .iter()
                .any(|other| other.hop != attempt.hop && role(other) == Some(HopRole::Retry))
                || (later.is_empty() && delivery.state == DeliveryState::Retrying);
            Some(if is_retried {
                FailureEvidence::Retried
            } else if came_again {
                FailureEvidence::Redelivered
            } else if is_dead && later.is_empty() {
                FailureEvidence::DeadLettered
            } else {
                FailureEvidence::Refused
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use waybill_model::journey::{AttemptError, Hop, Message};
    use waybill_model::time::Timestamp;

    use super::*;

    fn hop(role: HopRole) -> Hop {
        Hop {
            role,
            destination: None,
            partition: None,
            offset: None,
            message_id: None,
            at: None,
            span_id: None,
            trace_id: None,
            route: None,
        }
    }

    fn attempt(hop: usize, outcome: Outcome) -> Attempt {
        Attempt {
            n: 1,
            hop,
            service: "billing".into(),
            version: None,
            instance: None,
            trace_id: waybill_model::id::TraceId::new([1; 16]).unwrap(),
            span_id: waybill_model::id::SpanId::new([1; 8]).unwrap(),
            started_at: Timestamp::EPOCH,
            ended_at: Timestamp::EPOCH,
            outcome,
            error: None,
            joined_by: None,
            backoff_ms: 0.0,
            cause: None,
        }
    }

    fn journey(state: JourneyState, roles: &[HopRole], delivery: Delivery) -> Journey {
        Journey {
            id: "c-1".into(),
            state,
            message: Message {
                system: "examplemq".into(),
                cluster: None,
                destination: Some("orders".into()),
                partition: None,
                offset: None,
                message_id: None,
                key: None,
                size_bytes: None,
                created_at: None,
            },
            hops: roles.iter().copied().map(hop).collect(),
            trace_ids: Vec::new(),
            producer: None,
            deliveries: vec![delivery],
            budget: Vec::new(),
            dead_letter: None,
            replays: Vec::new(),
            caused: Vec::new(),
            caused_by: None,
            gaps: Vec::new(),
            evidence: Vec::new(),
            diagnosis: None,
            diagnosis_rule: None,
            owner: None,
            overtaken_by: Vec::new(),
            assembling: false,
        }
    }

    fn told(
        state: DeliveryState,
        roles: &[HopRole],
        attempts: &[(usize, Outcome)],
    ) -> Vec<Option<FailureEvidence>> {
        let attempts = attempts
            .iter()
            .map(|(hop, outcome)| attempt(*hop, *outcome));
        let delivery = Delivery {
            group: None,
            service: Some("billing".into()),
            state,
            attempts: attempts.collect(),
        };
        let journey = journey(JourneyState::Unknown, roles, delivery);
        let delivery = &journey.deliveries[0];
        (0..delivery.attempts.len())
            .map(|at| of_attempt(&journey, delivery, at).and_then(|kind| kind.evidence))
            .collect()
    }

    #[test]
    fn what_no_span_names_is_told_by_its_evidence() {
        use HopRole::{DeadLetter, Origin, Retry};
        use Outcome::{Failed, Ok, Unknown};
        let again = Some(FailureEvidence::Redelivered);
        for (state, roles, attempts, expected) in [
            (
                DeliveryState::Done,
                &[Origin][..],
                &[(0, Ok)][..],
                vec![None],
            ),
            (
                DeliveryState::Done,
                &[Origin],
                &[(0, Unknown), (0, Ok)],
                vec![again, None],
            ),
            (
                DeliveryState::Unknown,
                &[Origin],
                &[(0, Unknown)],
                vec![None],
            ),
            (
                DeliveryState::Done,
                &[Origin, Retry],
                &[(0, Failed), (1, Ok)],
                vec![Some(FailureEvidence::Retried), None],
            ),
            (
                DeliveryState::Retrying,
                &[Origin, Retry],
                &[(0, Failed)],
                vec![Some(FailureEvidence::Retried)],
            ),
            (
                DeliveryState::DeadLettered,
                &[Origin, DeadLetter],
                &[(0, Failed), (0, Failed)],
                vec![again, Some(FailureEvidence::DeadLettered)],
            ),
            (
                DeliveryState::Failed,
                &[Origin],
                &[(0, Failed)],
                vec![Some(FailureEvidence::Refused)],
            ),
        ] {
            assert_eq!(told(state, roles, attempts), expected, "{attempts:?}");
        }
    }

    #[test]
    fn a_named_error_is_its_own_kind() {
        let mut failed = attempt(0, Outcome::Failed);
        failed.error = Some(AttemptError {
            kind: Some("Declined".into()),
            message: None,
            fingerprint: Some("abc".into()),
            frame: None,
        });
        let delivery = Delivery {
            group: None,
            service: Some("billing".into()),
            state: DeliveryState::Failed,
            attempts: vec![failed],
        };
        let mut journey = journey(JourneyState::DeadLettered, &[HopRole::Origin], delivery);
        let kind = of_attempt(&journey, &journey.deliveries[0], 0).unwrap();
        assert_eq!((kind.fingerprint.as_str(), kind.evidence), ("abc", None));
        // The kind of what was laid aside is one a destination, whatever the message.
        let laid_aside = of_journey(&journey).unwrap();
        journey.id = "c-2".into();
        assert_eq!(of_journey(&journey).as_ref(), Some(&laid_aside));
        journey.message.destination = Some("payments".into());
        assert_ne!(of_journey(&journey).unwrap(), laid_aside);
    }
}
