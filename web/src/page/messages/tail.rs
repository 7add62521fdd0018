//! What arrives while the page is open. Begun and paused by a button, which is there once a script
//! runs; the stream is one of its own, audited like a reading.

use leptos::prelude::*;
use waybill_model::stored::{StoredMessage, StoredQuery};

use super::card::card;
use crate::data::messages::tail_address;
use crate::i18n::words;
use crate::part::section;

#[derive(Clone, Copy)]
struct Watched {
    /// Newest first.
    items: RwSignal<Vec<StoredMessage>>,
    skipped: RwSignal<u64>,
    is_on: RwSignal<bool>,
    has_ended: RwSignal<bool>,
}

pub(super) fn tail(id: &str, query: &StoredQuery) -> AnyView {
    let watched = Watched {
        items: RwSignal::new(Vec::new()),
        skipped: RwSignal::new(0),
        is_on: RwSignal::new(false),
        has_ended: RwSignal::new(false),
    };
    stream(watched, tail_address(id, query));
    let words = &words().messages;
    let label = move || {
        if watched.is_on.get() {
            words.tail_stop
        } else {
            words.tail
        }
    };
    let toggle = move |_| {
        watched.has_ended.set(false);
        watched.is_on.update(|is_on| *is_on = !*is_on);
    };
    let told = move || {
        let skipped = watched.skipped.get();
        let mut text = String::new();
        if skipped > 0 {
            text.push_str(&(words.skipped)(skipped));
        }
        if watched.has_ended.get() {
            text.push(' ');
            text.push_str(words.tail_ended);
        }
        text
    };
    let cards = move || {
        let items = watched.items.get().into_iter();
        // Nobody has looked for their journeys.
        items
            .map(|item| card(item, false))
            .collect::<Vec<AnyView>>()
    };
    let button = view! {
        <p class="needs-script">
            <button type="button" class="button" on:click=toggle>{label}</button>
            " "
            <span class="quiet" role="status">{told}</span>
        </p>
    };
    let list = view! { <div class="stored">{cards}</div> };
    section::section(
        "tail-title",
        words.tail_title,
        vec![button.into_any(), list.into_any()],
    )
}

#[cfg(not(feature = "hydrate"))]
fn stream(_: Watched, _: String) {}

/// A stream while it is on; closed when it is not, and with the page.
#[cfg(feature = "hydrate")]
fn stream(watched: Watched, address: String) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;

    /// Kept on the page.
    const MOST: usize = 100;

    let open: StoredValue<Option<web_sys::EventSource>, LocalStorage> =
        StoredValue::new_local(None);
    let close = move || {
        if let Some(Some(source)) = open.try_update_value(Option::take) {
            source.close();
        }
    };
    on_cleanup(close);
    // A page that is kept for whoever comes back reads nothing meanwhile.
    let left = window_event_listener(leptos::ev::pagehide, move |_| {
        close();
        watched.is_on.set(false);
    });
    on_cleanup(move || left.remove());
    let heard =
        Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            let data = event.data().as_string().unwrap_or_default();
            match event.type_().as_str() {
                "message" => {
                    if let Ok(item) = serde_json::from_str::<StoredMessage>(&data) {
                        watched.items.update(|items| {
                            items.insert(0, item);
                            items.truncate(MOST);
                        });
                    }
                }
                "skipped" => {
                    let digits: String = data.chars().filter(char::is_ascii_digit).collect();
                    let more = digits.parse().unwrap_or(0);
                    watched
                        .skipped
                        .update(|skipped| *skipped = skipped.saturating_add(more));
                }
                // The end, also by an error: a browser would come back by itself.
                _ => {
                    watched.is_on.set(false);
                    watched.has_ended.set(true);
                }
            }
        });
    let heard = StoredValue::new_local(heard);
    Effect::new(move || {
        close();
        if !watched.is_on.get() {
            return;
        }
        let Ok(source) = web_sys::EventSource::new(&address) else {
            return;
        };
        heard.with_value(|heard| {
            for kind in ["message", "skipped", "end", "error"] {
                let call = heard.as_ref().unchecked_ref();
                let _ = source.add_event_listener_with_callback(kind, call);
            }
        });
        open.set_value(Some(source));
    });
}
