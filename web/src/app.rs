//! What every page stands in: who is signed in, the frame, the routes.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;
use waybill_model::access::Action;
use waybill_model::view::Viewer;

use crate::keys::Keys;
use crate::live::Live;
use crate::look::Look;
use crate::page;
use crate::page::frame::Frame;

/// Nobody, or the person of this page. A change of it is always a new page load.
#[derive(Clone)]
pub struct SignedIn(pub Option<Viewer>);

impl SignedIn {
    pub fn expect() -> Self {
        use_context::<Self>().unwrap_or(Self(None))
    }

    /// What may not be done has no button.
    pub fn may(&self, action: Action) -> bool {
        self.0
            .as_ref()
            .is_some_and(|viewer| viewer.actions.contains(&action))
    }

    #[cfg(feature = "ssr")]
    fn of_request() -> Option<Viewer> {
        expect_context::<std::sync::Arc<dyn crate::port::Port>>().viewer()
    }

    #[cfg(not(feature = "ssr"))]
    fn of_request() -> Option<Viewer> {
        None
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Look::of_page());
    let viewer = SharedValue::new(SignedIn::of_request).into_inner();
    let signed_in = viewer.is_some();
    provide_context(SignedIn(viewer));
    Live::provide(signed_in);

    view! {
        <Title formatter=|title: String| format!("{title} · Waybill")/>
        <Router>
            <Keys/>
            <Frame>
                {if signed_in {
                    view! { <Pages/> }.into_any()
                } else {
                    view! { <PublicPages/> }.into_any()
                }}
            </Frame>
        </Router>
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=page::not_found::NotFound>
            <Route path=path!("/") view=|| any(page::overview::OverviewPage)/>
            <Route path=path!("/search") view=|| any(page::search::SearchPage)/>
            <Route path=path!("/journeys/:id") view=|| any(page::journey::JourneyScreen)/>
            <Route path=path!("/health") view=|| any(page::health::HealthPage)/>
            <Route path=path!("/settings") view=|| any(page::settings::SettingsPage)/>
            <Route path=path!("/settings/users") view=|| any(page::users::UsersPage)/>
            <Route path=path!("/settings/tokens") view=|| any(page::tokens::TokensPage)/>
            <Route path=path!("/audit") view=|| any(page::audit::AuditPage)/>
            <Route path=path!("/sign-in") view=|| any(page::sign_in::SignInPage)/>
            <Route path=path!("/setup/:secret") view=|| any(page::setup::SetupPage)/>
        </Routes>
    }
}

/// Of one type, so that the router's code is there once.
fn any<V: IntoView + 'static>(page: impl Fn() -> V) -> AnyView {
    page().into_any()
}

/// Any other address shows the form in place, and leads back there.
#[component]
fn PublicPages() -> impl IntoView {
    view! {
        <Routes fallback=page::sign_in::SignInInPlace>
            <Route path=path!("/sign-in") view=|| any(page::sign_in::SignInPage)/>
            <Route path=path!("/setup/:secret") view=|| any(page::setup::SetupPage)/>
        </Routes>
    }
}
