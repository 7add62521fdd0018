//! Instants in UTC, for people and for programs.

use leptos::prelude::*;
use waybill_model::time::Timestamp;

use crate::format;
use crate::i18n::words;

pub fn instant(at: Timestamp) -> AnyView {
    view! { <time class="num" datetime=at.to_string()>{format::instant(at)}</time> }.into_any()
}

/// `None` shows as the word for unknown.
pub fn instant_or_unknown(at: Option<Timestamp>) -> AnyView {
    match at {
        Some(at) => instant(at),
        None => unknown(),
    }
}

#[cfg(feature = "ssr")]
/// How long ago, told from the server's `as_of`, so both renderings agree.
pub fn ago(at: Timestamp, as_of: Timestamp) -> AnyView {
    view! {
        <time class="num" datetime=at.to_string() title=format!("{} UTC", format::instant(at))>
            {format::age(at, as_of, words())}
        </time>
    }
    .into_any()
}

pub fn unknown() -> AnyView {
    view! { <span class="quiet">{words().frame.unknown}</span> }.into_any()
}
