//! One partition of one group.

use waybill_model::judgement::{Cause, Verdict};
use waybill_model::time::Timestamp;

use super::rate::rates;
use super::window::{Sample, USUAL_COMMIT_MS, Window};

/// What the rules measure by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Between two readings.
    pub interval_ms: f64,
}

/// What is known of a partition beside its readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Of the group; `None`: nobody told.
    pub members: Option<u64>,
    /// A member was given this partition; `None`: nobody told what members were given.
    pub is_assigned: Option<bool>,
    /// When members were told.
    pub members_at: Option<Timestamp>,
    pub attempts: HeadAttempts,
}

/// What spans tell of the message at the position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadAttempts {
    /// Not asked, or nothing that decides.
    #[default]
    Unknown,
    /// The group was seen to try the message before this one, and not this one.
    Untouched,
    Failed,
    /// Processed without an error.
    Done,
    /// From the position to the end there is no message: what transactions or compaction leave there
    /// waits for nobody.
    NoMessage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub verdict: Verdict,
    pub cause: Option<Cause>,
    /// Since when it stands, or when it went back.
    pub since: Option<Timestamp>,
    /// The position that it came back from.
    pub back_from: Option<i64>,
}

/// Readings that make a window.
const FULL: usize = 10;
/// Of a few readings alone, three tell a direction.
const FEW: usize = 3;
/// A consumer whose moves were not seen yet may commit as clients do by themselves: two such times.
const UNSEEN_CADENCE_MS: f64 = 2.0 * USUAL_COMMIT_MS;
/// Of the longest time between two moves.
const LONGER: f64 = 1.5;
/// However seldom it commits.
const MOST_PATIENCE_MS: f64 = 900_000.0;

/// `None`: not enough data.
pub fn judge(window: &Window<'_>, around: &Around, rules: &Rules) -> Option<Found> {
    let last = window.last()?;
    let lag = last.lag?;
    if lag == 0 || around.attempts == HeadAttempts::NoMessage {
        return Some(Found::OK);
    }
    if let Some(found) = rewound(window) {
        return Some(found);
    }
    if let Some(found) = standing(window, around, rules) {
        return Some(found);
    }
    let zero_at = window.zero_at();
    if slow(window, zero_at, rules) || falling_behind(window, zero_at) {
        return Some(Found {
            verdict: Verdict::Warning,
            cause: Some(Cause::Slow),
            since: zero_at.or_else(|| window.current().first().map(|first| first.at)),
            back_from: None,
        });
    }
    let is_known = zero_at.is_some() || window.moves().next().is_some() || rests(window, rules);
    is_known.then_some(Found::OK)
}

impl Found {
    const OK: Self = Self {
        verdict: Verdict::Ok,
        cause: None,
        since: None,
        back_from: None,
    };
}

/// Burrow's rule 2: the position went back, and it has not come to the end since. Beyond it: only
/// what was read since the partition is what it is counts, so one that was made again is no rewind.
fn rewound(window: &Window<'_>) -> Option<Found> {
    let is_back = |(before, after): &(Sample, Sample)| after.committed < before.committed;
    let (before, after) = window.moves().rfind(is_back)?;
    let mut samples = window.current().iter();
    let ended_since = samples.any(|sample| sample.at >= after.at && sample.lag == Some(0));
    // A position that was deleted is none.
    (!ended_since && after.committed.is_some()).then_some(Found {
        verdict: Verdict::Rewound,
        cause: Some(Cause::WentBack),
        since: Some(after.at),
        back_from: before.committed,
    })
}

/// Burrow's rules 3 and 4: something waits, and the position has stood for longer than it does
/// between two moves. What Burrow tells by the times of commits, which brokers do not hand out, is
/// told by members and spans: without a member it stopped; with one it stalled, or is paused.
fn standing(window: &Window<'_>, around: &Around, rules: &Rules) -> Option<Found> {
    let since = stands_since(window)?;
    let stood_ms = stood_ms(window, since);
    let never = window.last()?.committed.is_none();
    let (verdict, cause) = match (around.members, around.is_assigned, around.attempts) {
        (Some(0), _, _) if never => (Verdict::Stopped, Cause::NeverConsumed),
        (Some(0), _, _) => (Verdict::Stopped, Cause::NoMember),
        (Some(_), Some(false), _) => (Verdict::Stopped, Cause::Unassigned),
        (_, _, HeadAttempts::Failed) => (Verdict::Stalled, Cause::PoisonHead),
        (_, _, HeadAttempts::Done) => (Verdict::Stalled, Cause::NotCommitting),
        (_, _, HeadAttempts::Untouched) => (Verdict::Stopped, Cause::Paused),
        (Some(_), ..) if never => (Verdict::Stalled, Cause::NeverConsumed),
        (Some(_), ..) => (Verdict::Stalled, Cause::NoProgress),
        (None, ..) => (Verdict::Stopped, Cause::NoProgress),
    };
    let three = 2.0 * rules.interval_ms * NEARLY;
    let nobody = matches!(cause, Cause::NoMember | Cause::Unassigned)
        || (never && around.members == Some(0));
    // Who was a member before it stood may be none any more: there is time to look.
    let is_fresh = around.members_at.is_some_and(|at| at > since);
    let patience = patience_ms(window, rules);
    let needed_ms = match cause {
        Cause::PoisonHead => three,
        // Clients that choose their partitions themselves commit without being members.
        _ if nobody && window.cadence_ms().is_none() => three,
        _ if nobody && is_fresh => patience.min(three.max(UNSEEN_CADENCE_MS)),
        _ => patience,
    };
    let more_ms = if is_fresh { 0.0 } else { rules.interval_ms };
    (stood_ms >= needed_ms + more_ms).then_some(Found {
        verdict,
        cause: Some(cause),
        since: Some(since),
        back_from: None,
    })
}

