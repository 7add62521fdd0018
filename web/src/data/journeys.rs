use leptos::prelude::*;
use waybill_model::view::JourneyPage;

use super::island::Ask;
use super::packed::{Answer, Read};
use crate::live::Live;

/// `query`: the words of the search form, as they stand in the page's address.
#[server(prefix = "/fn", endpoint = "journeys")]
pub async fn journeys(query: String) -> Answer {
    super::fault::answer(crate::page::search::page(&query).await)
}

pub const JOURNEYS: Ask = |_, query| Box::pin(journeys(query));

#[server(prefix = "/fn", endpoint = "journey")]
pub async fn journey(id: String) -> Answer {
    super::fault::answer(super::port().journey(id).await)
}

pub fn read_journey(id: Memo<String>, live: Live) -> Read<JourneyPage> {
    Read::new(
        move || id.get() + &live.key(),
        move || journey(id.get_untracked()),
    )
}
