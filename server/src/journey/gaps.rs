//! What is not known of a journey, by name: said, never guessed.

use waybill_model::journey::{Gap, GapKind, Journey, JourneyState};

/// `unsampled`: the missing producer's context says that its span was never to be sent.
pub fn of(journey: &Journey, unsampled: bool, skew: Option<String>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut gap = |kind, detail: String| gaps.push(Gap { kind, detail });
    if journey.producer.is_none() {
        if unsampled {
            gap(
                GapKind::Sampled,
                "the message's own context says that its producer's span was not sampled".into(),
            );
        } else {
            gap(
                GapKind::DarkProducer,
                "no span of the producer was received: it is not instrumented, or not sampled"
                    .into(),
            );
        }
    }
    if journey.deliveries.is_empty() && journey.state == JourneyState::Unknown {
        gap(
            GapKind::DarkConsumer,
            "no span of a consumer was received; only the broker can say whether it was read"
                .into(),
        );
    }
    let unknown: Vec<&str> = journey
        .deliveries
        .iter()
        .filter(|d| d.group.is_none())
        .map(|d| d.service.as_str())
        .collect();
    if !unknown.is_empty() {
        gap(
            GapKind::UnknownGroup,
            format!(
                "the spans of {} do not name their group",
                unknown.join(", ")
            ),
        );
    }
    if let Some(skew) = skew {
        gap(GapKind::Skew, skew);
    }
    gaps
}
