use leptos::prelude::*;

/// One number with its name: a term and its value in a `<dl class="figures">`.
pub fn figure(label: &'static str, value: impl IntoAny) -> AnyView {
    let value = value.into_any();
    view! {
        <div class="figure">
            <dt>{label}</dt>
            <dd class="num">{value}</dd>
        </div>
    }
    .into_any()
}
