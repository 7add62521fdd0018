//! Kinds of failure: the pages travel as HTML, and what people say of one comes by plain forms.

use leptos::prelude::*;

use super::Fault;
use super::island::Ask;
use super::packed::Answer;

#[server(prefix = "/fn", endpoint = "failures")]
pub async fn failures(query: String) -> Answer {
    super::fault::answer(crate::observed::failures::page(&query).await)
}

#[server(prefix = "/fn", endpoint = "failure")]
pub async fn failure(id: String, query: String) -> Answer {
    super::fault::answer(crate::observed::failure::page(id, &query).await)
}

/// What is empty is cleared.
#[server(prefix = "/fn", endpoint = "change_failure")]
pub async fn change_failure(id: String, owner: String, note: String) -> Result<(), Fault> {
    use waybill_model::failure::FailureChange;
    let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let change = FailureChange {
        owner: Some(text(owner)),
        // Browsers send line ends as two characters.
        note: Some(text(note.replace("\r\n", "\n"))),
        muted_until: None,
    };
    super::fault::told(super::port().change_failure(id, change).await)
}

/// From now on for so many hours, at most a year; 0 ends it.
#[server(prefix = "/fn", endpoint = "mute_failure")]
pub async fn mute_failure(id: String, hours: u32) -> Result<(), Fault> {
    use waybill_model::failure::FailureChange;
    let ms = i64::from(hours.min(366 * 24)) * 3_600_000;
    let until = (hours > 0).then(|| super::asked::now().plus_ms(ms));
    let change = FailureChange {
        muted_until: Some(until),
        ..FailureChange::default()
    };
    super::fault::told(super::port().change_failure(id, change).await)
}

pub const FAILURES: Ask = |_, query| Box::pin(failures(query));
pub const FAILURE: Ask = |id, query| Box::pin(failure(id, query));
