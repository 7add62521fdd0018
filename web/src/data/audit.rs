use leptos::prelude::*;
use waybill_model::audit::AuditLine;
use waybill_model::query::Page;

use super::Fault;

/// Newest first.
#[server(prefix = "/fn", endpoint = "audit")]
pub async fn audit(cursor: Option<String>) -> Result<Page<AuditLine>, Fault> {
    super::fault::told(super::port().audit(cursor).await)
}
