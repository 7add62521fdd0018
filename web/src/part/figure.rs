use leptos::prelude::*;

/// One number with its name: a term and its value in a `<dl class="figures">`.
pub fn figure(label: &'static str, value: impl IntoView) -> impl IntoView {
    view! {
        <div class="figure">
            <dt>{label}</dt>
            <dd class="num">{value}</dd>
        </div>
    }
}
