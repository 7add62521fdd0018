use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use waybill_model::view::{TokenLine, TokenPurpose};

use super::settings::SettingsPlaces;
use super::users::problem_of;
use crate::data::tokens::{CreateToken, RevokeToken, issued_token, tokens};
use crate::format;
use crate::i18n::words;
use crate::part::confirm::Confirm;
use crate::part::copy::CopyText;
use crate::part::empty::Empty;
use crate::part::field::{Choice, TextField, role_options, role_word};
use crate::part::loaded::loaded;
use crate::part::name::name;
use crate::part::table::Table;
use crate::part::time;

#[component]
pub fn TokensPage() -> impl IntoView {
    let create = ServerAction::<CreateToken>::new();
    let revoke = ServerAction::<RevokeToken>::new();
    let data = Resource::new(
        move || (create.version().get(), revoke.version().get()),
        |_| tokens(),
    );
    let words = &words().settings;
    let purposes = vec![("api", words.purpose_api), ("ingest", words.purpose_ingest)];
    view! {
        <Title text=words.tokens/>
        <h1>{words.title}</h1>
        <SettingsPlaces/>
        <Issued/>
        <section aria-labelledby="tokens-title">
            <h2 id="tokens-title">{words.tokens}</h2>
            <p class="quiet">{words.tokens_about}</p>
            {problem_of(revoke.value())}
            {loaded(data, move |tokens| table(tokens, revoke))}
        </section>
        <section aria-labelledby="create-title">
            <h2 id="create-title">{words.create_token}</h2>
            {problem_of(create.value())}
            <ActionForm action=create attr:class="line-form">
                <TextField id="token-name" name="name" label=words.token_name required=true/>
                <Choice id="token-purpose" name="purpose" label=words.purpose options=purposes/>
                <Choice id="token-role" name="role" label=words.token_role options=role_options()/>
                <button class="button primary">{words.create}</button>
            </ActionForm>
        </section>
    }
}

/// The secret of a token made a moment ago, once.
#[component]
fn Issued() -> impl IntoView {
    let query = use_query_map();
    let issue = Memo::new(move |_| query.read().get("issued").filter(|text| !text.is_empty()));
    let secret = Resource::new(
        move || issue.get(),
        |issue| async move {
            match issue {
                Some(issue) => issued_token(issue).await.map(Some),
                None => Ok(None),
            }
        },
    );
    loaded(secret, |secret: Option<Option<String>>| {
        let words = &words().settings;
        secret.map(|secret| match secret {
            Some(secret) => view! {
                <div class="issued" role="status">
                    <p class="issued-title">{words.issued_title}</p>
                    <CopyText text=secret max=200/>
                    <p>{words.issued_about}</p>
                </div>
            }
            .into_any(),
            None => view! { <p class="notice" role="status">{words.issued_gone}</p> }.into_any(),
        })
    })
}

fn table(tokens: Vec<TokenLine>, revoke: ServerAction<RevokeToken>) -> impl IntoView {
    let words = &words().settings;
    if tokens.is_empty() {
        return view! { <Empty title=words.no_tokens why=words.tokens_about/> }.into_any();
    }
    view! {
        <Table label=words.tokens>
            <thead>
                <tr>
                    <th scope="col">{words.token_name}</th>
                    <th scope="col">{words.purpose}</th>
                    <th scope="col">{words.speaks_for}</th>
                    <th scope="col">{words.created}</th>
                    <th scope="col">{words.last_used}</th>
                    <th scope="col">{words.expires}</th>
                    <th scope="col">{words.actions}</th>
                </tr>
            </thead>
            <tbody>{tokens.into_iter().map(|token| row(token, revoke)).collect_view()}</tbody>
        </Table>
    }
    .into_any()
}

fn row(token: TokenLine, revoke: ServerAction<RevokeToken>) -> impl IntoView {
    let words = &words().settings;
    let id = token.id;
    let purpose = match token.purpose {
        TokenPurpose::Api => words.purpose_api,
        TokenPurpose::Ingest => words.purpose_ingest,
    };
    let never = |at: Option<_>| match at {
        Some(at) => time::instant(at).into_any(),
        None => words.never.into_any(),
    };
    let shown = format::shortened(&format::visible(&token.name), 48);
    view! {
        <tr>
            <th scope="row">{name(&token.name, 48)}</th>
            <td>{purpose} {token.role.map(|role| format!(" · {}", role_word(role)))}</td>
            <td>{token.user.map(|user| name(&user, 32))}</td>
            <td>{time::instant(token.created_at)}</td>
            <td>{never(token.last_used_at)}</td>
            <td>{never(token.expires_at)}</td>
            <td class="row-actions">
                <Confirm id=format!("revoke-{id}") label=words.revoke ask=(words.revoke_ask)(&shown) danger=true>
                    <ActionForm action=revoke>
                        <input type="hidden" name="token_id" value=id/>
                        <button class="button danger-fill">{words.revoke}</button>
                    </ActionForm>
                </Confirm>
            </td>
        </tr>
    }
}
