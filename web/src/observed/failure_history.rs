//! The retry history of one message, as it was written down.

use leptos::prelude::*;
use waybill_model::failure::{FailurePage, RetryAttempt};

use super::failures::told;
use super::sheet::{self, Col};
use crate::format;
use crate::i18n::words;
use crate::part::name::{code, name};
use crate::part::{section, table, time};
use crate::routes::link;

pub fn history(page: &FailurePage) -> AnyView {
    let Some(newest) = page.recent.first().filter(|_| !page.history.is_empty()) else {
        return ().into_any();
    };
    let words = words();
    let own = &words.failure;
    let columns = vec![
        Col::number("#"),
        Col::text(own.started),
        Col::number(own.backoff),
        Col::text(own.history_at),
        Col::text(words.observed.group),
        Col::text(own.service),
        Col::text(own.version),
        Col::text(own.instance),
        Col::text(own.error),
    ];
    let rows = page
        .history
        .iter()
        .map(|attempt| row(attempt, &page.group.id))
        .collect();
    let table = sheet::table(own.history, "compact", columns, rows);
    let journey = link::journey(&newest.id);
    let journey = view! { <p><a href=journey>{words.journey.title} " →"</a></p> }.into_any();
    section::section("history-title", own.history, vec![table, journey])
}

fn row(attempt: &RetryAttempt, shown: &str) -> AnyView {
    let waited = (attempt.backoff_ms > 0.0).then(|| format::duration(attempt.backoff_ms));
    table::row(vec![
        table::number(attempt.n.to_string()),
        table::title(time::instant(attempt.started_at)),
        table::number(waited.unwrap_or_else(|| "–".to_owned())),
        table::cell(told(attempt.destination.as_deref())),
        table::cell(told(attempt.group.as_deref())),
        table::cell(name(&attempt.service, 40)),
        table::cell(told(attempt.version.as_deref())),
        table::cell(told(attempt.instance.as_deref())),
        table::cell(error(attempt, shown)),
    ])
}

/// What went wrong, and where another kind of failure is told.
fn error(attempt: &RetryAttempt, shown: &str) -> AnyView {
    let own = &words().failure;
    let Some(fingerprint) = attempt.fingerprint.as_deref() else {
        return view! { <span class="quiet">{own.no_failure}</span> }.into_any();
    };
    let what = match (attempt.evidence, attempt.error_type.as_deref()) {
        (Some(evidence), _) => own.evidence_of(evidence).into_any(),
        (None, Some(kind)) => code(kind, 60),
        (None, None) => own.no_type.into_any(),
    };
    let what = match fingerprint == shown {
        true => what,
        false => view! { <a href=link::failure(fingerprint)>{what}</a> }.into_any(),
    };
    let message = attempt.message.as_deref();
    let frame = attempt.first_frame.as_deref();
    view! {
        {what}
        {message.map(|text| view! { <span class="row-under">{name(text, 160)}</span> })}
        {frame.map(|text| view! { <span class="row-under">{code(text, 120)}</span> })}
    }
    .into_any()
}
