use leptos::prelude::*;

use super::island::Ask;
use super::packed::Answer;

#[server(prefix = "/fn", endpoint = "status")]
pub async fn status() -> Answer {
    super::fault::answer(crate::page::health::page().await)
}

pub const STATUS: Ask = |_, _| Box::pin(status());
