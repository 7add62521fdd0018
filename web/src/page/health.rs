use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;
use waybill_model::status::{Component, IngestCounters, Status, StoreFigures};

use crate::data::status::status;
use crate::format;
use crate::i18n::words;
use crate::live::Live;
use crate::part::figure::figure;
use crate::part::loaded::loaded;
use crate::part::name::{code, name};
use crate::part::table::Table;
use crate::part::{badge, time};

#[component]
pub fn HealthPage() -> impl IntoView {
    let live = Live::expect();
    let data = Resource::new(move || live.tick(), |_| status());
    view! {
        <Title text=words().health.title/>
        <h1>{words().health.title}</h1>
        {loaded(data, show)}
    }
}

fn show(status: Status) -> impl IntoView {
    let words = &words().health;
    view! {
        <dl class="figures">
            {figure(words.version, format::visible(&status.version))}
            {figure(words.uptime, format::duration(status.uptime_ms as f64))}
            {figure(words.started, time::instant(status.started_at))}
        </dl>
        <section aria-labelledby="components-title">
            <h2 id="components-title">{words.components}</h2>
            {components(status.components)}
        </section>
        <section aria-labelledby="ingest-title">
            <h2 id="ingest-title">{words.ingest}</h2>
            <p class="quiet">{words.ingest_about}</p>
            {ingest(status.ingest)}
        </section>
        <section aria-labelledby="store-title">
            <h2 id="store-title">{words.store}</h2>
            {store(status.store)}
        </section>
    }
}

fn components(components: Vec<Component>) -> impl IntoView {
    let words = &words().health;
    view! {
        <Table label=words.components>
            <thead>
                <tr>
                    <th scope="col">{words.component}</th>
                    <th scope="col">{words.state}</th>
                    <th scope="col" class="right">{words.since}</th>
                    <th scope="col">{words.last_error}</th>
                </tr>
            </thead>
            <tbody>
                {components
                    .into_iter()
                    .map(|component| {
                        let error = match component.last_error.as_deref() {
                            Some(error) => name(error, 200).into_any(),
                            None => "–".into_any(),
                        };
                        view! {
                            <tr>
                                <th scope="row">{name(&component.name, 48)}</th>
                                <td>{badge::component(component.state)}</td>
                                <td class="right num">
                                    {format::duration(component.age_ms as f64)}
                                </td>
                                <td>{error}</td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </Table>
    }
}

fn ingest(counters: IngestCounters) -> impl IntoView {
    let words = &words().health;
    view! {
        <dl class="figures">
            {figure(words.accepted_spans, format::count(counters.accepted_spans))}
            {figure(words.duplicate_spans, format::count(counters.duplicate_spans))}
            {figure(words.accepted_logs, format::count(counters.accepted_logs))}
            {figure(words.accepted_points, format::count(counters.accepted_metric_points))}
        </dl>
        <div class="columns">
            <div>
                <h3>{words.refused}</h3>
                {reasons(words.refused, words.nothing_refused, counters.refused_requests)}
            </div>
            <div>
                <h3>{words.rejected}</h3>
                {reasons(words.rejected, words.nothing_rejected, counters.rejected_records)}
            </div>
        </div>
    }
}

fn reasons(
    label: &'static str,
    none: &'static str,
    counts: BTreeMap<String, u64>,
) -> impl IntoView {
    let words = &words().health;
    if counts.is_empty() {
        return view! { <p class="quiet">{none}</p> }.into_any();
    }
    view! {
        <Table label class="compact">
            <thead>
                <tr>
                    <th scope="col">{words.reason}</th>
                    <th scope="col" class="right">{words.count}</th>
                </tr>
            </thead>
            <tbody>
                {counts
                    .into_iter()
                    .map(|(reason, count)| {
                        view! {
                            <tr>
                                <th scope="row">{code(&reason, 60)}</th>
                                <td class="right num">{format::count(count)}</td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </Table>
    }
    .into_any()
}

fn store(figures: StoreFigures) -> impl IntoView {
    let words = words();
    let own = &words.health;
    let known = |number: Option<u64>, format: fn(u64) -> String| {
        number.map_or_else(|| words.frame.unknown.to_owned(), format)
    };
    view! {
        <dl class="figures">
            {figure(own.on_disk, known(figures.bytes_on_disk, format::bytes))}
            {figure(own.spans, known(figures.spans, format::count))}
            {figure(own.blocks, known(figures.blocks, format::count))}
            {figure(own.oldest, time::instant_or_unknown(figures.oldest_span_at))}
            {figure(own.newest, time::instant_or_unknown(figures.newest_span_at))}
        </dl>
    }
}
