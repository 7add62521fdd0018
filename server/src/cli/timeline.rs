//! A journey as text: what happened, in order, with the time since the start.

use serde::Serialize;
use waybill_model::journey::{Attempt, Journey, Outcome, Owner};
use waybill_model::time::Timestamp;

use super::output::printable;

/// Ends in a line end; every word from outside is fit for a terminal.
pub fn text(journey: &Journey) -> String {
    let mut lines = vec![head(journey)];
    for (name, value) in facts(journey) {
        lines.push(format!("  {name:<11} {}", printable(&value)));
    }
    let mut events = events(journey);
    events.sort_by_key(|event| event.0);
    let start = events.iter().find_map(|event| event.0);
    for (at, what) in events {
        let offset = match (at, start) {
            (Some(at), Some(start)) => format!("+{:.1} ms", at.ms_since(start)),
            _ => "time unknown".to_owned(),
        };
        lines.push(format!("  {offset:>14}  {}", printable(&what)));
    }
    for gap in &journey.gaps {
        lines.push(format!(
            "  gap: {} ({})",
            word(&gap.kind),
            printable(&gap.detail)
        ));
    }
    if journey.assembling {
        lines.push("  more may still arrive".to_owned());
    }
    lines.join("\n") + "\n"
}

fn head(journey: &Journey) -> String {
    let message = &journey.message;
    let place = message
        .destination
        .as_deref()
        .unwrap_or("an unknown destination");
    format!(
        "{} {} on {}",
        word(&journey.state).replace('_', " "),
        printable(place),
        printable(&message.system)
    )
}

fn facts(journey: &Journey) -> Vec<(&'static str, String)> {
    let message = &journey.message;
    let place = message
        .partition
        .as_ref()
        .map(|partition| match message.offset {
            Some(offset) => format!("partition {partition}, offset {offset}"),
            None => format!("partition {partition}"),
        });
    let traces: Vec<String> = journey.trace_ids.iter().map(ToString::to_string).collect();
    [
        ("journey", Some(journey.id.clone())),
        ("cluster", message.cluster.clone()),
        ("place", place),
        ("message id", message.message_id.clone()),
        ("key", message.key.clone()),
        (
            "traces",
            Some(traces.join(" ")).filter(|traces| !traces.is_empty()),
        ),
        ("diagnosis", journey.diagnosis.clone()),
        ("owner", journey.owner.as_ref().map(owned)),
        ("caused by", journey.caused_by.clone()),
        (
            "caused",
            Some(journey.caused.join(" ")).filter(|caused| !caused.is_empty()),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

fn owned(owner: &Owner) -> String {
    match &owner.runbook {
        Some(runbook) => format!("{}, {runbook}", owner.team),
        None => owner.team.clone(),
    }
}

fn events(journey: &Journey) -> Vec<(Option<Timestamp>, String)> {
    let mut events = Vec::new();
    if let Some(producer) = &journey.producer {
        let ms = producer.ended_at.ms_since(producer.started_at);
        let what = format!("{} published it ({ms:.1} ms)", producer.service);
        events.push((Some(producer.started_at), what));
    }
    // The first hop is where the producer put it.
    for hop in journey.hops.iter().skip(1) {
        let destination = hop
            .destination
            .as_deref()
            .unwrap_or("an unknown destination");
        let role = word(&hop.role).replace('_', " ");
        events.push((hop.at, format!("put on {destination} ({role})")));
    }
    for delivery in &journey.deliveries {
        let group = delivery.group.as_deref().unwrap_or("unknown group");
        for attempt in &delivery.attempts {
            events.push((Some(attempt.started_at), told(attempt, group)));
        }
    }
    if let Some(dead) = &journey.dead_letter
        && !journey
            .hops
            .iter()
            .any(|hop| word(&hop.role) == "dead_letter")
    {
        events.push((dead.at, format!("dead-lettered to {}", dead.destination)));
    }
    events
}

fn told(attempt: &Attempt, group: &str) -> String {
    let ms = attempt.ended_at.ms_since(attempt.started_at);
    let outcome = match attempt.outcome {
        Outcome::Ok => "done".to_owned(),
        Outcome::Unknown => "outcome unknown".to_owned(),
        Outcome::Failed => {
            let error = attempt.error.as_ref();
            let kind = error.and_then(|error| error.kind.as_deref());
            let message = error.and_then(|error| error.message.as_deref());
            match (kind, message) {
                (Some(kind), Some(message)) => format!("failed: {kind}: {message}"),
                (Some(one), None) | (None, Some(one)) => format!("failed: {one}"),
                (None, None) => "failed".to_owned(),
            }
        }
    };
    let backoff = match attempt.backoff_ms {
        ms if ms > 0.0 => format!(", after {ms:.0} ms of back-off"),
        _ => String::new(),
    };
    let joined = attempt.joined_by.map_or_else(String::new, |by| {
        format!(", joined by {}", word(&by).replace('_', " "))
    });
    let cause = attempt.cause.as_ref();
    let cause = cause.map_or_else(String::new, |cause| format!("; {}", cause.sentence));
    format!(
        "{} ({group}) attempt {}{backoff}, {ms:.1} ms: {outcome}{cause}{joined}",
        attempt.service, attempt.n
    )
}

/// As the API writes it.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_tells_what_happened_in_order() {
        let at = |ms: u32| format!("2026-11-23T20:46:03.{ms:03}Z");
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let span = "b7ad6b7169203331";
        let attempt = |n: u32, ms: u32, outcome: &str| {
            json!({"n": n, "hop": 0, "service": "billing", "version": null, "instance": null,
                "trace_id": trace, "span_id": span, "started_at": at(ms), "ended_at": at(ms + 5),
                "cause": if outcome == "failed" {
                    json!({"rule": "out_of_memory", "sentence": "Its process ran out of memory"})
                } else { json!(null) },
                "outcome": outcome, "joined_by": "link", "backoff_ms": if n > 1 { 100.0 } else { 0.0 },
                "error": if outcome == "failed" {
                    json!({"type": "Declined", "message": "card\u{1b}[31m", "fingerprint": null})
                } else { json!(null) }})
        };
        let journey: Journey = serde_json::from_value(json!({
            "id": "j1", "state": "delivered",
            "message": {"system": "made-up", "cluster": null, "destination": "orders",
                "partition": "3", "offset": 42, "message_id": null, "key": "1001",
                "size_bytes": null, "created_at": null},
            "hops": [], "trace_ids": [trace],
            "producer": {"service": "shop", "span_id": span, "trace_id": trace,
                "started_at": at(1), "ended_at": at(3)},
            "deliveries": [{"group": "billing", "service": "billing", "state": "done",
                "attempts": [attempt(2, 130, "ok"), attempt(1, 20, "failed")]}],
            "budget": [], "dead_letter": null, "replays": [], "caused": [], "caused_by": null,
            "gaps": [], "diagnosis": null, "assembling": false
        }))
        .unwrap();
        let text = text(&journey);
        assert!(text.starts_with("delivered orders on made-up\n"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let order: Vec<usize> = ["shop published", "attempt 1", "attempt 2"]
            .iter()
            .map(|word| lines.iter().position(|line| line.contains(word)).unwrap())
            .collect();
        assert!(order.is_sorted(), "{text}");
        assert!(text.contains("failed: Declined: card\\u{1b}[31m"), "{text}");
        assert!(text.contains("after 100 ms of back-off"), "{text}");
        assert!(
            text.contains("; Its process ran out of memory, joined by link"),
            "{text}"
        );
        assert!(!text.contains('\x1b'));
    }
}
