use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use waybill_model::view::{TokenLine, TokenPurpose};

use super::settings::SettingsPlaces;
use crate::data::tokens::{read_issued_token, read_tokens};
use crate::format;
use crate::i18n::words;
use crate::part::confirm::Confirm;
use crate::part::copy::CopyText;
use crate::part::empty::Empty;
use crate::part::field::{Choice, TextField, role_options, role_word};
use crate::part::loaded::loaded;
use crate::part::name::name;
use crate::part::posted::{PostForm, posted_problem};
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::time;

#[component]
pub fn TokensPage() -> AnyView {
    let data = read_tokens();
    let words = &words().settings;
    let purposes = vec![("api", words.purpose_api), ("ingest", words.purpose_ingest)];
    let list = vec![
        section::quiet(words.tokens_about),
        posted_problem(),
        loaded(data, table),
    ];
    let form = view! {
        <PostForm to="/fn/create_token" class="line-form">
            <TextField id="token-name" name="name" label=words.token_name required=true/>
            <Choice id="token-purpose" name="purpose" label=words.purpose options=purposes/>
            <Choice id="token-role" name="role" label=words.token_role options=role_options()/>
            {section::button(words.create)}
        </PostForm>
    };
    section::page(
        words.title,
        vec![
            view! { <SettingsPlaces/> }.into_any(),
            issued(),
            section::section("tokens-title", words.tokens, list),
            section::section("create-title", words.create_token, vec![form.into_any()]),
        ],
    )
}

/// The secret of a token made a moment ago, once.
fn issued() -> AnyView {
    let query = use_query_map();
    let shown = move || {
        let issue = query.read().get("issued").filter(|text| !text.is_empty());
        issue.map(|issue| loaded(read_issued_token(issue), secret))
    };
    shown.into_any()
}

fn secret(secret: Option<String>) -> AnyView {
    let words = &words().settings;
    match secret {
        Some(secret) => view! {
            <div class="issued" role="status">
                <p class="issued-title">{words.issued_title}</p>
                <CopyText text=secret max=200/>
                <p>{words.issued_about}</p>
            </div>
        }
        .into_any(),
        None => view! { <p class="notice" role="status">{words.issued_gone}</p> }.into_any(),
    }
}

fn table(tokens: Vec<TokenLine>) -> AnyView {
    let words = &words().settings;
    if tokens.is_empty() {
        return view! { <Empty title=words.no_tokens why=words.tokens_about/> }.into_any();
    }
    let columns = [
        words.token_name,
        words.purpose,
        words.speaks_for,
        words.created,
        words.last_used,
        words.expires,
        words.actions,
    ];
    let rows = tokens.into_iter().map(row).collect();
    table::table(words.tokens, "", columns.map(Column::Text).into(), rows)
}

fn row(token: TokenLine) -> AnyView {
    let words = &words().settings;
    let id = token.id;
    let purpose = match token.purpose {
        TokenPurpose::Api => words.purpose_api,
        TokenPurpose::Ingest => words.purpose_ingest,
    };
    let may = match token.role {
        Some(role) => format!("{purpose} · {}", role_word(role)),
        None => purpose.to_owned(),
    };
    let or_never = |at: Option<_>| match at {
        Some(at) => time::instant(at),
        None => words.never.into_any(),
    };
    let shown = format::shortened(&format::visible(&token.name), 48);
    let user = token.user.as_deref().unwrap_or("–");
    let revoking = view! {
        <Confirm
            id=format!("revoke-{id}")
            label=words.revoke
            ask=(words.revoke_ask)(&shown)
            danger=true
        >
            <PostForm to="/fn/revoke_token">
                <input type="hidden" name="token_id" value=id/>
                <button class="button danger-fill">{words.revoke}</button>
            </PostForm>
        </Confirm>
    };
    table::row(vec![
        table::title(name(&token.name, 48)),
        table::cell(may),
        table::cell(name(user, 32)),
        table::cell(time::instant(token.created_at)),
        table::cell(or_never(token.last_used_at)),
        table::cell(or_never(token.expires_at)),
        table::cell_of("row-actions", revoking),
    ])
}
