//! A row of a list from a whole journey.

use waybill_model::journey::{Journey, JourneySummary, Outcome};
use waybill_model::time::Timestamp;

pub(super) fn summarise(journey: &Journey) -> JourneySummary {
    let attempts = || journey.deliveries.iter().flat_map(|d| &d.attempts);
    let started_at = started_at(journey);
    let last_end = attempts().map(|a| a.ended_at).max();
    let total_ms = match (journey.producer.as_ref(), last_end) {
        (Some(_), Some(end)) => Some(end.ms_since(started_at)).filter(|ms| *ms >= 0.0),
        _ => None,
    };
    let mut groups: Vec<String> =
        journey.deliveries.iter().filter_map(|d| d.group.clone()).collect();
    groups.dedup();
    JourneySummary {
        id: journey.id.clone(),
        state: journey.state,
        message: journey.message.clone(),
        producer_service: journey.producer.as_ref().map(|p| p.service.clone()),
        groups,
        attempts: u32::try_from(attempts().count()).unwrap_or(u32::MAX),
        total_ms,
        first_error: attempts()
            .filter(|a| a.outcome == Outcome::Failed)
            .find_map(|a| a.error.as_ref())
            .and_then(|e| match (&e.kind, &e.message) {
                (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
                (kind, message) => kind.clone().or_else(|| message.clone()),
            }),
        started_at,
        diagnosis: journey.diagnosis.clone(),
        diagnosis_rule: journey.diagnosis_rule.clone(),
    }
}

/// When the message was made, as far as anything tells.
pub(super) fn started_at(journey: &Journey) -> Timestamp {
    let first_attempt = journey.deliveries.iter().flat_map(|d| &d.attempts).map(|a| a.started_at);
    journey
        .message
        .created_at
        .or_else(|| journey.producer.as_ref().map(|p| p.started_at))
        .or_else(|| journey.hops.iter().filter_map(|hop| hop.at).min())
        .or_else(|| first_attempt.min())
        .unwrap_or(Timestamp::EPOCH)
}
