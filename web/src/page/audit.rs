use leptos::prelude::*;
use waybill_model::audit::AuditLine;
use waybill_model::problem::Problem;
use waybill_model::query::Page;

use crate::data::asked::Asked;
use crate::data::island::{Island, Watched};
use crate::i18n::words;
use crate::part::empty::Empty;
use crate::part::name::{code, name};
use crate::part::pager::Pager;
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::{badge, time};
use crate::routes::link::encode;

pub async fn page(query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let cursor = asked.owned("cursor");
    let further = cursor.is_some();
    let found = crate::data::port().audit(cursor).await?;
    let words = &words().health;
    let view = vec![
        view! { <h1>{words.audit_title}</h1> }.into_any(),
        section::quiet(words.audit_about),
        show(found, further).into_any(),
    ];
    Ok(Island::of(
        words.audit_title,
        Watched::Spans,
        view.into_any(),
    ))
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
