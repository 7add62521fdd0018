//! Positions of groups in a partition that keeps its messages.

use waybill_model::journey::{DeliveryState, EvidenceKind, HopRole};

use super::Case;
use super::words::{LogWord, Reader};

/// How long after an attempt a position may still be that of before: clients commit every few
/// seconds (5 by default), and positions are read every few.
const COMMITS_MS: f64 = 12_000.0;

pub(super) fn settle(case: &mut Case<'_>, word: &LogWord) {
    let Some(offset) = case.journey.hops[case.hop].offset else {
        return;
    };
    let put_at = case.put_at();
    if word
        .made_again_at
        .is_some_and(|at| put_at.is_none_or(|put_at| put_at <= at))
    {
        return;
    }
    // One that ends before it was made again under its name unseen.
    let holds = |reader: &&Reader| reader.head.is_some_and(|head| head > offset);
    let readers: Vec<&Reader> = word.readers.iter().filter(holds).collect();
    case.name_the_only(readers.iter().map(|reader| reader.group.as_str()));
    let alone = readers.len() == 1 && case.journey.deliveries.is_empty();
    for reader in readers {
        match case.of_group(&reader.group) {
            Some(at) => seen(case, at, reader, offset, word.aside),
            None if case.role() == HopRole::Retry => tried_again(case, reader, offset),
            None if case.role() == HopRole::DeadLetter => {}
            None => dark(case, reader, offset, word, alone),
        }
    }
}

/// Spans tell of this group.
fn seen(case: &mut Case<'_>, at: usize, reader: &Reader, offset: i64, aside: bool) {
    let delivery = &case.journey.deliveries[at];
    let Some(last) = delivery.attempts.last().filter(|last| last.hop == case.hop) else {
        return;
    };
    let settled = !reader.stale
        && reader.in_order
        && reader.as_of.ms_since(last.ended_at) > COMMITS_MS
        && case.is_last();
    let (kind, state) = match (delivery.state, is_past(reader, offset)) {
        (DeliveryState::Unknown, true) if reader.as_of > last.started_at && !aside => {
            (EvidenceKind::Passed, DeliveryState::Done)
        }
        (state, true) => (EvidenceKind::Passed, state),
        (DeliveryState::Failed, false) if settled => {
            (EvidenceKind::NotPassed, DeliveryState::Retrying)
        }
        (DeliveryState::Unknown, false) if settled => {
            (EvidenceKind::NotPassed, DeliveryState::Pending)
        }
        _ => return,
    };
    case.journey.deliveries[at].state = state;
    say(case, kind, reader, offset);
}

/// The retry destination that nobody was seen to read.
fn tried_again(case: &mut Case<'_>, reader: &Reader, offset: i64) {
    if case.attempts().next().is_some() {
        return;
    }
    if !is_past(reader, offset) {
        if !reader.stale && reader.in_order {
            say(case, EvidenceKind::NotPassed, reader, offset);
        }
        return;
    }
    if case.is_last() {
        // It was taken from there, and no span says what then.
        for delivery in &mut case.journey.deliveries {
            if delivery.state == DeliveryState::Retrying {
                delivery.state = DeliveryState::Unknown;
            }
        }
    }
    say(case, EvidenceKind::Passed, reader, offset);
}

/// No span tells of this group.
fn dark(case: &mut Case<'_>, reader: &Reader, offset: i64, word: &LogWord, alone: bool) {
    if case.unnamed().next().is_some() {
        // It may be the one whose spans do not name it.
        return;
    }
    if is_past(reader, offset) {
        let last = case.journey.hops.last().map(|hop| hop.role);
        let state = match last.filter(|_| !case.is_last()) {
            None if word.aside => DeliveryState::Unknown,
            None => DeliveryState::Done,
            // Until it is known to have been read there.
            Some(HopRole::Retry) => DeliveryState::Retrying,
            Some(_) => DeliveryState::Unknown,
        };
        case.add_dark(&reader.group, state);
        return say(case, EvidenceKind::Passed, reader, offset);
    }
    let after = case.put_at().is_some_and(|put_at| reader.as_of > put_at);
    // A group that nobody is a member of waits for nothing, unless it is the only one there is.
    let reads = reader.members.is_some_and(|members| members > 0) || alone;
    if !after || !reads || !reader.in_order || reader.stale || !case.is_last() {
        return;
    }
    let low = word.low;
    if low.is_some_and(|low| low > offset) {
        case.add_dark(&reader.group, DeliveryState::Unknown);
        return case.tell(
            EvidenceKind::Expired,
            Some(&reader.group),
            reader.as_of,
            format!(
                "retention deleted it before {} had read it: the oldest message kept is at {}",
                reader.group,
                low.unwrap_or_default()
            ),
        );
    }
    case.add_dark(&reader.group, DeliveryState::Pending);
    say(case, EvidenceKind::NotPassed, reader, offset);
}

fn is_past(reader: &Reader, offset: i64) -> bool {
    reader.committed.is_some_and(|committed| committed > offset)
}

fn say(case: &mut Case<'_>, kind: EvidenceKind, reader: &Reader, offset: i64) {
    let group = &reader.group;
    let detail = match (kind, reader.committed) {
        (EvidenceKind::Passed, Some(committed)) => {
            format!("the position of {group} is {committed}, past this message at {offset}")
        }
        (_, Some(committed)) => {
            let before = offset.saturating_sub(committed);
            let members = match reader.members {
                Some(0) => "; it has no member",
                _ => "",
            };
            format!(
                "the position of {group} is {committed}, with {before} messages before this one{members}"
            )
        }
        (_, None) => format!("{group} has no position there yet"),
    };
    case.tell(kind, Some(group), reader.as_of, detail);
}
