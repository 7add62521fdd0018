//! How pages are put together. Each of these is of one type, whatever it holds, so that the
//! bundle carries its code once.

use leptos::prelude::*;

/// A page with its title, in the tab and as its heading.
pub fn page(title: &'static str, children: Vec<AnyView>) -> AnyView {
    view! {
        {super::title::title(title)}
        <h1>{title}</h1>
        {children}
    }
    .into_any()
}

/// A part of a page under its heading; `id` is unique on the page.
pub fn section(id: &'static str, title: &'static str, children: Vec<AnyView>) -> AnyView {
    let heading = view! { <h2 id=id>{title}</h2> }.into_any();
    section_under(id, heading, children)
}

/// The same with a heading of its own, which carries `id`.
pub fn section_under(id: &'static str, heading: AnyView, children: Vec<AnyView>) -> AnyView {
    view! {
        <section aria-labelledby=id>
            {heading}
            {children}
        </section>
    }
    .into_any()
}

pub fn group(class: &'static str, children: Vec<AnyView>) -> AnyView {
    view! { <div class=class>{children}</div> }.into_any()
}

#[cfg(feature = "ssr")]
/// Numbers side by side.
pub fn figures(figures: Vec<AnyView>) -> AnyView {
    view! { <dl class="figures">{figures}</dl> }.into_any()
}

/// What is said beside, in a quiet voice.
pub fn quiet(text: impl Into<String>) -> AnyView {
    view! { <p class="quiet">{text.into()}</p> }.into_any()
}

pub fn button(label: &'static str) -> AnyView {
    view! { <button class="button primary">{label}</button> }.into_any()
}
