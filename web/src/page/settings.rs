use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use waybill_model::access::Action;

use super::frame::LookForm;
use crate::app::SignedIn;
use crate::i18n::words;

#[component]
pub fn SettingsPage() -> impl IntoView {
    let words = &words().settings;
    view! {
        <Title text=words.title/>
        <h1>{words.title}</h1>
        <SettingsPlaces/>
        <section aria-labelledby="look-title">
            <h2 id="look-title">{words.appearance}</h2>
            <p class="quiet">{words.appearance_about}</p>
            <div class="look-wide">
                <LookForm id="settings"/>
            </div>
        </section>
    }
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
