use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use waybill_model::audit::AuditLine;
use waybill_model::query::Page;

use crate::data::audit::read_audit;
use crate::i18n::words;
use crate::live::Live;
use crate::part::empty::Empty;
use crate::part::loaded::loaded;
use crate::part::name::{code, name};
use crate::part::pager::Pager;
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::{badge, time};
use crate::routes::link::encode;

#[component]
pub fn AuditPage() -> AnyView {
    let live = Live::expect();
    let query = use_query_map();
    let cursor = Memo::new(move |_| query.read().get("cursor").filter(|text| !text.is_empty()));
    let data = read_audit(cursor, live);
    let list = loaded(data, move |page| {
        show(page, cursor.get_untracked().is_some())
    });
    let words = &words().health;
    section::page(
        words.audit_title,
        vec![section::quiet(words.audit_about), list],
    )
}

fn show(page: Page<AuditLine>, further: bool) -> impl IntoView {
    let words = words();
    let own = &words.health;
    if page.items.is_empty() {
        return view! { <Empty title=own.audit_title why=own.audit_empty/> }.into_any();
    }
    let older = page
        .next
        .map(|cursor| format!("/audit?cursor={}", encode(&cursor)));
    let columns = [
        own.at,
        own.actor,
        own.action,
        own.object,
        own.decision,
        own.detail,
        own.hash,
    ];
    let columns = columns.map(Column::Text).into();
    let rows = page.items.into_iter().map(row).collect();
    view! {
        {table::table(own.audit_title, "", columns, rows)}
        <Pager older newest=further.then(|| "/audit".to_owned())/>
    }
    .into_any()
}

fn row(line: AuditLine) -> AnyView {
    table::row(vec![
        table::cell(time::instant(line.at)),
        table::title(name(&line.entry.actor, 32)),
        table::cell(code(&line.entry.action, 40)),
        table::cell(name(&line.entry.object, 48)),
        table::cell(badge::decision(line.entry.decision)),
        table::cell(name(&line.entry.detail, 120)),
        table::cell(code(&line.hash, 12)),
    ])
}