fn stands_since(window: &Window<'_>) -> Option<Timestamp> {
    let first = window.current().first()?;
    let since = window.moved_at.max(window.cut_at).max(window.zero_at());
    Some(since.unwrap_or(first.at))
}

/// Of the time since then, as far as it was read: while nobody reads it, it may move.
fn stood_ms(window: &Window<'_>, since: Timestamp) -> f64 {
    window.until.ms_since(since) - window.unread_ms(since)
}

/// It stands for longer than it did between any two moves that were seen: time to look at its members
/// and at the message.
pub fn hesitates(window: &Window<'_>, rules: &Rules) -> bool {
    let waits = window.last().is_some_and(|last| last.lag > Some(0));
    let usual_ms = match window.cadence_ms() {
        Some(gap) => (1.1 * gap).min(MOST_PATIENCE_MS),
        None => UNSEEN_CADENCE_MS / 2.0,
    };
    let stood_ms = stands_since(window).map(|since| stood_ms(window, since));
    waits && stood_ms >= Some(usual_ms.max(rules.interval_ms * NEARLY))
}

/// Readings are not to the millisecond.
pub(super) const NEARLY: f64 = 0.9;

/// How long a healthy consumer may stand: three readings, and longer than between any two moves that
/// were seen.
pub fn patience_ms(window: &Window<'_>, rules: &Rules) -> f64 {
    let three = 2.0 * rules.interval_ms * NEARLY;
    let cadence = match window.cadence_ms() {
        Some(gap) => (LONGER * gap).min(MOST_PATIENCE_MS),
        None => UNSEEN_CADENCE_MS,
    };
    three.max(cadence)
}

/// Three readings at which it stood, without having waited long enough to say so.
fn rests(window: &Window<'_>, rules: &Rules) -> bool {
    let first = window.current().first().map(|first| first.at);
    first.is_some_and(|first| window.until.ms_since(first) >= 2.0 * rules.interval_ms * NEARLY)
}

/// Beyond Burrow, so that three readings suffice: lag rose at each of them, by more than comes between
/// two moves.
fn slow(window: &Window<'_>, zero_at: Option<Timestamp>, rules: &Rules) -> bool {
    let samples = after(window, zero_at);
    let Some(recent) = samples.len().checked_sub(FEW).map(|from| &samples[from..]) else {
        return false;
    };
    let rises = recent.windows(2).all(|pair| pair[0].lag < pair[1].lag);
    let moves = recent
        .windows(2)
        .all(|pair| pair[0].committed < pair[1].committed);
    let (Some(first), Some(last)) = (recent[0].lag, recent[FEW - 1].lag) else {
        return false;
    };
    let rates = rates(window, rules);
    let gap_ms = window.cadence_ms().unwrap_or(UNSEEN_CADENCE_MS / 2.0);
    // Since it last had nothing before it, it rose from there.
    let first = if zero_at.is_some() { 0 } else { first };
    let usual = rates.in_per_s.unwrap_or(f64::MAX) * gap_ms / 1_000.0;
    let (come, taken) = (rates.in_per_s, rates.out_per_s);
    rises && moves && taken < come && (last.saturating_sub(first)) as f64 > usual
}

/// Burrow's rules 1 and 5, over a whole window: nothing of it was at the end, and lag fell at no
/// reading. Beyond it: lag rose at all; one that stays is the way that a pipeline works.
fn falling_behind(window: &Window<'_>, zero_at: Option<Timestamp>) -> bool {
    let samples = after(window, zero_at);
    let unread = samples.iter().any(|sample| sample.lag.is_none());
    let moves = samples
        .windows(2)
        .any(|pair| pair[0].committed < pair[1].committed);
    let falls = samples.windows(2).any(|pair| pair[1].lag < pair[0].lag);
    let rises = samples.first().map(|first| first.lag) < samples.last().map(|last| last.lag);
    samples.len() >= FULL && zero_at.is_none() && moves && !unread && !falls && rises
}

fn after<'a>(window: &Window<'a>, zero_at: Option<Timestamp>) -> &'a [Sample] {
    let samples = window.current();
    match zero_at {
        Some(_) => {
            let zero = samples.iter().rposition(|sample| sample.lag == Some(0));
            &samples[zero.map_or(0, |zero| zero + 1)..]
        }
        None => samples,
    }
}

#[cfg(test)]
#[path = "partition_tests.rs"]
mod tests;
