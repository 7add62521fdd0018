//! What must be read of one message, and how what was read differs from it.

use serde_json::Value;
use waybill_model::journey::{HopRole, Journey, JourneyState, Outcome};

#[derive(Clone, Debug)]
pub struct Expected {
    pub key: String,
    pub message_id: String,
    /// Of the span that put it, as hexadecimal digits.
    pub trace_id: String,
    pub state: JourneyState,
    /// The service that put it.
    pub producer: &'static str,
    pub hops: Vec<(HopRole, &'static str)>,
    pub deliveries: Vec<Delivered>,
    /// The place of its cause in the same story.
    pub caused_by: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Delivered {
    pub group: &'static str,
    pub outcomes: Vec<Outcome>,
}

impl Expected {
    /// `ids` are the journeys of the whole story, in its order. Empty: nothing differs.
    pub fn differences(&self, journey: &Journey, ids: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        let mut same = |what: &str, must: String, is: String| {
            if must != is {
                found.push(format!("{what} is {is}, not {must}"));
            }
        };
        same("state", word(&self.state), word(&journey.state));
        same(
            "key",
            told(Some(&self.key)),
            told(journey.message.key.as_ref()),
        );
        let message_id = journey.message.message_id.as_ref();
        same("message id", told(Some(&self.message_id)), told(message_id));
        let producer = journey.producer.as_ref().map(|p| &p.service);
        same(
            "producer",
            told(Some(&self.producer.to_owned())),
            told(producer),
        );
        let must = self.hops.iter().map(|(role, place)| (word(role), *place));
        let is = journey.hops.iter().map(|hop| {
            let place = hop.destination.as_deref();
            (word(&hop.role), place.unwrap_or("unknown"))
        });
        same("hops", list(must), list(is));
        let mut must: Vec<_> = self.deliveries.iter().map(Delivered::told).collect();
        let mut is: Vec<_> = journey
            .deliveries
            .iter()
            .map(|delivery| {
                let group = delivery.group.as_deref().unwrap_or("unknown");
                let outcomes = delivery.attempts.iter().map(|a| word(&a.outcome));
                (group.to_owned(), outcomes.collect::<Vec<_>>())
            })
            .collect();
        must.sort();
        is.sort();
        same("deliveries", list(must.into_iter()), list(is.into_iter()));
        let unjoined = journey.deliveries.iter().flat_map(|d| &d.attempts);
        let unjoined = unjoined.filter(|a| a.joined_by.is_none()).count();
        same(
            "attempts without a witness",
            "0".into(),
            unjoined.to_string(),
        );
        let cause = self.caused_by.and_then(|at| ids.get(at));
        same("cause", told(cause), told(journey.caused_by.as_ref()));
        found
    }
}

impl Delivered {
    fn told(&self) -> (String, Vec<String>) {
        let outcomes = self.outcomes.iter().map(word).collect();
        (self.group.to_owned(), outcomes)
    }
}

/// As the API writes it.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        other => format!("{other:?}"),
    }
}

fn told(text: Option<&String>) -> String {
    text.map_or_else(
        || "unknown".to_owned(),
        |text| super::output::printable(text),
    )
}

fn list<T: std::fmt::Debug>(items: impl Iterator<Item = T>) -> String {
    format!("{:?}", items.collect::<Vec<_>>())
}
