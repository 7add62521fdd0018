use std::collections::BTreeMap;

use leptos::prelude::*;
use waybill_model::problem::Problem;
use waybill_model::status::{Component, IngestCounters, Status, StoreFigures};

use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::figure::figure;
use crate::part::name::{code, name};
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::{badge, time};

pub async fn page() -> Result<Island, Problem> {
    let status = crate::data::port().status().await?;
    let title = words().health.title;
    let view = view! { <h1>{title}</h1> {show(status)} };
    Ok(Island::of(title, Watched::Spans, view.into_any()))
}

fn show(status: Status) -> AnyView {
    let words = &words().health;
    let about = section::figures(vec![
        figure(words.version, format::visible(&status.version)),
        figure(words.uptime, format::duration(status.uptime_ms as f64)),
        figure(words.started, time::instant(status.started_at)),
    ]);
    let components = vec![components(status.components)];
    vec![
        about,
        section::section("components-title", words.components, components),
        section::section("ingest-title", words.ingest, ingest(status.ingest)),
        section::section("store-title", words.store, vec![store(status.store)]),
    ]
    .into_any()
}

fn components(components: Vec<Component>) -> AnyView {
    let words = &words().health;
    let columns = vec![
        Column::Text(words.component),
        Column::Text(words.state),
        Column::Number(words.since),
        Column::Text(words.last_error),
    ];
    let rows = components
        .iter()
        .map(|component| {
            table::row(vec![
                table::title(name(&component.name, 48)),
                table::cell(badge::component(component.state)),
                table::number(format::duration(component.age_ms as f64)),
                table::cell(name(component.last_error.as_deref().unwrap_or("–"), 200)),
            ])
        })
        .collect();
    table::table(words.components, "", columns, rows)
}

fn ingest(counters: IngestCounters) -> Vec<AnyView> {
    let words = &words().health;
    let heading = |label: &'static str| view! { <h3>{label}</h3> }.into_any();
    let refused = vec![
        heading(words.refused),
        reasons(
            words.refused,
            words.nothing_refused,
            counters.refused_requests,
        ),
    ];
    let rejected = vec![
        heading(words.rejected),
        reasons(
            words.rejected,
            words.nothing_rejected,
            counters.rejected_records,
        ),
    ];
    vec![
        section::quiet(words.ingest_about),
        section::figures(vec![
            figure(words.accepted_spans, format::count(counters.accepted_spans)),
            figure(
                words.duplicate_spans,
                format::count(counters.duplicate_spans),
            ),
            figure(words.accepted_logs, format::count(counters.accepted_logs)),
            figure(
                words.accepted_points,
                format::count(counters.accepted_metric_points),
            ),
        ]),
        section::group(
            "columns",
            vec![section::group("", refused), section::group("", rejected)],
        ),
    ]
}

fn reasons(label: &'static str, none: &'static str, counts: BTreeMap<String, u64>) -> AnyView {
    let words = &words().health;
    if counts.is_empty() {
        return section::quiet(none);
    }
    let columns = vec![Column::Text(words.reason), Column::Number(words.count)];
    let rows = counts
        .into_iter()
        .map(|(reason, count)| {
            table::row(vec![
                table::title(code(&reason, 60)),
                table::number(format::count(count)),
            ])
        })
        .collect();
    table::table(label, "compact", columns, rows)
}

fn store(figures: StoreFigures) -> AnyView {
    let words = words();
    let own = &words.health;
    let known = |number: Option<u64>, format: fn(u64) -> String| {
        number.map_or_else(|| words.frame.unknown.to_owned(), format)
    };
    section::figures(vec![
        figure(own.on_disk, known(figures.bytes_on_disk, format::bytes)),
        figure(own.spans, known(figures.spans, format::count)),
        figure(own.blocks, known(figures.blocks, format::count)),
        figure(own.oldest, time::instant_or_unknown(figures.oldest_span_at)),
        figure(own.newest, time::instant_or_unknown(figures.newest_span_at)),
    ])
}
