//! The sentence that says what happened. English is the server's own; other languages are told
//! from the same facts, by the rule that the server names.

use waybill_model::journey::{Attempt, Cause, Delivery, DeliveryState, Journey, Outcome};

use crate::format::{duration, shortened, visible};
use crate::i18n::{Lang, Messages};

/// `None` where neither the server nor the facts say more than the state does.
pub fn sentence(journey: &Journey, words: &Messages) -> Option<String> {
    let said = journey.diagnosis.as_deref().map(visible);
    if words.lang == Lang::En {
        return said;
    }
    let rule = journey.diagnosis_rule.as_deref();
    // A rule that is not known here is better told in English than not at all.
    rule.and_then(|rule| told(rule, journey, words)).or(said)
}

fn told(rule: &str, journey: &Journey, words: &Messages) -> Option<String> {
    let own = &words.journey;
    let find = |state: DeliveryState| journey.deliveries.iter().find(|d| d.state == state);
    let all = || {
        let names: Vec<_> = journey.deliveries.iter().map(group).collect();
        shortened(&names.join("、"), 120)
    };
    let most = || journey.deliveries.iter().max_by_key(|d| d.attempts.len());
    let whole: f64 = journey.budget.iter().filter_map(|phase| phase.ms).sum();
    let lead = match rule {
        "dead_lettered" => {
            let place = shortened(&visible(&journey.dead_letter.as_ref()?.destination), 80);
            let n = find(DeliveryState::DeadLettered).map_or(0, attempts);
            return Some((own.told_dead_lettered)(&place, n) + &last_error(journey, words));
        }
        "retrying" => {
            let delivery = find(DeliveryState::Retrying)?;
            let lead = (own.told_retrying)(&group(delivery), attempts(delivery));
            return Some(lead + &last_error(journey, words));
        }
        "failed" => {
            let delivery = find(DeliveryState::Failed)?;
            let lead = (own.told_failed)(&group(delivery), attempts(delivery));
            return Some(lead + &last_error(journey, words));
        }
        "delivered_after_retry" => {
            let lead = (own.told_delivered_after)(&all(), attempts(most()?));
            return Some(lead + &last_error(journey, words));
        }
        "redelivered" => (own.told_redelivered)(&all(), attempts(most()?)),
        "delivered_slowly" => {
            let (phase, ms) = journey
                .budget
                .iter()
                .filter_map(|phase| Some((phase.phase, phase.ms?)))
                .max_by(|a, b| a.1.total_cmp(&b.1))?;
            let lead = (own.told_slowly)(&all(), &duration(whole), own.phase(phase), &duration(ms));
            return Some(lead + &slow_cause(journey, words));
        }
        "delivered" if whole > 0.0 => (own.told_delivered_in)(&all(), &duration(whole)),
        "delivered" => (own.told_delivered)(&all()),
        "replayed" => (own.told_replayed)(),
        "no_consumer_seen" => {
            let service = journey.producer.as_ref().map(|p| visible(&p.service));
            (own.told_no_consumer)(service.as_deref().unwrap_or(words.frame.unknown))
        }
        "read_by_broker" => (own.told_read_by_broker)(&all()),
        "waits" => (own.told_waits)(&group(find(DeliveryState::Pending)?)),
        "expired" => (own.told_expired)(),
        "unroutable" => (own.told_unroutable)(),
        "outcome_unknown" => (own.told_outcome_unknown)(&all()),
        _ => return None,
    };
    Some(lead)
}

fn group(delivery: &Delivery) -> String {
    shortened(&visible(delivery.name()), 80)
}

fn attempts(delivery: &Delivery) -> u32 {
    u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX)
}

/// Or its cause, where that is known.
fn last_error(journey: &Journey, words: &Messages) -> String {
    let failed = |attempt: &&Attempt| attempt.outcome == Outcome::Failed;
    let last = all(journey).rfind(failed);
    if let Some(cause) = last.and_then(|attempt| attempt.cause.as_ref()) {
        return (words.cause.because)(&cause_told(cause, words));
    }
    let error = all(journey)
        .filter_map(|attempt| attempt.error.as_ref())
        .next_back()
        .and_then(|error| error.message.as_deref().or(error.kind.as_deref()));
    error.map_or_else(String::new, |error| {
        (words.journey.told_last_error)(&shortened(&visible(error), 160))
    })
}

/// Of the longest attempt that has one.
fn slow_cause(journey: &Journey, words: &Messages) -> String {
    let took = |attempt: &Attempt| attempt.ended_at.ms_since(attempt.started_at);
    let told = all(journey).filter(|attempt| attempt.cause.is_some());
    let longest = told.max_by(|a, b| took(a).total_cmp(&took(b)));
    let cause = longest.and_then(|attempt| attempt.cause.as_ref());
    cause.map_or_else(String::new, |cause| {
        (words.cause.because)(&cause_told(cause, words))
    })
}

pub fn cause_told(cause: &Cause, words: &Messages) -> String {
    let sentence = shortened(&visible(&cause.sentence), 400);
    (words.cause.told)(words.cause.rule(&cause.rule), &sentence)
}

fn all(journey: &Journey) -> impl DoubleEndedIterator<Item = &Attempt> {
    let deliveries = journey.deliveries.iter();
    deliveries.flat_map(|delivery| &delivery.attempts)
}
