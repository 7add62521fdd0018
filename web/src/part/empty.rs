use leptos::prelude::*;

/// Nothing to show, why, and the next step.
#[component]
pub fn Empty(
    title: &'static str,
    why: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> AnyView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            <p>{why}</p>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}
