use leptos::prelude::*;

use super::island::Ask;
use super::packed::Answer;

/// Newest first.
#[server(prefix = "/fn", endpoint = "audit")]
pub async fn audit(query: String) -> Answer {
    super::fault::answer(crate::page::audit::page(&query).await)
}

pub const AUDIT: Ask = |_, query| Box::pin(audit(query));
