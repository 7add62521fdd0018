use leptos::prelude::*;
use waybill_model::status;

use super::packed::{Answer, Read};
use crate::live::Live;

#[server(prefix = "/fn", endpoint = "status")]
pub async fn status() -> Answer {
    super::fault::answer(super::port().status().await)
}

pub fn read_status(live: Live) -> Read<status::Status> {
    Read::new(move || live.key(), status)
}
