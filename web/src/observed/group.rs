//! One group: whether it keeps up, where it stands, who reads.

use leptos::prelude::*;
use waybill_model::group::{GroupPage, LagSeries};
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;

use super::age::{self, age};
use super::cluster_health;
use super::destination_edges as edges;
use super::graph::{Graph, Line, whole};
use super::group_partitions::{members, partitions};
use super::groups::{age_of, gaps, lag};
use super::known_clusters::KnownClusters;
use super::range::Range;
use super::sheet::{self, per_s};
use super::{group_events, group_verdict};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::figure::figure;
use crate::part::icon::Icon;
use crate::part::name::name;
use crate::part::{section, time};
use crate::routes::link;

pub async fn page(id: String, query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let now = now();
    let range = Range::of(&asked, now)?;
    let port = crate::data::port();
    let page = port.group(id.clone()).await?;
    let step_ms = Some(range.step_ms());
    let series = port.group_lag(id.clone(), range.times(), step_ms).await?;
    let clusters = KnownClusters::read().await;
    let title = format::shortened(&format::visible(&page.group.name), 60);
    let watched = Watched::Cluster(page.group.cluster.clone());
    let view = shown(&id, &page, &series, &clusters, range, now);
    Ok(Island::of(title, watched, view))
}

fn shown(
    id: &str,
    page: &GroupPage,
    series: &LagSeries,
    clusters: &KnownClusters,
    range: Range,
    now: Timestamp,
) -> AnyView {
    let group = &page.group;
    let words = words();
    let gaps = gaps(group, clusters);
    let broker = clusters.words(Some(&group.cluster));
    let mut parts = vec![
        clusters.band(Some(&group.cluster)),
        head(page, clusters, now),
        notices(page, clusters, now),
        figures(page, clusters, now),
        charts(series, range.nav(link::group(id))),
    ];
    parts.extend(group_verdict::heads(&page.head_of_line, now));
    parts.extend(group_events::events(&series.events));
    match &page.partitions {
        Some(all) => {
            let word = broker.map(|words| words.partition.as_str());
            parts.push(partitions(&group.system, all, word));
        }
        None => parts.push(section::section(
            "partitions-title",
            words.observed.partitions,
            vec![gaps.known("partitions", None)],
        )),
    }
    match &page.members {
        Some(all) => parts.push(members(all)),
        None => parts.push(section::section(
            "members-title",
            words.observed.members,
            vec![gaps.known("members", None)],
        )),
    }
    if !page.config.is_empty() {
        parts.push(edges::settings(&page.config));
    }
    parts.push(gaps.section(group.unknown.iter().map(String::as_str)));
    parts.into_any()
}

fn head(page: &GroupPage, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let group = &page.group;
    let words = words();
    let broker = clusters.words(Some(&group.cluster));
    // The broker's own word on a page of one cluster.
    let word = broker.map_or(words.observed.group, |words| &words.group);
    let tag = |text: &str| view! { <span class="tag">{name(text, 40)}</span> }.into_any();
    let kind = (group.kind != word).then(|| tag(&group.kind));
    let reads = group.destinations.iter().take(12).map(|destination| {
        let href = link::destination(&group.system, destination);
        view! { <a href=href>{name(destination, 48)}</a> }
    });
    let reads = reads.collect_view();
    let more = group.destinations.len().saturating_sub(12);
    view! {
        <div class="page-head object-head">
            <div class="object-name">
                <h1>{name(&group.name, 120)}</h1>
                <p class="tags">
                    {clusters.chip(&group.cluster)}
                    {tag(word)}
                    {kind}
                    {group.namespace.as_deref().map(tag)}
                    {group.state.as_deref().map(tag)}
                    {age(age_of(group), now)}
                </p>
            </div>
            <p class="object-links">
                <span class="quiet">{words.group.reads}</span>
                {reads}
                {(more > 0).then(|| format!("+{more}"))}
            </p>
        </div>
    }
    .into_any()
}

