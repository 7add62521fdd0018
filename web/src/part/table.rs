//! Tables. Rows and cells are of one type each, so that the bundle holds their code once.

use leptos::prelude::*;

pub enum Column {
    Text(&'static str),
    /// Right-aligned, with tabular digits.
    Number(&'static str),
}

/// A table that scrolls by itself where it is wider than the page; reachable by keyboard.
pub fn table(
    label: &'static str,
    class: &'static str,
    columns: Vec<Column>,
    rows: Vec<AnyView>,
) -> AnyView {
    table_with_foot(label, class, columns, rows, Vec::new())
}

pub fn table_with_foot(
    label: &'static str,
    class: &'static str,
    columns: Vec<Column>,
    rows: Vec<AnyView>,
    foot: Vec<AnyView>,
) -> AnyView {
    let heads: Vec<AnyView> = columns
        .into_iter()
        .map(|column| {
            let (class, label) = match column {
                Column::Text(label) => ("", label),
                Column::Number(label) => ("right", label),
            };
            head(class, label)
        })
        .collect();
    let foot = (!foot.is_empty()).then(|| view! { <tfoot>{foot}</tfoot> });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table class=format!("table {class}")>
                <thead>{row(heads)}</thead>
                <tbody>{rows}</tbody>
                {foot}
            </table>
        </div>
    }
    .into_any()
}

pub fn head(class: &'static str, content: impl IntoAny) -> AnyView {
    let content = content.into_any();
    view! { <th scope="col" class=class>{content}</th> }.into_any()
}

pub fn row(cells: Vec<AnyView>) -> AnyView {
    view! { <tr>{cells}</tr> }.into_any()
}

/// What the row is about.
pub fn title(content: impl IntoAny) -> AnyView {
    let content = content.into_any();
    view! { <th scope="row">{content}</th> }.into_any()
}

pub fn cell(content: impl IntoAny) -> AnyView {
    cell_of("", content)
}

pub fn number(content: impl IntoAny) -> AnyView {
    cell_of("right num", content)
}

pub fn cell_of(class: &'static str, content: impl IntoAny) -> AnyView {
    let content = content.into_any();
    view! { <td class=class>{content}</td> }.into_any()
}

/// A cell that says its column's name by itself on narrow screens.
pub fn labelled(label: &'static str, class: &'static str, content: impl IntoAny) -> AnyView {
    let content = content.into_any();
    view! { <td class=class data-label=label>{content}</td> }.into_any()
}
