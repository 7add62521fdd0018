//! One destination: how it does, who puts and takes, what its broker holds of it.

use leptos::prelude::*;
use waybill_model::destination::Destination;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::Why;

use super::age;
use super::cluster_health;
use super::destination_edges as edges;
use super::destination_item as item;
use super::destination_partitions::partitions;
use super::destination_series;
use super::gap::{Gap, Gaps};
use super::known_clusters::KnownClusters;
use super::range::Range;
use super::sheet::{self, kind_word};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::figure::figure;
use crate::part::icon::Icon;
use crate::part::name::name;
use crate::part::section;
use crate::routes::link;

pub async fn page(id: String, query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let now = now();
    let range = Range::of(&asked, now)?;
    let port = crate::data::port();
    let destination = port.destination(id.clone(), range.window()).await?;
    let clusters = KnownClusters::read().await;
    let title = format::shortened(&format::visible(&destination.line.destination), 60);
    let is_read = item::is_told_by_broker(&destination.line);
    let cluster = destination.line.cluster.clone().filter(|_| is_read);
    let watched = cluster.map_or(Watched::Spans, Watched::Cluster);
    let view = shown(&id, &destination, &clusters, range, now);
    Ok(Island::of(title, watched, view))
}

fn shown(
    id: &str,
    destination: &Destination,
    clusters: &KnownClusters,
    range: Range,
    now: Timestamp,
) -> AnyView {
    let line = &destination.line;
    let otherwise = item::why(line, clusters);
    let broker = clusters.words(line.cluster.as_deref());
    let is_read = item::is_told_by_broker(line);
    let mut parts = vec![
        clusters.band(line.cluster.as_deref()),
        head(id, destination, clusters, now),
        notices(destination, clusters, now),
    ];
    parts.extend(edges::findings(
        destination.findings.as_deref().unwrap_or_default(),
    ));
    parts.push(figures(destination, otherwise));
    parts.push(charts(destination, range.nav(link::destination_id(id))));
    let group_word = broker.map(|words| words.group.as_str());
    parts.push(edges::groups(&destination.groups, group_word, otherwise));
    if let Some(all) = &destination.partitions {
        let word = broker.map(|words| words.partition.as_str());
        parts.push(partitions(all, word, Gap::Why(Why::Missing)));
    }
    if let Some(routes) = &destination.routes {
        parts.push(edges::routes(&line.system, routes));
    }
    parts.push(edges::services(destination, now));
    if let Some(settings) = &destination.config {
        parts.push(edges::settings(settings));
    }
    let gaps = Gaps {
        reasons: &destination.reasons,
        otherwise,
    };
    if is_read {
        parts.push(gaps.section(line.unknown.iter().copied()));
    }
    parts.into_any()
}

fn head(id: &str, destination: &Destination, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let line = &destination.line;
    let own = &words().destination;
    let quiet = |text: &Option<String>| {
        text.as_deref()
            .map(|text| view! { <span class="tag">{name(text, 40)}</span> })
    };
    let cluster = match &line.cluster {
        Some(cluster) => clusters.chip(cluster),
        None => view! { <span class="tag">{name(&line.system, 24)}</span> }.into_any(),
    };
    let encoded = link::encode(&line.destination);
    let found = |state: &str| format!("/search?destination={encoded}{state}");
    let is_read = item::is_told_by_broker(line);
    let messages = is_read.then(|| {
        let href = format!("{}/messages", link::destination_id(id));
        view! { <a href=href>{own.messages}</a> }
    });
    let is_plain = line.missing_since.is_none() && is_read;
    view! {
        <div class="page-head object-head">
            <div class="object-name">
                <h1>{name(&line.destination, 120)}</h1>
                <p class="tags">
                    {cluster}
                    <span class="tag">{kind_word(line.kind, line.role)}</span>
                    {quiet(&destination.subtype)}
                    {quiet(&line.namespace)}
                    {quiet(&destination.state)}
                    {is_plain.then(|| age::age(item::age(line), now))}
                </p>
            </div>
            <p class="object-links">
                {messages}
                <a href=found("&state=failed")>{own.failures}</a>
                <a href=found("&state=dead_lettered")>{own.dead_lettered}</a>
                <a href=found("")>{own.all_messages}</a>
            </p>
        </div>
    }
    .into_any()
}

/// Why the figures are not what they should be: said before them.
fn notices(destination: &Destination, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let line = &destination.line;
    let words = words();
    if !item::is_told_by_broker(line) {
        let about = words.observed.spans_only_about;
        return sheet::notice("", Icon::Off, about.into_any());
    }
    let known = line
        .cluster
        .as_deref()
        .and_then(|cluster| clusters.named(cluster));
    let mut notices: Vec<AnyView> = known
        .map(|cluster| cluster_health::trouble(cluster, now))
        .unwrap_or_default();
    if let Some(since) = line.missing_since {
        let about = (words.observed.gone_since)(&format::age(since, now, words));
        notices.push(sheet::notice("warn", Icon::Off, about.into_any()));
    } else if line.stale
        && notices.is_empty()
        && let Some(as_of) = line.as_of
    {
        notices.push(sheet::notice("warn", Icon::Clock, age::stale(as_of, now)));
    }
    notices.into_any()
}

fn figures(destination: &Destination, otherwise: Gap) -> AnyView {
    let line = &destination.line;
    let words = words();
    let shared = &words.observed;
    let gaps = Gaps {
        reasons: &destination.reasons,
        otherwise,
    };
    let count = |member: &str, value: Option<u64>| gaps.known(member, value.map(format::count));
    let partitions = destination.partitions.as_ref();
    let partitions = partitions.map(|all| all.len() as u64);
    let duration = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), format::duration);
    section::figures(vec![
        figure(
            shared.in_rate,
            item::rate(line.in_per_s, line.published_per_s),
        ),
        figure(
            shared.out_rate,
            item::rate(line.out_per_s, line.processed_per_s),
        ),
        figure(shared.depth, count("depth", line.depth)),
        figure(shared.lag, count("lag_messages", line.lag_messages)),
        figure(shared.partitions, count("partitions", partitions)),
        figure(
            shared.consumers,
            count("consumer_count", destination.consumer_count),
        ),
        figure(
            shared.capacity,
            gaps.known(
                "consumer_capacity",
                destination.consumer_capacity.map(format::share),
            ),
        ),
        figure(
            shared.stored,
            gaps.known("stored_bytes", line.stored_bytes.map(format::bytes)),
        ),
        figure(
            shared.coverage,
            gaps.known("coverage", line.coverage.map(format::share)),
        ),
        figure(words.destination.failed, format::count(line.failed)),
        figure(words.destination.p50, duration(line.p50_ms)),
        figure(words.destination.p99, duration(line.p99_ms)),
    ])
}

fn charts(destination: &Destination, nav: AnyView) -> AnyView {
    let words = &words().observed;
    let mut parts = vec![nav];
    parts.extend(destination_series::charts(destination));
    parts.push(view! { <p class="quiet needs-script">{words.chart_brush}</p> }.into_any());
    view! { <section class="graphs" aria-label=words.range>{parts}</section> }.into_any()
}
