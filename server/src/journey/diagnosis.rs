//! One sentence that says what happened, from named rules; the first that fits speaks. Where the
//! cause of an attempt is known (`cause`, `strain`), it says that in place of the error.

use waybill_model::journey::{
    Attempt, Cause, DeliveryState, EvidenceKind, HopRole, Journey, JourneyState, Outcome, PhaseKind,
};

/// The share of the whole that makes a single phase worth naming, and the least whole, in ms.
const LARGE_SHARE: f64 = 0.6;
const LONG_MS: f64 = 1_000.0;

/// Says it anew, after more was learned of the journey's attempts.
pub fn retell(journey: &mut Journey) {
    let (rule, sentence) = of(journey);
    journey.diagnosis = Some(sentence);
    journey.diagnosis_rule = Some(rule.to_owned());
}

/// Rule and sentence.
fn of(journey: &Journey) -> (&'static str, String) {
    match journey.state {
        JourneyState::DeadLettered => ("dead_lettered", dead_lettered(journey)),
        JourneyState::Failed => ("failed", failed(journey)),
        JourneyState::Retrying => ("retrying", retrying(journey)),
        JourneyState::Replayed => (
            "replayed",
            "Put back from its dead-letter destination; nobody was seen to read it yet.".into(),
        ),
        JourneyState::Delivered if is_dark(journey) => ("read_by_broker", read_dark(journey)),
        JourneyState::Delivered => delivered(journey),
        JourneyState::InFlight => ("waits", by_evidence(journey, waiting(journey))),
        JourneyState::Expired => (
            "expired",
            by_evidence(journey, "It was deleted before anybody read it".into()),
        ),
        JourneyState::Unroutable => (
            "unroutable",
            by_evidence(journey, "The broker dropped it".into()),
        ),
        _ if journey.deliveries.is_empty() => ("no_consumer_seen", no_consumer(journey)),
        _ => (
            "outcome_unknown",
            format!(
                "Received by {}; no span says what became of it.",
                names(journey)
            ),
        ),
    }
}

fn dead_lettered(journey: &Journey) -> String {
    let tries = attempts(journey);
    let to = journey
        .dead_letter
        .as_ref()
        .map_or("a dead-letter destination", |d| d.destination.as_str());
    let after = match tries {
        0 => String::new(),
        1 => " after 1 attempt".into(),
        n => format!(" after {n} attempts"),
    };
    format!("Dead-lettered to {to}{after}{}.", because(journey))
}

fn failed(journey: &Journey) -> String {
    let failed = journey
        .deliveries
        .iter()
        .find(|d| d.state == DeliveryState::Failed);
    let (who, n) = failed.map_or(("a consumer", 0), |d| (d.name(), d.attempts.len()));
    let at = if n > 1 {
        format!(" on attempt {n}")
    } else {
        String::new()
    };
    format!(
        "{who} failed{at}{}; no retry and no dead letter was seen.",
        because(journey)
    )
}

fn retrying(journey: &Journey) -> String {
    let hop = journey.hops.iter().rev().find(|h| h.role == HopRole::Retry);
    let at = hop
        .and_then(|h| h.destination.as_deref())
        .unwrap_or("a retry destination");
    let n = attempts(journey);
    let plural = if n == 1 { "" } else { "s" };
    format!(
        "Waiting at {at} for another attempt, after {n} attempt{plural}{}.",
        because(journey)
    )
}

