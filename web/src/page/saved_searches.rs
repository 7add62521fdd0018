//! The searches that people keep, on the page of the search: links to them, and forms that save and
//! remove one.

use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use waybill_model::saved_search::SavedSearch;

use crate::data::Fault;
use crate::data::asked::Asked;
use crate::data::search::Search;
use crate::format;
use crate::i18n::words;
use crate::part::confirm::Confirm;
use crate::part::field::TextField;
use crate::part::name::name;
use crate::part::posted::PostForm;
use crate::part::problem::form_problem;
use crate::part::section;

/// What the form sent last did not do.
pub fn refusal(asked: &Asked) -> Option<AnyView> {
    let error = asked.text("__err")?;
    Some(form_problem(ServerFnUrlError::<Fault>::decode_err(error)).into_any())
}

pub fn list(searches: Vec<SavedSearch>) -> Option<AnyView> {
    if searches.is_empty() {
        return None;
    }
    let words = &words().search;
    let title = (words.saved)(searches.len());
    let items: Vec<AnyView> = searches.into_iter().map(item).collect();
    let list = view! {
        <details class="more">
            <summary>{title}</summary>
            <ul class="plain">{items}</ul>
        </details>
    };
    Some(list.into_any())
}

fn item(search: SavedSearch) -> AnyView {
    let words = &words().search;
    let href = format!("/search?{}", search.query);
    let shown = format::shortened(&format::visible(&search.name), 48);
    let by = search.shared.then(|| {
        let owner = format::visible(&search.owner);
        view! { <span class="quiet">{(words.shared_by)(&owner)}</span> }
    });
    let removing = search.may_change.then(|| {
        view! {
            <Confirm
                id=format!("remove-search-{}", search.id)
                label=words.remove_search
                ask=(words.remove_search_ask)(&shown)
                danger=true
            >
                <PostForm to="/fn/remove_search">
                    <input type="hidden" name="search_id" value=search.id/>
                    <button class="button danger-fill">{words.remove_search}</button>
                </PostForm>
            </Confirm>
        }
    });
    view! { <li><a href=href>{name(&search.name, 64)}</a> " " {by} " " {removing}</li> }.into_any()
}

/// Nothing where the search asks for nothing.
pub fn form(search: &Search) -> Option<AnyView> {
    let query = search.address_query("");
    if query.is_empty() {
        return None;
    }
    let words = &words().search;
    let form = view! {
        <details class="more">
            <summary>{words.save_title}</summary>
            <PostForm to="/fn/save_search" class="line-form">
                <input type="hidden" name="query" value=query/>
                <TextField id="save-name" name="name" label=words.save_name required=true/>
                <label class="check" for="save-shared">
                    <input id="save-shared" type="checkbox" name="shared" value="true"/>
                    {words.save_shared}
                </label>
                {section::button(words.save)}
            </PostForm>
        </details>
    };
    Some(form.into_any())
}
