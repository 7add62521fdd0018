//! What every page stands in: who is signed in, the frame, the routes.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;
use waybill_model::access::Action;
use waybill_model::view::Viewer;

use crate::data::audit::AUDIT;
use crate::data::failures::{FAILURE, FAILURES};
use crate::data::journeys::JOURNEYS;
use crate::data::observed;
use crate::data::overview::OVERVIEW;
use crate::data::status::STATUS;
use crate::keys::Keys;
use crate::live::Live;
use crate::look::Look;
use crate::page;
use crate::page::frame::Frame;
use crate::page::island::island;

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
                <Pages signed_in/>
            </Frame>
        </Router>
    }
}

/// Without a session every address but the public ones shows the form in place, and leads back.
#[component]
fn Pages(signed_in: bool) -> impl IntoView {
    let gate = move |page: fn() -> AnyView| {
        move || {
            if signed_in {
                page()
            } else {
                page::sign_in::SignInInPlace().into_any()
            }
        }
    };
    view! {
        <FlatRoutes fallback=gate(|| page::not_found::NotFound().into_any())>
            <Route path=path!("/") view=gate(|| island(OVERVIEW))/>
            <Route path=path!("/search") view=gate(|| island(JOURNEYS))/>
            <Route path=path!("/journeys/:id") view=gate(page::journey::JourneyScreen)/>
            <Route path=path!("/destinations/:id/messages") view=gate(page::messages::MessagesPage)/>
            <Route path=path!("/destinations") view=gate(|| island(observed::DESTINATIONS))/>
            <Route path=path!("/destinations/:id") view=gate(|| island(observed::DESTINATION))/>
            <Route path=path!("/groups") view=gate(|| island(observed::GROUPS))/>
            <Route path=path!("/groups/:id") view=gate(|| island(observed::GROUP))/>
            <Route path=path!("/failures") view=gate(|| island(FAILURES))/>
            <Route path=path!("/failures/:id") view=gate(|| island(FAILURE))/>
            <Route path=path!("/clusters") view=gate(|| island(observed::CLUSTERS))/>
            <Route path=path!("/clusters/:id") view=gate(|| island(observed::CLUSTER))/>
            <Route path=path!("/clusters/:id/durability") view=gate(|| island(observed::DURABILITY))/>
            <Route path=path!("/health") view=gate(|| island(STATUS))/>
            <Route path=path!("/settings") view=gate(page::settings::SettingsPage)/>
            <Route path=path!("/settings/users") view=gate(page::users::UsersPage)/>
            <Route path=path!("/settings/tokens") view=gate(page::tokens::TokensPage)/>
            <Route path=path!("/audit") view=gate(|| island(AUDIT))/>
            <Route path=path!("/sign-in") view=|| page::sign_in::SignInPage().into_any()/>
            <Route path=path!("/setup/:secret") view=|| page::setup::SetupPage().into_any()/>
        </FlatRoutes>
    }
}
