use leptos::prelude::*;

use super::Fault;

/// Leads to the search that was saved. A box that is not ticked sends nothing.
#[server(prefix = "/fn", endpoint = "save_search")]
pub async fn save_search(
    name: String,
    query: String,
    #[server(default)] shared: bool,
) -> Result<(), Fault> {
    let saved = super::port().save_search(name, query, shared).await;
    let query = super::fault::told(saved)?.query;
    super::redirect::PageRedirect::to(&format!("/search?{query}"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "remove_search")]
pub async fn remove_search(search_id: i64) -> Result<(), Fault> {
    super::fault::told(super::port().remove_search(search_id).await)
}
