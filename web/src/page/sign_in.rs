use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use waybill_model::problem::Code;

use super::frame::search;
use crate::data::outcome::PageOutcome;
use crate::i18n::words;
use crate::part::field::TextField;
use crate::part::problem::code_problem;
use crate::part::title::title;

#[component]
pub fn SignInPage() -> impl IntoView {
    view! { <SignInForm/> }
}

/// In place of a page that needs a session: the same address, status 401.
#[component]
pub fn SignInInPlace() -> impl IntoView {
    PageOutcome::tell(Code::Unauthenticated);
    view! { <SignInForm/> }
}

#[component]
pub fn SignInForm() -> impl IntoView {
    let frame = &words().frame;
    let location = use_location();
    let query = use_query_map();
    let next = move || {
        let path = location.pathname.get();
        if path == "/sign-in" {
            query.read().get("next").unwrap_or_else(|| "/".to_owned())
        } else {
            format!("{path}{}", search(&location.search.get()))
        }
    };
    let error = move || query.read().get("error").map(|code| code_problem(&code));
    view! {
        {title(frame.sign_in_title)}
        <div class="door">
            <h1>{frame.sign_in_title}</h1>
            <p class="quiet">{frame.sign_in_why}</p>
            {error}
            <form class="stack" method="post" action="/sign-in">
                <input type="hidden" name="next" value=next/>
                <TextField id="name" name="name" label=frame.name required=true autocomplete="username"/>
                <TextField
                    id="password"
                    name="password"
                    kind="password"
                    label=frame.password
                    required=true
                    autocomplete="current-password"
                />
                <button class="button primary wide">{frame.sign_in}</button>
            </form>
        </div>
    }
}
