//! Forms that a server function answers. They are plain forms in every browser: what was done
//! shows on the page that the answer leads back to, and so does what went wrong.

use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_router::hooks::use_query_map;

use super::problem::form_problem;
use crate::data::Fault;

#[component]
pub fn PostForm(
    /// The address of the server function.
    to: &'static str,
    #[prop(default = "stack")] class: &'static str,
    children: Children,
) -> AnyView {
    view! {
        <form class=class method="post" action=to>
            {children()}
        </form>
    }
    .into_any()
}

/// What the form sent last did not do; success shows in the page itself.
pub fn posted_problem() -> AnyView {
    let query = use_query_map();
    let told = move || {
        let error = query.read().get("__err")?;
        Some(form_problem(ServerFnUrlError::<Fault>::decode_err(&error)))
    };
    told.into_any()
}
