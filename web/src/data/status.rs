use leptos::prelude::*;
use waybill_model::status;

use super::Fault;

#[server(prefix = "/fn", endpoint = "status")]
pub async fn status() -> Result<status::Status, Fault> {
    super::fault::told(super::port().status().await)
}
