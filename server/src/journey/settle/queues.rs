//! Queues: what is taken from them is gone, so only what they hold and count tells of a message.

use waybill_model::journey::{DeliveryState, EvidenceKind, HopRole};
use waybill_model::time::Timestamp;

use super::Case;
use super::words::{QueueWord, QueuesWord};

/// How long after a message was put what a queue or a route tells may be of before: its depth is
/// gathered every 5 s by default, its counters are read every half minute, and clocks differ.
const COUNTED_MS: f64 = 45_000.0;

pub(super) fn settle(case: &mut Case<'_>, word: &QueuesWord) {
    if !case.is_last() || case.role() == HopRole::DeadLetter {
        return;
    }
    let Some(put_at) = case.put_at() else {
        return;
    };
    if word.queues.is_empty() {
        let watched = word.watched_since.is_some_and(|since| since < put_at);
        if watched
            && word.lost_at.is_none_or(|lost_at| lost_at < put_at)
            && case.journey.deliveries.is_empty()
            && case.role() == HopRole::Origin
            && !word.stale
            && word.as_of.ms_since(put_at) > COUNTED_MS
        {
            unroutable(case, word.as_of);
        }
        return;
    }
    case.name_the_only(word.queues.iter().map(|queue| queue.name.as_str()));
    if case.unnamed().next().is_some() {
        return;
    }
    for queue in &word.queues {
        let is_told = !queue.stale && queue.as_of.ms_since(put_at) > COUNTED_MS;
        if is_told && case.of_group(&queue.name).is_none() && case.role() == HopRole::Origin {
            dark(case, queue, put_at);
        }
    }
}

fn unroutable(case: &mut Case<'_>, as_of: Timestamp) {
    let hop = &case.journey.hops[case.hop];
    let to = hop.destination.clone().unwrap_or_default();
    let by = match &hop.route {
        Some(route) => format!(" for {route}"),
        None => String::new(),
    };
    let detail = format!("{to} leads to no queue{by}: the broker drops what is put there");
    case.tell(EvidenceKind::Unroutable, None, as_of, detail);
}

/// No span tells of a consumer of this queue.
fn dark(case: &mut Case<'_>, queue: &QueueWord, put_at: Timestamp) {
    let name = queue.name.as_str();
    let counted = queue.received_at.is_some_and(|at| at > put_at);
    // Depth and counters are told apart: only what stood still for long fits together.
    let stands = queue
        .held_since
        .is_some_and(|since| queue.as_of.ms_since(since) > COUNTED_MS);
    let untouched = stands && counted && queue.taken_at.is_none_or(|at| at < put_at);
    let none_aside = queue.dead_letters.as_ref().is_some_and(|all| {
        all.iter()
            .all(|one| one.held == Some(0) && one.received_at.is_none_or(|at| at < put_at))
    });
    let (kind, detail) = match queue.held {
        Some(0) if counted && queue.all_taken == Some(true) && none_aside => {
            case.add_dark(name, DeliveryState::Done);
            let detail = format!("{name} is empty, and everything that came was acknowledged");
            (EvidenceKind::Passed, detail)
        }
        Some(0) if untouched && none_aside => {
            let detail = format!(
                "{name} is empty although nothing was taken from it: the message's time was over, or the queue was purged"
            );
            (EvidenceKind::Expired, detail)
        }
        Some(0) => {
            let detail =
                format!("{name} is empty; what became of this message the broker does not tell");
            (EvidenceKind::QueueEmpty, detail)
        }
        Some(held) if untouched && !queue.lets_go => {
            case.add_dark(name, DeliveryState::Pending);
            let detail =
                format!("{name} holds {held} messages, and nothing was taken from it since");
            (EvidenceKind::Untouched, detail)
        }
        _ => return,
    };
    case.tell(kind, Some(name), queue.as_of, detail);
}
