//! The frame around every page: skip link, header, navigation, account.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;
use waybill_model::access::Action;
use waybill_model::view::Viewer;

use crate::app::SignedIn;
use crate::i18n::{Lang, words};
use crate::live::Live;
use crate::look::{Look, Theme};
use crate::part::field::{Choice, role_word};
use crate::part::icon::{Icon, icon};
use crate::part::name::name;

#[component]
pub fn Frame(children: Children) -> AnyView {
    let signed_in = SignedIn::expect();
    let frame = &words().frame;
    view! {
        <a class="skip" href="#content">
            {frame.skip}
        </a>
        <header class="top">
            <a class="brand" href="/">
                {mark()} <span>{frame.product}</span>
            </a>
            {signed_in
                .0
                .clone()
                .map(|viewer| {
                    view! { <Navigation signed_in=signed_in.clone()/> <SearchBox/> <Account viewer/> }
                })}
        </header>
        <main id="content" tabindex="-1">
            {children()}
        </main>
        <footer class="foot">
            <span>{frame.utc}</span>
            <span class="needs-script">{frame.keys_hint}</span>
        </footer>
    }
    .into_any()
}

#[component]
fn Navigation(signed_in: SignedIn) -> AnyView {
    let frame = &words().frame;
    let places = [
        ("/", frame.overview, Some(Action::TraceRead)),
        ("/search", frame.search, Some(Action::TraceRead)),
        ("/failures", frame.failures, Some(Action::TraceRead)),
        ("/destinations", frame.destinations, Some(Action::TraceRead)),
        ("/groups", frame.groups, Some(Action::TraceRead)),
        ("/clusters", frame.clusters, Some(Action::StatusRead)),
        ("/health", frame.health, Some(Action::StatusRead)),
        ("/audit", frame.audit, Some(Action::AuditRead)),
        ("/settings", frame.settings, None),
    ];
    view! {
        <nav class="places" aria-label=frame.navigation>
            {places
                .into_iter()
                .filter(|(_, _, action)| action.is_none_or(|action| signed_in.may(action)))
                .map(|(path, label, _)| {
                    view! {
                        <A href=path exact=path == "/">
                            {label}
                        </A>
                    }
                })
                .collect_view()}
        </nav>
    }
    .into_any()
}

#[component]
fn SearchBox() -> AnyView {
    let frame = &words().frame;
    view! {
        <form class="find" method="get" action="/search" role="search">
            {icon(Icon::Search)}
            <input
                id="find"
                name="find"
                type="search"
                aria-label=frame.find_label
                placeholder=frame.find_hint
                autocomplete="off"
                spellcheck="false"
            />
        </form>
    }
    .into_any()
}

/// The live switch, and the menu of the person.
#[component]
fn Account(viewer: Viewer) -> AnyView {
    let frame = &words().frame;
    let live = Live::expect();
    view! {
        <div class="account">
            <button
                type="button"
                class="live"
                aria-pressed=move || live.paused().to_string()
                title=move || if live.paused() { frame.resume } else { frame.pause }
                on:click=move |_| live.toggle()
            >
                <span class=move || if live.connected() && !live.paused() { "live-dot on" } else { "live-dot" }></span>
                {move || {
                    if live.paused() {
                        frame.paused
                    } else if live.connected() {
                        frame.live
                    } else {
                        frame.live_off
                    }
                }}
            </button>
            <details class="menu">
                <summary aria-label=(frame.signed_in_as)(&crate::format::visible(&viewer.name))>
                    {icon(Icon::Person)} {name(&viewer.name, 16)}
                </summary>
                <div class="menu-panel">
                    <p class="quiet">{role_word(viewer.role)}</p>
                    <LookForm id="menu"/>
                    <form method="post" action="/sign-out">
                        <button class="button wide">{frame.sign_out}</button>
                    </form>
                </div>
            </details>
        </div>
    }
    .into_any()
}

/// Language and theme; the server keeps them in cookies and leads back here.
#[component]
pub fn LookForm(id: &'static str) -> AnyView {
    let frame = &words().frame;
    let look = Look::of_page();
    let location = use_location();
    let next = move || {
        format!(
            "{}{}",
            location.pathname.get(),
            search(&location.search.get())
        )
    };
    let themes = Theme::ALL
        .into_iter()
        .map(|theme| {
            let label = match theme {
                Theme::System => frame.theme_system,
                Theme::Light => frame.theme_light,
                Theme::Dark => frame.theme_dark,
            };
            (theme.name(), label)
        })
        .collect();
    let languages = Lang::ALL
        .into_iter()
        .map(|lang| (lang.name(), lang.label()))
        .collect();
    view! {
        <form class="look" method="post" action="/look">
            <input type="hidden" name="next" value=next/>
            <Choice
                id=format!("{id}-lang")
                name="lang"
                label=frame.language
                options=languages
                chosen=look.lang.name()
            />
            <Choice
                id=format!("{id}-theme")
                name="theme"
                label=frame.theme
                options=themes
                chosen=look.theme.name()
            />
            <button class="button wide">{frame.apply}</button>
        </form>
    }
    .into_any()
}

/// The query of an address with its question mark, or nothing.
pub fn search(query: &str) -> String {
    match query.trim_start_matches('?') {
        "" => String::new(),
        query => format!("?{query}"),
    }
}

fn mark() -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
            <rect class="mark" width="24" height="24" rx="5"></rect>
            <path
                d="M5 7l3.5 10L12 9l3.5 8L19 7"
                fill="none"
                stroke="#fff"
                stroke-width="2.2"
                stroke-linecap="round"
                stroke-linejoin="round"
            ></path>
        </svg>
    }
}
