//! An id that can be copied: selectable always, by a button once hydrated.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::name;
use crate::i18n::words;

#[component]
pub fn CopyText(text: String, #[prop(default = 64)] max: usize) -> AnyView {
    let frame = &words().frame;
    let copied = RwSignal::new(false);
    let shown = name::code(&text, max);
    let label = move || {
        if copied.get() {
            frame.copied
        } else {
            frame.copy
        }
    };
    view! {
        <span class="copy">
            {shown}
            <button
                type="button"
                class="icon-button needs-script"
                title=label
                aria-label=label
                on:click=move |_| {
                    copy(&text);
                    copied.set(true);
                }
            >
                <span class="show-idle" hidden=move || copied.get()>
                    {icon(Icon::Copy)}
                </span>
                <span class="show-done" hidden=move || !copied.get()>
                    {icon(Icon::Check)}
                </span>
            </button>
        </span>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

#[cfg(not(feature = "hydrate"))]
fn copy(_text: &str) {}
