use leptos::prelude::*;

use crate::i18n::words;

/// Onward through a list by its cursor, and back to its newest page.
#[component]
pub fn Pager(
    /// Where older items are; `None` at the end.
    older: Option<String>,
    /// Set when this is not the first page.
    newest: Option<String>,
) -> AnyView {
    let frame = &words().frame;
    (older.is_some() || newest.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label=frame.more>
                {newest.map(|href| view! { <a class="button" href=href>{frame.newest}</a> })}
                {older.map(|href| view! { <a class="button" href=href rel="next">{frame.more} " ↓"</a> })}
            </nav>
        }
    })
    .into_any()
}
