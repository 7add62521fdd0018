//! What the truth does not say and the spans do: times, kinds of failure, addresses.

use waybill_broker::Dialects;
use waybill_model::journey::{Outcome, PhaseKind};

use super::{compare, read};

/// Sent within 6 ms around 396.735 s of the recording's clock, polled at 397.331 s.
#[test]
fn a_batch_waited_before_its_poll() {
    let checked = compare::check("python-aiokafka", "batch");
    assert_eq!(checked.journeys.len(), 5);
    for journey in checked.journeys.values().flatten() {
        let queue = journey.budget.iter().find(|p| p.phase == PhaseKind::Queue);
        let ms = queue.and_then(|p| p.ms).unwrap();
        assert!((592.0..600.0).contains(&ms), "{ms}");
    }
}

/// Spring wraps what the listener threw.
#[test]
fn a_failure_is_told_by_its_cause() {
    for scenario in ["retryable", "dlt"] {
        let checked = compare::check("java-spring-kafka", scenario);
        let attempts = checked.journeys["o-2"]
            .iter()
            .flat_map(|j| &j.deliveries)
            .flat_map(|d| &d.attempts);
        let failed: Vec<_> = attempts
            .filter(|a| a.outcome == Outcome::Failed)
            .map(|a| a.error.as_ref().unwrap())
            .collect();
        assert_eq!(failed.len(), 3, "{scenario}");
        for error in failed {
            let kind = error.kind.as_deref();
            assert_eq!(kind, Some("java.lang.IllegalStateException"), "{scenario}");
            assert_eq!(error.message.as_deref(), Some("declined"), "{scenario}");
        }
    }
}

/// One writes its broker in quotes, the other in a URL's place only.
#[test]
fn a_broker_is_known_by_its_address() {
    let dialects = Dialects::builtin();
    for client in ["python-aiokafka", "python-kafka-python"] {
        let spans = read::spans(client, "happy");
        let mut hints: Vec<Option<String>> = spans
            .iter()
            .filter_map(|s| dialects.facts(s))
            .map(|f| f.cluster_hint)
            .collect();
        hints.dedup();
        assert_eq!(hints, [Some("127.0.0.1:29291".to_owned())], "{client}");
    }
}