fn notices(page: &GroupPage, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let group = &page.group;
    let words = words();
    let mut notices = clusters
        .named(&group.cluster)
        .map(|cluster| cluster_health::trouble(cluster, now))
        .unwrap_or_default();
    let is_quiet = notices.is_empty();
    notices.extend(group_verdict::notice(page));
    if let Some(since) = group.missing_since {
        let about = (words.observed.gone_since)(&format::age(since, now, words));
        notices.push(sheet::notice("warn", Icon::Off, about.into_any()));
    } else if group.stale
        && is_quiet
        && let Some(as_of) = group.as_of
    {
        notices.push(sheet::notice("warn", Icon::Clock, age::stale(as_of, now)));
    }
    notices.into_any()
}

fn figures(page: &GroupPage, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let group = &page.group;
    let words = words();
    let (shared, own) = (&words.observed, &words.group);
    let gaps = gaps(group, clusters);
    let count = |value: Option<usize>| value.map(|count| format::count(count as u64));
    let partitions = page.partitions.as_ref().map(Vec::len);
    let unknown = (group.unknown_partitions > 0).then(|| {
        let all = count(partitions).unwrap_or_default();
        let text = (own.partitions_unknown)(&format::count(group.unknown_partitions), &all);
        view! { <span class="figure-under">{text}</span> }
    });
    let changed = page.changed_at.map(|at| time::ago(at, now));
    let coordinator = group.coordinator.as_deref().map(format::visible);
    section::figures(vec![
        figure(shared.lag, view! { {lag(group, &gaps)} {unknown} }),
        figure(own.lag_ms, group_verdict::lag_ms(group, &gaps)),
        figure(
            own.verdict,
            group_verdict::verdict(group.verdict, gaps.of("verdict")),
        ),
        figure(own.drain, group_verdict::drain(page, &gaps)),
        figure(words.lag.retention, group_verdict::retention(group, &gaps)),
        figure(
            words.lag.in_rate,
            gaps.known("in_per_s", group.in_per_s.map(per_s)),
        ),
        figure(
            shared.out_rate,
            gaps.known("out_per_s", group.out_per_s.map(per_s)),
        ),
        figure(
            shared.members,
            gaps.known("members", count(page.members.as_ref().map(Vec::len))),
        ),
        figure(
            shared.capacity,
            gaps.known(
                "consumer_capacity",
                page.consumer_capacity.map(format::share),
            ),
        ),
        figure(
            shared.partitions,
            gaps.known("partitions", count(partitions)),
        ),
        figure(
            shared.coverage,
            gaps.known("coverage", group.coverage.map(format::share)),
        ),
        figure(own.coordinator, gaps.known("coordinator", coordinator)),
        figure(
            own.changed,
            changed.unwrap_or_else(|| gaps.known("partitions", None)),
        ),
    ])
}

fn charts(series: &LagSeries, nav: AnyView) -> AnyView {
    let words = words();
    let value = |value: Option<i64>| value.map(|value| value as f64);
    let points = &series.points;
    let graph = Graph {
        label: words.group.lag_chart,
        about: words.group.lag_about,
        unit: words.observed.unit_messages,
        starts: points.iter().map(|point| point.at).collect(),
        step_ms: series.step_ms as i64,
        lines: vec![Line {
            label: words.observed.last,
            values: points.iter().map(|point| value(point.last)).collect(),
        }],
        band: Some(
            points
                .iter()
                .map(|point| Some((value(point.min)?, value(point.max)?)))
                .collect(),
        ),
        written: whole,
        leads: None,
        marks: series.events.iter().map(|event| event.at).collect(),
    };
    let brush = words.observed.chart_brush;
    view! {
        <section class="graphs" aria-label=words.observed.range>
            {nav} {graph.view()} <p class="quiet needs-script">{brush}</p>
        </section>
    }
    .into_any()
}
