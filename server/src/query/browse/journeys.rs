//! Which stored messages spans tell of.

use std::collections::HashMap;

use waybill_model::problem::Problem;
use waybill_model::reference::{MessageRef, Term};
use waybill_model::stored::StoredMessage;

use super::Place;
use crate::query::Query;

/// Frames looked at for one page of messages.
const FRAMES: usize = 256;

impl Query {
    /// Whether there are more spans about them than were looked at.
    pub(super) async fn add_journeys(
        &self,
        items: &mut [StoredMessage],
        place: &Place,
    ) -> Result<bool, Problem> {
        let mut by_term: HashMap<Term, Vec<(usize, MessageRef)>> = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            if let Some(reference) = reference(item, place) {
                by_term
                    .entry(reference.term())
                    .or_default()
                    .push((at, reference));
            }
        }
        let terms: Vec<Term> = by_term.keys().copied().collect();
        let found = self.spans_by(&terms, None, FRAMES).await?;
        for span in &found.spans {
            for term in self.terms_of(span) {
                for (at, reference) in by_term.remove(&term).into_iter().flatten() {
                    items[at].journey = Some(reference.to_string());
                }
            }
        }
        Ok(found.truncated)
    }
}

/// By its place, else by the id that its client gave it.
fn reference(item: &StoredMessage, place: &Place) -> Option<MessageRef> {
    let system = place.system.clone();
    let destination = place.shelf.name.clone();
    if let Some(partition) = &item.partition {
        return Some(MessageRef::Place {
            system,
            destination,
            partition: partition.clone(),
            offset: item.offset,
        });
    }
    let id = item
        .properties
        .iter()
        .find(|property| property.name == "message_id")?;
    Some(MessageRef::Id {
        system,
        destination: Some(destination),
        id: id.value.clone(),
    })
}
