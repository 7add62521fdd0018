//! The sentence that says what happened. English is the server's own; other languages are told
//! from the same facts.

use waybill_model::journey::{Delivery, DeliveryState, Journey, JourneyState};

use crate::format::{shortened, visible};
use crate::i18n::{Lang, Messages};

/// `None` where neither the server nor the facts say more than the state does.
pub fn sentence(journey: &Journey, words: &Messages) -> Option<String> {
    match &journey.diagnosis {
        Some(said) if words.lang == Lang::En => Some(visible(said)),
        _ => told(journey, words),
    }
}

fn told(journey: &Journey, words: &Messages) -> Option<String> {
    let own = &words.journey;
    let attempts = |delivery: &Delivery| delivery.attempts.len() as u32;
    let group = |delivery: &Delivery| {
        shortened(
            &visible(delivery.group.as_deref().unwrap_or(&delivery.service)),
            80,
        )
    };
    let find = |state: DeliveryState| journey.deliveries.iter().find(|d| d.state == state);
    let (lead, delivery) = match journey.state {
        JourneyState::Delivered => {
            let delivery = journey.deliveries.last()?;
            let all: Vec<_> = journey.deliveries.iter().map(group).collect();
            let lead = match attempts(delivery) {
                0 | 1 => (own.told_delivered)(&all.join(", ")),
                n => (own.told_delivered_after)(&group(delivery), n),
            };
            return Some(lead);
        }
        JourneyState::DeadLettered => {
            let place = &journey.dead_letter.as_ref()?.destination;
            let delivery = find(DeliveryState::DeadLettered)?;
            let lead =
                (own.told_dead_lettered)(&shortened(&visible(place), 80), attempts(delivery));
            (lead, delivery)
        }
        JourneyState::Retrying => {
            let delivery = find(DeliveryState::Retrying)?;
            (
                (own.told_retrying)(&group(delivery), attempts(delivery)),
                delivery,
            )
        }
        JourneyState::Failed => {
            let delivery = find(DeliveryState::Failed)?;
            (
                (own.told_failed)(&group(delivery), attempts(delivery)),
                delivery,
            )
        }
        _ => return None,
    };
    let error = delivery
        .attempts
        .iter()
        .rev()
        .find_map(|attempt| attempt.error.as_ref()?.message.as_deref());
    let error = error.map(|error| (own.told_last_error)(&shortened(&visible(error), 160)));
    Some(format!("{lead}{}", error.unwrap_or_default()))
}
