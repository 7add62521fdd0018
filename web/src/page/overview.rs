use leptos::prelude::*;
use waybill_model::cluster::Cluster;
use waybill_model::journey::JourneySummary;
use waybill_model::map as model;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::view::{DestinationLine, Overview, Totals};

use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::observed::age::age;
use crate::observed::cluster_health::health;
use crate::observed::clusters::{age_of, nodes};
use crate::observed::known_clusters::{KnownClusters, swatch};
use crate::part::chart::{self, TrafficChart};
use crate::part::empty::Empty;
use crate::part::figure::figure;
use crate::part::map::{self, Map, role_word};
use crate::part::name::name;
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::{badge, time};
use crate::routes::link;

pub async fn page() -> Result<Island, Problem> {
    let port = crate::data::port();
    let overview = port.overview().await?;
    let map = match overview.empty {
        true => None,
        false => Some(port.map().await?),
    };
    let clusters = KnownClusters::read().await;
    let view = show(overview, map, &clusters);
    Ok(Island::of(
        words().overview.title,
        Watched::Everything,
        view,
    ))
}

fn show(overview: Overview, map: Option<model::Map>, clusters: &KnownClusters) -> AnyView {
    let Some(map) = map else {
        return view! { <FirstSteps/> }.into_any();
    };
    let words = words();
    let window = format::span_of_time(overview.window_ms / 1000, words);
    let Overview {
        as_of,
        totals,
        traffic,
        troubled,
        muted_failures,
        destinations,
        ..
    } = overview;
    let head = view! {
        <div class="page-head">
            <h1>{words.overview.title}</h1>
            <p class="quiet">
                {(words.overview.window)(&window)} " · " {time::instant(as_of)} " UTC"
            </p>
        </div>
    };
    let own = &words.overview;
    let plan = map::layout(&map);
    let map = view! { <Map map plan/> }.into_any();
    let svg = chart::traffic_svg(&traffic);
    let chart = view! { <TrafficChart points=traffic svg/> }.into_any();
    let destinations = destination_table(destinations, as_of);
    vec![
        head.into_any(),
        trouble(troubled, muted_failures, as_of),
        figures(totals),
        cluster_tiles(clusters, as_of),
        section::section("map-title", own.map, vec![map]),
        section::section("traffic-title", own.traffic, vec![chart]),
        section::section("destinations-title", own.destinations, vec![destinations]),
    ]
    .into_any()
}

fn figures(totals: Totals) -> AnyView {
    let words = &words().overview;
    section::figures(vec![
        figure(words.published, format::count(totals.published)),
        figure(words.processed, format::count(totals.processed)),
        figure(words.failed, format::count(totals.failed)),
        figure(words.dead_lettered, format::count(totals.dead_lettered)),
        figure(words.services, format::count(totals.services)),
        figure(words.destinations, format::count(totals.destinations)),
    ])
}

/// Each tile is a door. Nothing where nobody configured one, or the caller may not see them.
fn cluster_tiles(clusters: &KnownClusters, as_of: Timestamp) -> AnyView {
    let words = words();
    let configured = clusters.0.iter().filter(|cluster| cluster.configured);
    let tiles: Vec<AnyView> = configured
        .map(|cluster| cluster_tile(cluster, as_of))
        .collect();
    if tiles.is_empty() {
        return ().into_any();
    }
    let tiles = section::group("cluster-tiles", tiles);
    section::section("clusters-title", words.cluster.title, vec![tiles])
}

fn cluster_tile(cluster: &Cluster, as_of: Timestamp) -> AnyView {
    let label = cluster
        .words
        .as_ref()
        .map_or(&cluster.broker, |words| &words.label);
    let read = cluster.managed.then(|| age(age_of(cluster), as_of));
    view! {
        <a class="cluster-tile" data-row="" href=link::cluster(&cluster.id)>
            <span class="cluster-tile-head">
                <strong class="cluster-chip">
                    {swatch(cluster.colour.clone())} {name(&cluster.name, 40)}
                </strong>
                {health(cluster)}
            </span>
            <span class="quiet">{name(label, 32)} {nodes(cluster).map(|nodes| format!(" · {nodes}"))}</span>
            <span class="quiet">{read}</span>
        </a>
    }
    .into_any()
}

/// First on the page: is anything wrong?
fn trouble(
    troubled: Vec<JourneySummary>,
    muted_failures: Option<u64>,
    as_of: Timestamp,
) -> AnyView {
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
    let muted = muted_failures.filter(|count| *count > 0).map(|count| {
        let about = (words.overview.muted)(&format::count(count));
        view! { <a href="/failures?muted=yes">{about}</a> }
    });
    let heading = view! {
        <div class="section-head">
            <h2 id="trouble-title">{words.overview.troubled}</h2>
            {muted}
            <a href="/failures">{words.overview.failures}</a>
            <a href="/search?state=dead_lettered">{words.overview.troubled_all}</a>
        </div>
    };
    section::section_under("trouble-title", heading.into_any(), vec![list])
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

fn destination_table(destinations: Vec<DestinationLine>, as_of: Timestamp) -> AnyView {
    let own = &words().overview;
    let columns = vec![
        Column::Text(own.destination),
        Column::Text(own.system),
        Column::Text(own.kind),
        Column::Number(own.in_rate),
        Column::Number(own.out_rate),
        Column::Number(own.failed),
        Column::Number(own.p50),
        Column::Number(own.p99),
        Column::Number(own.last),
    ];
    let rows = destinations
        .into_iter()
        .map(|line| destination_row(&line, as_of))
        .collect();
    table::table(own.destinations, "", columns, rows)
}

fn destination_row(line: &DestinationLine, as_of: Timestamp) -> AnyView {
    let per_s = words().unit.per_s;
    let rate = |rate: f64| format!("{} {per_s}", format::rate(rate));
    let failed = if line.failed > 0 {
        "right num failed"
    } else {
        "right num"
    };
    table::row(vec![
        table::title(view! {
            <a data-row="" href=link::destination(&line.system, &line.destination)>
                {name(&line.destination, 48)}
            </a>
        }),
        table::cell(name(&line.system, 24)),
        table::cell(role_word(line.role)),
        table::number(rate(line.published_per_s)),
        table::number(rate(line.processed_per_s)),
        table::cell_of(failed, format::count(line.failed)),
        table::number(milliseconds(line.p50_ms)),
        table::number(milliseconds(line.p99_ms)),
        table::cell_of("right", time::ago(line.last_at, as_of)),
    ])
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
