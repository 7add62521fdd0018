//! Queues: what is taken from them is gone, so only what they hold and count tells of a message.

use waybill_model::journey::{DeliveryState, EvidenceKind, HopRole};
use waybill_model::time::Timestamp;

use super::Case;
use super::words::{QueueWord, QueuesWord};

/// How long after a message was put what its queue tells may be of before: statistics are gathered
/// every 5 s by default.
const GATHERED_MS: f64 = 10_000.0;

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
            && word.as_of.ms_since(put_at) > GATHERED_MS
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
        let is_told = !queue.stale && queue.as_of.ms_since(put_at) > GATHERED_MS;
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
    // Counters that were read after the message was put.
    let counted = queue.received_at.is_some_and(|at| at > put_at);
    let untouched = counted && queue.taken_at.is_none_or(|at| at < put_at);
    match queue.held {
        Some(0) if untouched => {
            let laid_aside = queue
                .dead_letters
                .as_ref()
                .is_none_or(|all| !all.is_empty());
            let detail = format!(
                "{name} is empty although nothing was taken from it: the message's time was over, or the queue was purged"
            );
            let kind = match laid_aside {
                // It may lie where its dead letters go.
                true => EvidenceKind::QueueEmpty,
                false => EvidenceKind::Expired,
            };
            case.tell(kind, Some(name), queue.as_of, detail);
        }
        Some(0) => {
            let parked = queue.dead_letters.as_ref();
            let is_aside = parked.is_none_or(|all| {
                let holds_none = |held: Option<u64>| held == Some(0);
                all.iter()
                    .any(|one| !holds_none(one.held) || one.consumers != Some(0))
            });
            if counted && !queue.lets_go && !is_aside {
                case.add_dark(name, DeliveryState::Done);
                let detail = format!("{name} is empty, and messages were taken from it since");
                case.tell(EvidenceKind::Passed, Some(name), queue.as_of, detail);
            } else {
                let detail = format!(
                    "{name} is empty; whether it was taken or laid aside the broker does not tell"
                );
                case.tell(EvidenceKind::QueueEmpty, Some(name), queue.as_of, detail);
            }
        }
        Some(held) if untouched && !queue.lets_go => {
            case.add_dark(name, DeliveryState::Pending);
            let detail =
                format!("{name} holds {held} messages, and nothing was taken from it since");
            case.tell(EvidenceKind::Untouched, Some(name), queue.as_of, detail);
        }
        _ => {}
    }
}
