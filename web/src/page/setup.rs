use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::i18n::words;
use crate::part::field::TextField;
use crate::part::problem::code_problem;
use crate::part::title::title;
use crate::routes::link::encode;

/// The first administrator, by the one-time link.
#[component]
pub fn SetupPage() -> impl IntoView {
    let frame = &words().frame;
    let params = use_params_map();
    let query = use_query_map();
    let action = move || {
        let secret = params.read().get("secret").unwrap_or_default();
        format!("/setup/{}", encode(&secret))
    };
    let error = move || query.read().get("error").map(|code| code_problem(&code));
    view! {
        {title(frame.setup_title)}
        <div class="door">
            <h1>{frame.setup_title}</h1>
            <p class="quiet">{frame.setup_why}</p>
            {error}
            <form class="stack" method="post" action=action>
                <TextField id="name" name="name" label=frame.name required=true autocomplete="username"/>
                <TextField
                    id="password"
                    name="password"
                    kind="password"
                    label=frame.password
                    required=true
                    autocomplete="new-password"
                />
                <p class="quiet">{frame.password_rule}</p>
                <button class="button primary wide">{frame.create_account}</button>
            </form>
        </div>
    }
}
