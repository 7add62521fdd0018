//! Names that brokers and senders chose: hostile until shown otherwise.

use leptos::prelude::*;

use crate::format::{shortened, visible};

/// As much of a long name as its tooltip tells.
const FULL: usize = 400;

/// Control characters visible, cut at `max` characters with the rest in the tooltip.
pub fn name(text: &str, max: usize) -> AnyView {
    let shown = visible(text);
    let cut = shortened(&shown, max);
    let title = (cut != shown).then(|| shortened(&shown, FULL));
    view! { <bdi class="name" title=title>{cut}</bdi> }.into_any()
}

/// The same in the letters of code: ids, keys, addresses.
pub fn code(text: &str, max: usize) -> AnyView {
    let shown = visible(text);
    let cut = shortened(&shown, max);
    let title = (cut != shown).then(|| shortened(&shown, FULL));
    view! { <code class="name" title=title>{cut}</code> }.into_any()
}
