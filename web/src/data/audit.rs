use leptos::prelude::*;
use waybill_model::audit::AuditLine;
use waybill_model::query::Page;

use super::packed::{Answer, Read};
use crate::live::Live;

/// Newest first.
#[server(prefix = "/fn", endpoint = "audit")]
pub async fn audit(cursor: Option<String>) -> Answer {
    super::fault::answer(super::port().audit(cursor).await)
}

pub fn read_audit(cursor: Memo<Option<String>>, live: Live) -> Read<Page<AuditLine>> {
    Read::new(
        move || format!("{} {:?}", live.key(), cursor.get()),
        move || audit(cursor.get_untracked()),
    )
}
