//! Instants in UTC, for people and for programs.

use leptos::prelude::*;
use waybill_model::time::Timestamp;

use crate::format;
use crate::i18n::words;

pub fn instant(at: Timestamp) -> impl IntoView {
    view! { <time class="num" datetime=at.to_string()>{format::instant(at)}</time> }
}

/// `None` shows as the word for unknown.
pub fn instant_or_unknown(at: Option<Timestamp>) -> impl IntoView {
    match at {
        Some(at) => instant(at).into_any(),
        None => unknown().into_any(),
    }
}

/// How long ago, told from the server's `as_of`, so both renderings agree.
pub fn ago(at: Timestamp, as_of: Timestamp) -> impl IntoView {
    view! {
        <time class="num" datetime=at.to_string() title=format!("{} UTC", format::instant(at))>
            {format::age(at, as_of, words())}
        </time>
    }
}

pub fn unknown() -> impl IntoView {
    view! { <span class="quiet">{words().frame.unknown}</span> }
}
