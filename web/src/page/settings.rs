use leptos::prelude::*;
use leptos_router::components::A;
use waybill_model::access::Action;

use super::frame::LookForm;
use crate::app::SignedIn;
use crate::i18n::words;
use crate::part::section;

#[component]
pub fn SettingsPage() -> AnyView {
    let words = &words().settings;
    let look = vec![
        section::quiet(words.appearance_about),
        section::group(
            "look-wide",
            vec![view! { <LookForm id="settings"/> }.into_any()],
        ),
    ];
    section::page(
        words.title,
        vec![
            view! { <SettingsPlaces/> }.into_any(),
            section::section("look-title", words.appearance, look),
        ],
    )
}

/// The parts of the settings, on each of them.
#[component]
pub fn SettingsPlaces() -> impl IntoView {
    let words = &words().settings;
    let signed_in = SignedIn::expect();
    view! {
        <nav class="tabs" aria-label=words.title>
            <A href="/settings" exact=true>
                {words.appearance}
            </A>
            {signed_in
                .may(Action::UserAdmin)
                .then(|| view! { <A href="/settings/users">{words.users}</A> })}
            <A href="/settings/tokens">{words.tokens}</A>
        </nav>
    }
}