fn delivered(journey: &Journey) -> (&'static str, String) {
    let who = names(journey);
    let all = || journey.deliveries.iter().flat_map(|d| &d.attempts);
    let most = journey
        .deliveries
        .iter()
        .map(|d| d.attempts.len())
        .max()
        .unwrap_or(0);
    if all().any(|a| a.outcome == Outcome::Failed) {
        let text = format!("Delivered to {who} on attempt {most}{}.", because(journey));
        return ("delivered_after_retry", text);
    }
    if most > 1 {
        let text = format!("Delivered {most} times to {who}; no span says why it came again.");
        return ("redelivered", text);
    }
    let whole: f64 = journey.budget.iter().filter_map(|p| p.ms).sum();
    let longest = journey
        .budget
        .iter()
        .filter_map(|p| Some((p.phase, p.ms?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    match longest {
        Some((phase, ms)) if whole >= LONG_MS && ms >= whole * LARGE_SHARE => {
            let cause = slow_cause(journey).map_or_else(String::new, |cause| {
                let stop = if phase == PhaseKind::Process {
                    ":"
                } else {
                    ";"
                };
                format!("{stop} {}", cause.sentence)
            });
            let text = format!(
                "Delivered to {who} in {}, {} of it {}{cause}.",
                time(whole),
                time(ms),
                spent(phase)
            );
            ("delivered_slowly", text)
        }
        _ if whole >= LONG_MS && slow_cause(journey).is_some() => {
            let cause = slow_cause(journey).map_or("", |cause| &cause.sentence);
            let text = format!("Delivered to {who} in {}; {cause}.", time(whole));
            ("delivered_slowly", text)
        }
        _ if journey.producer.is_some() && whole > 0.0 => (
            "delivered",
            format!("Delivered to {who} in {}.", time(whole)),
        ),
        _ => ("delivered", format!("Delivered to {who}.")),
    }
}

fn no_consumer(journey: &Journey) -> String {
    let by = journey
        .producer
        .as_ref()
        .map_or("somebody", |p| p.service.as_str());
    format!(
        "Published by {by}; no consumer's span was seen. Whether it still waits only the broker knows."
    )
}

/// No span tells of any consumer.
fn is_dark(journey: &Journey) -> bool {
    journey.deliveries.iter().all(|d| d.attempts.is_empty())
}

fn read_dark(journey: &Journey) -> String {
    let lead = format!(
        "Read by {}; no consumer's span was received",
        names(journey)
    );
    by_evidence(journey, lead)
}

fn waiting(journey: &Journey) -> String {
    let waits = journey
        .deliveries
        .iter()
        .find(|d| d.state == DeliveryState::Pending);
    let place = journey
        .message
        .destination
        .as_deref()
        .unwrap_or("its queue");
    match waits.map(|d| d.name()).filter(|name| *name != place) {
        Some(group) => format!("Waits in {place} for {group}"),
        None => format!("Waits in {place}"),
    }
}

/// With the broker's word that says so.
fn by_evidence(journey: &Journey, lead: String) -> String {
    use EvidenceKind::{Expired, NotPassed, Passed, Unroutable, Untouched};
    let tells = |kind: EvidenceKind| match journey.state {
        JourneyState::InFlight => matches!(kind, NotPassed | Untouched),
        JourneyState::Expired => kind == Expired,
        JourneyState::Unroutable => kind == Unroutable,
        _ => kind == Passed,
    };
    match journey.evidence.iter().find(|one| tells(one.kind)) {
        Some(one) => format!("{lead}: {}.", one.detail),
        None => format!("{lead}."),
    }
}

fn spent(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::Outbox => "waiting to be sent",
        PhaseKind::Publish => "being published",
        PhaseKind::Queue => "waiting to be read",
        PhaseKind::Receive => "between being fetched and being processed",
        PhaseKind::Process => "being processed",
        PhaseKind::Backoff => "waiting for another attempt",
        PhaseKind::DeadLetter => "being dead-lettered",
        PhaseKind::Replay => "waiting for its replay",
    }
}

/// Of the last attempt that tells an error or its cause.
fn because(journey: &Journey) -> String {
    let told = |attempt: &&Attempt| {
        let failed = attempt.outcome == Outcome::Failed;
        attempt.error.is_some() || (failed && attempt.cause.is_some())
    };
    let mut attempts = journey.deliveries.iter().flat_map(|d| &d.attempts);
    let Some(attempt) = attempts.rfind(told) else {
        return String::new();
    };
    if let Some(cause) = &attempt.cause {
        return format!(": {}", cause.sentence);
    }
    let error = attempt.error.as_ref();
    match error.map(|error| (&error.kind, &error.message)) {
        Some((Some(kind), Some(message))) => format!(": {kind}: {message}"),
        Some((Some(one), None) | (None, Some(one))) => format!(": {one}"),
        _ => String::new(),
    }
}

/// Of the longest attempt that has one.
fn slow_cause(journey: &Journey) -> Option<&Cause> {
    let attempts = journey.deliveries.iter().flat_map(|d| &d.attempts);
    let with_cause = attempts.filter(|attempt| attempt.cause.is_some());
    let longest = with_cause.max_by(|a, b| took_ms(a).total_cmp(&took_ms(b)));
    longest.and_then(|attempt| attempt.cause.as_ref())
}

fn took_ms(attempt: &Attempt) -> f64 {
    attempt.ended_at.ms_since(attempt.started_at)
}

fn attempts(journey: &Journey) -> usize {
    let dead = |hop: usize| {
        journey
            .hops
            .get(hop)
            .is_some_and(|h| h.role == HopRole::DeadLetter)
    };
    journey
        .deliveries
        .iter()
        .flat_map(|d| &d.attempts)
        .filter(|a| !dead(a.hop))
        .count()
}

fn names(journey: &Journey) -> String {
    let names: Vec<&str> = journey.deliveries.iter().map(|d| d.name()).collect();
    match names.as_slice() {
        [] => "nobody".into(),
        [one] => (*one).into(),
        [first, second] => format!("{first} and {second}"),
        [first, rest @ ..] => format!("{first} and {} others", rest.len()),
    }
}

pub(super) fn time(ms: f64) -> String {
    if ms < 1.0 {
        "under 1 ms".into()
    } else if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else if ms < 120_000.0 {
        format!("{:.1} s", ms / 1_000.0)
    } else {
        format!("{:.0} min", ms / 60_000.0)
    }
}
