//! The keyboard: `/`, `g` and a letter, `j`, `k`, `?`. Enter opens what has the focus by itself.

use leptos::prelude::*;

use crate::i18n::words;

const MAP_ID: &str = "keys";

/// Listens once hydrated, and holds the map of keys.
#[component]
pub fn Keys() -> AnyView {
    #[cfg(feature = "hydrate")]
    browser::listen();
    #[cfg(feature = "hydrate")]
    crate::charts::listen();
    let words = words();
    let frame = &words.frame;
    let lines = [
        (vec!["/"], frame.keys_search),
        (
            vec!["g", "o", "s", "f", "d", "r", "c", "h", "a", "e"],
            frame.keys_go,
        ),
        (vec!["j", "k"], frame.keys_move),
        (vec!["Enter"], frame.keys_open),
        (vec!["?"], frame.keys_map),
    ];
    view! {
        <dialog id=MAP_ID class="dialog" aria-labelledby="keys-title">
            <h2 id="keys-title">{frame.keys_title}</h2>
            <dl class="keys">
                {lines
                    .into_iter()
                    .map(|(keys, about)| {
                        view! {
                            <div>
                                <dt>
                                    {keys
                                        .into_iter()
                                        .map(|key| view! { <kbd>{key}</kbd> })
                                        .collect_view()}
                                </dt>
                                <dd>{about}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            <form method="dialog" class="dialog-buttons">
                <button class="button">{frame.close}</button>
            </form>
        </dialog>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::ev;
    use leptos::prelude::*;
    use leptos_router::hooks::use_navigate;
    use wasm_bindgen::JsCast;
    use web_sys::{HtmlDialogElement, HtmlElement, KeyboardEvent};

    use super::MAP_ID;

    const ROWS: &str = "[data-row]";

    pub fn listen() {
        // What needs scripts shows from here on.
        Effect::new(|| {
            if let Some(root) = document().document_element() {
                let _ = root.set_attribute("data-hydrated", "");
            }
        });
        let navigate = use_navigate();
        let going = StoredValue::new(false);
        let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing() {
                return;
            }
            let key = event.key();
            if going.get_value() {
                going.set_value(false);
                if let Some(path) = place(&key) {
                    event.prevent_default();
                    navigate(path, Default::default());
                }
                return;
            }
            match key.as_str() {
                "g" => going.set_value(true),
                "/" => {
                    event.prevent_default();
                    focus("main input[name=find], #find");
                }
                "j" => step(1),
                "k" => step(-1),
                "?" => show_map(),
                _ => {}
            }
        });
        on_cleanup(move || handle.remove());
    }

    fn place(key: &str) -> Option<&'static str> {
        match key {
            "o" => Some("/"),
            "s" => Some("/search"),
            "f" => Some("/failures"),
            "d" => Some("/destinations"),
            "r" => Some("/groups"),
            "c" => Some("/clusters"),
            "h" => Some("/health"),
            "a" => Some("/audit"),
            "e" => Some("/settings"),
            _ => None,
        }
    }

    fn is_typing() -> bool {
        document().active_element().is_some_and(|element| {
            matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA")
                || element.closest("dialog[open]").ok().flatten().is_some()
        })
    }

    fn focus(selector: &str) {
        if let Ok(Some(element)) = document().query_selector(selector)
            && let Ok(element) = element.dyn_into::<HtmlElement>()
        {
            let _ = element.focus();
        }
    }

    /// Moves the focus along the rows of the page's lists.
    fn step(by: i32) {
        let Ok(rows) = document().query_selector_all(ROWS) else {
            return;
        };
        let active = document().active_element();
        let rows: Vec<HtmlElement> = (0..rows.length())
            .filter_map(|at| rows.item(at)?.dyn_into().ok())
            .collect();
        let at = rows.iter().position(|row| {
            active
                .as_ref()
                .is_some_and(|active| row.is_same_node(Some(active)))
        });
        let last = rows.len().saturating_sub(1);
        let next = match (at, by) {
            (None, _) => 0,
            (Some(at), 1) => (at + 1).min(last),
            (Some(at), _) => at.saturating_sub(1),
        };
        if let Some(row) = rows.get(next) {
            let _ = row.focus();
        }
    }

    fn show_map() {
        if let Some(dialog) = document()
            .get_element_by_id(MAP_ID)
            .and_then(|element| element.dyn_into::<HtmlDialogElement>().ok())
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    }
}
