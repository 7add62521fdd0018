//! A journey as a row of a list.

use waybill_model::journey::{Journey, JourneySummary};

use super::rebuild::began_at;

pub fn summary(journey: &Journey) -> JourneySummary {
    let attempts = || journey.deliveries.iter().flat_map(|d| &d.attempts);
    let ended = attempts().map(|a| a.ended_at).max();
    let created = journey.message.created_at;
    let mut groups: Vec<String> = journey
        .deliveries
        .iter()
        .map(|d| d.group.clone().unwrap_or_else(|| d.service.clone()))
        .collect();
    groups.dedup();
    let first_error =
        attempts()
            .filter_map(|a| a.error.as_ref())
            .find_map(|e| match (&e.kind, &e.message) {
                (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
                (one, other) => one.clone().or_else(|| other.clone()),
            });
    JourneySummary {
        id: journey.id.clone(),
        state: journey.state,
        message: journey.message.clone(),
        producer_service: journey.producer.as_ref().map(|p| p.service.clone()),
        groups,
        attempts: u32::try_from(attempts().count()).unwrap_or(u32::MAX),
        total_ms: created
            .zip(ended)
            .map(|(from, to)| to.ms_since(from))
            .filter(|ms| *ms >= 0.0),
        first_error,
        started_at: began_at(journey),
        diagnosis: journey.diagnosis.clone(),
        diagnosis_rule: journey.diagnosis_rule.clone(),
    }
}
