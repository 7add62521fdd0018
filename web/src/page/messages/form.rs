//! Where to begin and what to show; a plain form, which works without a script.

use leptos::prelude::*;
use waybill_model::stored::StoredQuery;

use crate::i18n::words;
use crate::part::field::{Choice, TextField};
use crate::part::section;
use crate::routes::link;

pub(super) fn form(id: &str, query: StoredQuery) -> AnyView {
    let words = &words().messages;
    let text = |id, name, label, hint, value: Option<String>| {
        let value = value.unwrap_or_default();
        view! { <TextField id name label hint value=value/> }.into_any()
    };
    let starts = vec![
        ("latest", words.latest),
        ("earliest", words.earliest),
        ("offset", words.at_offset),
        ("time", words.at_time),
        ("key", words.of_key),
    ];
    let chosen = query.from.unwrap_or_default();
    let from =
        view! { <Choice id="m-from" name="from" label=words.from options=starts chosen=chosen/> };
    let fields = vec![
        from.into_any(),
        text("m-offset", "offset", words.offset, "42", query.offset),
        text("m-time", "time", words.time, words.time_hint, query.time),
        text("m-key", "key", words.key, "", query.key),
        text(
            "m-partition",
            "partition",
            words.partition,
            "",
            query.partition,
        ),
        text("m-limit", "limit", words.limit, "50", query.limit),
    ];
    let filter = text(
        "m-filter",
        "filter",
        words.filter,
        words.filter_hint,
        query.filter,
    );
    let address = link::messages(id);
    let clear = view! { <a class="button" href=address.clone()>{words.clear}</a> };
    view! {
        <form class="search-form" method="get" action=address>
            {section::group("filters", fields)}
            {section::group("search-line", vec![filter, section::button(words.read), clear.into_any()])}
        </form>
    }
    .into_any()
}
