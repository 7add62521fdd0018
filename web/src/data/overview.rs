use leptos::prelude::*;

use super::island::Ask;
use super::packed::Answer;

#[server(prefix = "/fn", endpoint = "overview")]
pub async fn overview() -> Answer {
    super::fault::answer(crate::page::overview::page().await)
}

pub const OVERVIEW: Ask = |_, _| Box::pin(overview());
