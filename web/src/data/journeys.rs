use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use waybill_model::problem::Problem;
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

/// A journey's page, with what the server alone renders of it.
#[derive(Serialize, Deserialize)]
pub struct JourneyShown {
    pub page: JourneyPage,
    /// HTML of its section of logs.
    pub logs: String,
}

/// `query`: of the page's address, as it stands there.
#[server(prefix = "/fn", endpoint = "journey")]
pub async fn journey(id: String, query: String) -> Answer {
    super::fault::answer(shown(id, &query).await)
}

#[cfg(feature = "ssr")]
async fn shown(id: String, query: &str) -> Result<JourneyShown, Problem> {
    let page = super::port().journey(id).await?;
    let logs = crate::observed::journey_logs::html(&page, query).await?;
    Ok(JourneyShown { page, logs })
}

pub fn read_journey(id: Memo<String>, query: Memo<String>, live: Live) -> Read<JourneyShown> {
    Read::new(
        move || format!("{}?{}{}", id.get(), query.get(), live.key()),
        move || journey(id.get_untracked(), query.get_untracked()),
    )
}
