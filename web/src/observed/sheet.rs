//! Pieces that these pages are made of: tables whose heads sort, fields, badges, pagers.

use leptos::prelude::*;
use waybill_model::messaging::{DestinationKind, DestinationRole};

use crate::i18n::words;
use crate::part::icon::{Icon, icon};
use crate::part::table;

/// The head of a column.
pub struct Col {
    is_number: bool,
    label: String,
    /// The address that sorts by it, and whether the page is sorted so.
    sort: Option<(String, bool)>,
}

impl Col {
    pub fn text(label: impl Into<String>) -> Self {
        Self {
            is_number: false,
            label: label.into(),
            sort: None,
        }
    }

    /// Right-aligned, with tabular digits.
    pub fn number(label: impl Into<String>) -> Self {
        Self {
            is_number: true,
            ..Self::text(label)
        }
    }

    pub fn sorts(self, href: String, is_sorted: bool) -> Self {
        Self {
            sort: Some((href, is_sorted)),
            ..self
        }
    }

    fn view(self) -> AnyView {
        let class = if self.is_number { "right" } else { "" };
        let Some((href, is_sorted)) = self.sort else {
            return table::head(class, self.label);
        };
        // Greatest first, but names from the beginning.
        let order = match (is_sorted, self.is_number) {
            (false, _) => None,
            (true, true) => Some(("descending", " ↓")),
            (true, false) => Some(("ascending", " ↑")),
        };
        view! {
            <th scope="col" class=class aria-sort=order.map(|(order, _)| order)>
                <a href=href>{self.label} {order.map(|(_, arrow)| arrow)}</a>
            </th>
        }
        .into_any()
    }
}

/// A table that scrolls by itself where it is wider than the page; reachable by keyboard.
pub fn table(label: &str, class: &str, columns: Vec<Col>, rows: Vec<AnyView>) -> AnyView {
    let heads = columns.into_iter().map(Col::view).collect();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label.to_owned()>
            <table class=format!("table {class}")>
                <thead>{table::row(heads)}</thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A field of a plain form.
pub fn field(id: &str, name: &str, label: &str, value: &str) -> AnyView {
    let (id, name, label) = (id.to_owned(), name.to_owned(), label.to_owned());
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id name=name value=value.to_owned() autocomplete="off" spellcheck="false"/>
        </div>
    }
    .into_any()
}

/// `options` are value and label.
pub fn choice(
    id: &str,
    name: &str,
    label: &str,
    options: Vec<(String, String)>,
    chosen: &str,
) -> AnyView {
    let (id, name, label) = (id.to_owned(), name.to_owned(), label.to_owned());
    let options = options.into_iter().map(|(value, label)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    });
    let options = options.collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>{options}</select>
        </div>
    }
    .into_any()
}

/// The form above a list, sent as a plain GET; `clear` asks for all of it.
pub fn filter(path: &str, fields: Vec<AnyView>) -> AnyView {
    let words = &words().observed;
    let (path, clear) = (path.to_owned(), path.to_owned());
    view! {
        <form class="filter-form" method="get" action=path role="search">
            {fields}
            <div class="filter-buttons">
                <button class="button primary">{words.filter}</button>
                <a class="button" href=clear>{words.clear}</a>
            </div>
        </form>
    }
    .into_any()
}

/// Onward by the cursor, and back to the beginning.
pub fn pager(first: Option<String>, next: Option<String>) -> AnyView {
    let words = &words().observed;
    if first.is_none() && next.is_none() {
        return ().into_any();
    }
    view! {
        <nav class="pager" aria-label=words.pages>
            {first.map(|href| view! { <a class="button" href=href>{words.first_page}</a> })}
            {next.map(|href| view! { <a class="button" href=href rel="next">{words.next_page} " →"</a> })}
        </nav>
    }
    .into_any()
}

/// A notice with an icon; `class` says how bad it is.
pub fn notice(class: &str, symbol: Icon, content: AnyView) -> AnyView {
    view! {
        <div class=format!("notice with-icon {class}") role="status">
            {icon(symbol)} <div>{content}</div>
        </div>
    }
    .into_any()
}

pub fn kind_word(kind: Option<DestinationKind>, role: DestinationRole) -> &'static str {
    let words = &words().observed;
    match (kind, role) {
        (_, DestinationRole::DeadLetter) => words.kind_dead_letter,
        (_, DestinationRole::Retry) => words.kind_retry,
        (Some(kind), _) => match kind {
            DestinationKind::Topic => words.kind_topic,
            DestinationKind::Queue => words.kind_queue,
            DestinationKind::Exchange => words.kind_exchange,
            DestinationKind::Stream => words.kind_stream,
            DestinationKind::Retry => words.kind_retry,
            DestinationKind::DeadLetter => words.kind_dead_letter,
        },
        (None, DestinationRole::Internal) => words.kind_internal,
        (None, DestinationRole::Origin) => crate::i18n::words().frame.unknown,
    }
}

pub fn per_s(rate: f64) -> String {
    (words().observed.per_s)(&crate::format::rate(rate))
}

/// The neutral word and, where it differs, the broker's own.
pub fn own(neutral: &str, broker: Option<&str>) -> String {
    match broker {
        Some(word) if !neutral.to_lowercase().starts_with(&word.to_lowercase()) => {
            format!("{neutral} ({})", crate::format::visible(word))
        }
        _ => neutral.to_owned(),
    }
}
