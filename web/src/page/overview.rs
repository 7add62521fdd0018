use leptos::prelude::*;
use leptos_meta::Title;
use waybill_model::journey::JourneySummary;
use waybill_model::time::Timestamp;
use waybill_model::view::{DestinationLine, Overview, Totals};

use crate::data::overview::{OverviewData, overview};
use crate::format;
use crate::i18n::words;
use crate::live::Live;
use crate::part::chart::TrafficChart;
use crate::part::empty::Empty;
use crate::part::figure::figure;
use crate::part::loaded::loaded;
use crate::part::map::{Map, role_word};
use crate::part::name::name;
use crate::part::table::Table;
use crate::part::{badge, time};
use crate::routes::link;

#[component]
pub fn OverviewPage() -> impl IntoView {
    let live = Live::expect();
    let data = Resource::new(move || live.tick(), |_| overview());
    view! {
        <Title text=words().overview.title/>
        {loaded(data, show)}
    }
}

fn show(data: OverviewData) -> impl IntoView {
    let overview = data.overview;
    if overview.empty {
        return view! { <FirstSteps/> }.into_any();
    }
    let words = words();
    let window = format::span_of_time(overview.window_ms / 1000, words);
    let Overview {
        as_of,
        totals,
        traffic,
        troubled,
        destinations,
        edges,
        ..
    } = overview;
    view! {
        <div class="page-head">
            <h1>{words.overview.title}</h1>
            <p class="quiet">
                {(words.overview.window)(&window)} " · " {time::instant(as_of)} " UTC"
            </p>
        </div>
        {figures(totals)}
        {trouble(troubled, as_of)}
        <section aria-labelledby="map-title">
            <h2 id="map-title">{words.overview.map}</h2>
            <Map edges destinations=destinations.clone()/>
        </section>
        <section aria-labelledby="traffic-title">
            <h2 id="traffic-title">{words.overview.traffic}</h2>
            <TrafficChart points=traffic svg=data.traffic_svg/>
        </section>
        <section aria-labelledby="destinations-title">
            <h2 id="destinations-title">{words.overview.destinations}</h2>
            {table(destinations, as_of)}
        </section>
    }
    .into_any()
}

fn figures(totals: Totals) -> impl IntoView {
    let words = &words().overview;
    view! {
        <dl class="figures">
            {figure(words.published, format::count(totals.published))}
            {figure(words.processed, format::count(totals.processed))}
            {figure(words.failed, format::count(totals.failed))}
            {figure(words.dead_lettered, format::count(totals.dead_lettered))}
            {figure(words.services, format::count(totals.services))}
            {figure(words.destinations, format::count(totals.destinations))}
        </dl>
    }
}

/// First on the page: is anything wrong?
fn trouble(troubled: Vec<JourneySummary>, as_of: Timestamp) -> impl IntoView {
    let words = words();
    let list = if troubled.is_empty() {
        view! { <Empty title=words.overview.troubled_none why=words.overview.troubled_none_why/> }
            .into_any()
    } else {
        view! {
            <ul class="trouble">
                {troubled.into_iter().map(|journey| trouble_row(journey, as_of)).collect_view()}
            </ul>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="trouble-title">
            <div class="section-head">
                <h2 id="trouble-title">{words.overview.troubled}</h2>
                <a href="/search?state=dead_lettered">{words.overview.troubled_all}</a>
            </div>
            {list}
        </section>
    }
}

fn trouble_row(journey: JourneySummary, as_of: Timestamp) -> impl IntoView {
    let words = words();
    let place = journey.message.destination.clone().unwrap_or_default();
    let key = journey
        .message
        .key
        .clone()
        .or_else(|| journey.message.message_id.clone());
    let reason = journey
        .first_error
        .clone()
        .or_else(|| journey.diagnosis.clone())
        .unwrap_or_default();
    view! {
        <li>
            <a data-row="" href=link::journey(&journey.id)>
                <span class="trouble-state">{badge::journey(journey.state)}</span>
                <span class="trouble-what">
                    <strong>{name(&place, 48)}</strong>
                    {key.map(|key| view! { " " {crate::part::name::code(&key, 40)} })}
                </span>
                <span class="trouble-why">{name(&reason, 160)}</span>
                <span class="trouble-tries num">{(words.journey.retries)(journey.attempts)}</span>
                <span class="trouble-when">{time::ago(journey.started_at, as_of)}</span>
            </a>
        </li>
    }
}

fn table(destinations: Vec<DestinationLine>, as_of: Timestamp) -> impl IntoView {
    let words = words();
    let own = &words.overview;
    let per_s = words.unit.per_s;
    view! {
        <Table label=own.destinations>
            <thead>
                <tr>
                    <th scope="col">{own.destination}</th>
                    <th scope="col">{own.system}</th>
                    <th scope="col">{own.kind}</th>
                    <th scope="col" class="right">{own.in_rate}</th>
                    <th scope="col" class="right">{own.out_rate}</th>
                    <th scope="col" class="right">{own.failed}</th>
                    <th scope="col" class="right">{own.p50}</th>
                    <th scope="col" class="right">{own.p99}</th>
                    <th scope="col" class="right">{own.last}</th>
                </tr>
            </thead>
            <tbody>
                {destinations
                    .into_iter()
                    .map(|line| {
                        let failed = if line.failed > 0 { "right num failed" } else { "right num" };
                        view! {
                            <tr>
                                <th scope="row">
                                    <a data-row="" href=link::destination(&line.destination)>
                                        {name(&line.destination, 48)}
                                    </a>
                                </th>
                                <td>{name(&line.system, 24)}</td>
                                <td>{role_word(line.role)}</td>
                                <td class="right num">{format::rate(line.published_per_s)} {per_s}</td>
                                <td class="right num">{format::rate(line.processed_per_s)} {per_s}</td>
                                <td class=failed>{format::count(line.failed)}</td>
                                <td class="right num">{milliseconds(line.p50_ms)}</td>
                                <td class="right num">{milliseconds(line.p99_ms)}</td>
                                <td class="right">{time::ago(line.last_at, as_of)}</td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </Table>
    }
}

fn milliseconds(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), format::duration)
}

/// Nothing was ever received: how to send.
#[component]
fn FirstSteps() -> impl IntoView {
    let words = &words().overview;
    view! {
        <div class="first-steps">
            <h1>{words.empty_title}</h1>
            <p class="lead">{words.empty_about}</p>
            <h2>{words.empty_endpoints}</h2>
            <dl class="endpoints">
                <div>
                    <dt>"OTLP/gRPC"</dt>
                    <dd><code>"http://127.0.0.1:4317"</code></dd>
                </div>
                <div>
                    <dt>"OTLP/HTTP"</dt>
                    <dd><code>"http://127.0.0.1:4318"</code></dd>
                </div>
            </dl>
            <h2>{words.empty_variables}</h2>
            <pre class="block" tabindex="0">
                <code>
                    "export OTEL_SERVICE_NAME=my-service\n"
                    "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318\n"
                    "export OTEL_TRACES_EXPORTER=otlp"
                </code>
            </pre>
            <p>{words.empty_then}</p>
            <p class="quiet">{words.empty_where}</p>
        </div>
    }
}
