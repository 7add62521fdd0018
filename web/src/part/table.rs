use leptos::prelude::*;

/// A table that scrolls by itself where it is wider than the page; reachable by keyboard.
#[component]
pub fn Table(
    label: &'static str,
    #[prop(default = "")] class: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table class=format!("table {class}")>{children()}</table>
        </div>
    }
}
