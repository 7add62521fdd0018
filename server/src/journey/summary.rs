//! A journey as a row of a list. Senders' texts are cut there: a page of rows stays small whatever
//! they hold, and the journey itself has them whole.

use waybill_model::journey::{Journey, JourneySummary, Message};

use super::rebuild::began_at;

/// Characters of one text.
const LONGEST: usize = 256;

/// Later messages that are named, of those that were finished before this one.
const OVERTAKEN: usize = 3;

/// Cut texts end in an ellipsis.
pub fn cut(text: &str) -> String {
    // Nearly all are short, and this runs for each span that arrives.
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

pub fn summary(journey: &Journey) -> JourneySummary {
    let attempts = || journey.deliveries.iter().flat_map(|d| &d.attempts);
    let ended = attempts().map(|a| a.ended_at).max();
    let created = journey.message.created_at;
    let mut groups: Vec<String> = journey.deliveries.iter().map(|d| cut(d.name())).collect();
    groups.dedup();
    let overtaken_by = journey.overtaken_by.iter().map(|one| one.journey.clone());
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
        message: message(&journey.message),
        producer_service: journey.producer.as_ref().map(|p| cut(&p.service)),
        groups,
        attempts: u32::try_from(attempts().count()).unwrap_or(u32::MAX),
        total_ms: created
            .zip(ended)
            .map(|(from, to)| to.ms_since(from))
            .filter(|ms| *ms >= 0.0),
        first_error: first_error.as_deref().map(cut),
        started_at: began_at(journey),
        diagnosis: journey.diagnosis.as_deref().map(cut),
        diagnosis_rule: journey.diagnosis_rule.clone(),
        overtaken_by: overtaken_by.take(OVERTAKEN).collect(),
    }
}

fn message(whole: &Message) -> Message {
    let own = |text: &Option<String>| text.as_deref().map(cut);
    Message {
        system: cut(&whole.system),
        cluster: own(&whole.cluster),
        destination: own(&whole.destination),
        partition: own(&whole.partition),
        message_id: own(&whole.message_id),
        key: own(&whole.key),
        ..whole.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("orders"), "orders");
        let long = cut(&"é".repeat(60_000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
