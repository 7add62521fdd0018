//! What lies in a destination: the price first, then messages, then what arrives.

mod card;
mod form;
mod tail;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use waybill_model::access::Action;
use waybill_model::stored::{ReadEnded, ReadSoFar, StoredPage, StoredQuery};

use crate::app::SignedIn;
use crate::data::messages::{href, read_messages};
use crate::format;
use crate::i18n::words;
use crate::part::empty::Empty;
use crate::part::loaded::loaded;
use crate::part::name::name;
use crate::part::section;

/// The address is the state: a link reads the same again.
#[component]
pub fn MessagesPage() -> AnyView {
    let params = use_params_map();
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let id = params.read().get("id").unwrap_or_default();
        let query = query.read();
        let field = |name: &str| query.get(name).filter(|text| !text.is_empty());
        let query = StoredQuery {
            from: field("from"),
            offset: field("offset"),
            time: field("time"),
            key: field("key"),
            partition: field("partition"),
            filter: field("filter"),
            limit: field("limit"),
            cursor: field("cursor"),
            ..StoredQuery::default()
        };
        (id, query)
    });
    let page = loaded(read_messages(asked), move |page| {
        let (id, query) = asked.get_untracked();
        show(page, &id, &query)
    });
    let form = move || {
        let (id, query) = asked.get();
        form::form(&id, query)
    };
    let words = &words().messages;
    section::page(
        words.title,
        vec![section::quiet(words.about), form.into_any(), page],
    )
}

fn show(page: StoredPage, id: &str, query: &StoredQuery) -> AnyView {
    let words = &words().messages;
    let mut parts = vec![place(&page), price(&page)];
    if !page.withheld.is_empty() {
        parts.push(notice(words.withheld.to_owned()));
    }
    for unread in &page.unread {
        let text = format!(
            "{}: {} {}: {}",
            words.unread,
            words.unread_partition,
            format::visible(&unread.partition),
            format::visible(&unread.why)
        );
        parts.push(notice(text));
    }
    if let Some(read) = page.read {
        parts.push(took(page.items.len(), read));
        if page.items.is_empty() {
            let empty = view! { <Empty title=words.empty_title why=words.empty/> };
            parts.push(empty.into_any());
        }
        let with_journeys = SignedIn::expect().may(Action::TraceRead) && !page.journeys_truncated;
        let cards = page.items.into_iter();
        let cards = cards.map(|item| card::card(item, with_journeys)).collect();
        parts.push(section::group("stored", cards));
        parts.push(onward(id, query, page.next));
    }
    if page.price.disturbs.is_none() {
        parts.push(tail::tail(id, query));
    }
    parts.into_any()
}

fn place(page: &StoredPage) -> AnyView {
    view! {
        <p>
            <strong>{name(&page.destination, 120)}</strong>
            " · "
            {words().messages.cluster}
            " "
            {name(&page.cluster, 64)}
        </p>
    }
    .into_any()
}

fn price(page: &StoredPage) -> AnyView {
    let all = words();
    let words = &all.messages;
    if let Some(disturbs) = &page.price.disturbs {
        let cost = format::visible(&disturbs.cost);
        let instead = format::visible(&disturbs.instead);
        return notice(format!(
            "{}: {cost} {}: {instead}",
            words.disturbs, words.instead
        ));
    }
    let unknown = || all.frame.unknown.to_owned();
    let messages = page.price.messages.map_or_else(unknown, format::count);
    let bytes = page.price.bytes.map_or_else(unknown, format::bytes);
    let budget = (words.budget)(
        &format::bytes(page.budget.bytes),
        &format::duration(page.budget.ms as f64),
    );
    section::quiet(format!("{} {budget}", (words.price)(&messages, &bytes)))
}

fn took(shown: usize, read: ReadSoFar) -> AnyView {
    let words = &words().messages;
    let ended = match read.ended {
        ReadEnded::End => words.ended_end,
        ReadEnded::Enough => words.ended_enough,
        ReadEnded::Bytes => words.ended_bytes,
        ReadEnded::Time => words.ended_time,
    };
    let took = (words.took)(
        shown,
        &format::count(read.messages),
        &format::bytes(read.bytes),
        &format::duration(read.ms as f64),
    );
    let mut text = format!("{took} {ended}");
    if read.unjudged > 0 {
        text.push(' ');
        text.push_str(&(words.unjudged)(&format::count(read.unjudged)));
    }
    notice(text)
}

fn onward(id: &str, query: &StoredQuery, next: Option<String>) -> AnyView {
    let words = &words().messages;
    let button = |href: String, label: &'static str| {
        view! { <a class="button" href=href>{label}</a> }.into_any()
    };
    let mut buttons = Vec::new();
    if query.cursor.is_some() {
        buttons.push(button(href(id, query, None), words.from_start));
    }
    if let Some(next) = next {
        buttons.push(button(href(id, query, Some(&next)), words.go_on));
    }
    section::group("pager", buttons)
}

fn notice(text: String) -> AnyView {
    view! { <p class="notice" role="status">{text}</p> }.into_any()
}
