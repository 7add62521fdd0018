//! What is not known of a journey, by name: said, never guessed.

use waybill_model::journey::{Gap, GapKind, Journey, JourneyState};

/// What is known of a producer that is missing.
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    /// Its context says that its span was never to be sent.
    pub unsampled: bool,
    /// The destination is what the message was routed by.
    pub names_route: bool,
}

pub fn of(journey: &Journey, missing: Missing, skew: Option<String>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut gap = |kind, detail: String| gaps.push(Gap { kind, detail });
    if journey.producer.is_none() {
        let route = journey.message.destination.as_ref();
        let known = match route.filter(|_| missing.names_route) {
            Some(route) => {
                format!("; {route} is what it was routed by, where it was put is not known")
            }
            None => String::new(),
        };
        if missing.unsampled {
            gap(
                GapKind::Sampled,
                format!(
                    "the message's own context says that its producer's span was not sampled{known}"
                ),
            );
        } else {
            gap(
                GapKind::DarkProducer,
                format!(
                    "no span of the producer was received: it is not instrumented, or not sampled{known}"
                ),
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
        .filter_map(|d| d.service.as_deref())
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
