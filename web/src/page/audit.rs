use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use waybill_model::audit::AuditLine;
use waybill_model::query::Page;

use crate::data::audit::audit;
use crate::i18n::words;
use crate::live::Live;
use crate::part::empty::Empty;
use crate::part::loaded::loaded;
use crate::part::name::{code, name};
use crate::part::pager::Pager;
use crate::part::table::Table;
use crate::part::{badge, time};
use crate::routes::link::encode;

#[component]
pub fn AuditPage() -> impl IntoView {
    let live = Live::expect();
    let query = use_query_map();
    let cursor = Memo::new(move |_| query.read().get("cursor").filter(|text| !text.is_empty()));
    let data = Resource::new(
        move || (cursor.get(), live.tick()),
        |(cursor, _)| audit(cursor),
    );
    view! {
        <Title text=words().health.audit_title/>
        <h1>{words().health.audit_title}</h1>
        <p class="quiet">{words().health.audit_about}</p>
        {loaded(data, move |page| show(page, cursor.get_untracked().is_some()))}
    }
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
    view! {
        <Table label=own.audit_title>
            <thead>
                <tr>
                    <th scope="col">{own.at}</th>
                    <th scope="col">{own.actor}</th>
                    <th scope="col">{own.action}</th>
                    <th scope="col">{own.object}</th>
                    <th scope="col">{own.decision}</th>
                    <th scope="col">{own.detail}</th>
                    <th scope="col">{own.hash}</th>
                </tr>
            </thead>
            <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
        </Table>
        <Pager older newest=further.then(|| "/audit".to_owned())/>
    }
    .into_any()
}

fn row(line: AuditLine) -> impl IntoView {
    view! {
        <tr>
            <td>{time::instant(line.at)}</td>
            <th scope="row">{name(&line.entry.actor, 32)}</th>
            <td>{code(&line.entry.action, 40)}</td>
            <td>{name(&line.entry.object, 48)}</td>
            <td>{badge::decision(line.entry.decision)}</td>
            <td>{name(&line.entry.detail, 120)}</td>
            <td>{code(&line.hash, 12)}</td>
        </tr>
    }
}
