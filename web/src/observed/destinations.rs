//! The list of destinations: what brokers tell, joined with what spans tell.

use leptos::prelude::*;
use waybill_model::destination::{
    DestinationItem, DestinationQuery, DestinationSort as Sort, KindFilter,
};
use waybill_model::messaging::DestinationKind;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::Why;

use super::age::age;
use super::destination_item::{self as item, why};
use super::gap::{Gap, known, legend};
use super::known_clusters::KnownClusters;
use super::sheet::{self, Col, kind_word};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::empty::Empty;
use crate::part::name::name;
use crate::part::section;
use crate::part::table;
use crate::routes::link;

const PATH: &str = "/destinations";
const LINES: u32 = 50;

pub async fn page(query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let found = crate::data::port()
        .destinations(DestinationQuery {
            q: asked.owned("q"),
            system: asked.owned("system"),
            cluster: asked.owned("cluster"),
            kind: asked.word("kind", KindFilter::WORDS)?,
            sort: asked.word("sort", Sort::WORDS)?.unwrap_or_default(),
            limit: LINES,
            cursor: asked.owned("cursor"),
            sights: None,
        })
        .await?;
    let clusters = KnownClusters::read().await;
    let own = &words().destination;
    let list = match found.items.is_empty() {
        true => view! { <Empty title=own.empty why=own.empty_why/> }.into_any(),
        false => list(&found.items, &asked, &clusters, now()),
    };
    let first = asked
        .text("cursor")
        .map(|_| asked.href(PATH, &[("cursor", "")]));
    let next = found
        .next
        .map(|cursor| asked.href(PATH, &[("cursor", &cursor)]));
    let view = vec![
        view! { <h1>{own.title}</h1> }.into_any(),
        filter(&asked, &clusters),
        list,
        sheet::pager(first, next),
        section::quiet(words().observed.coverage_about),
        legend(),
    ];
    Ok(Island::of(own.title, Watched::Everything, view.into_any()))
}

fn filter(asked: &Asked, clusters: &KnownClusters) -> AnyView {
    let words = &words().observed;
    let chosen = |name: &str| asked.text(name).unwrap_or_default();
    let kinds = [
        ("", words.any_kind),
        ("topic", words.kind_topic),
        ("queue", words.kind_queue),
        ("exchange", words.kind_exchange),
        ("stream", words.kind_stream),
        ("retry", words.kind_retry),
        ("dead_letter", words.kind_dead_letter),
        ("internal", words.kind_internal),
    ];
    let sorts = [
        ("", words.sort_name),
        ("lag", words.sort_lag),
        ("depth", words.sort_depth),
        ("in", words.sort_in),
        ("out", words.sort_out),
        ("partitions", words.sort_partitions),
        ("bytes", words.sort_bytes),
        ("published", words.sort_published),
        ("failed", words.sort_failed),
    ];
    let options = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
            .collect()
    };
    sheet::filter(
        PATH,
        vec![
            sheet::field("f-q", "q", words.name_part, chosen("q")),
            sheet::choice(
                "f-cluster",
                "cluster",
                words.cluster,
                clusters.options(),
                chosen("cluster"),
            ),
            sheet::choice(
                "f-kind",
                "kind",
                words.kind,
                options(&kinds),
                chosen("kind"),
            ),
            sheet::choice(
                "f-sort",
                "sort",
                words.sort,
                options(&sorts),
                chosen("sort"),
            ),
        ],
    )
}

fn list(
    items: &[DestinationItem],
    asked: &Asked,
    clusters: &KnownClusters,
    now: Timestamp,
) -> AnyView {
    let words = &words().observed;
    let sorted = asked.text("sort").unwrap_or("name");
    let by = |column: Col, sort: &str| {
        // The name is what is asked where nothing is.
        let value = if sort == "name" { "" } else { sort };
        let href = asked.href(PATH, &[("sort", value), ("cursor", "")]);
        column.sorts(href, sorted == sort)
    };
    let columns = vec![
        by(Col::text(words.destination), "name"),
        Col::text(words.cluster),
        Col::text(words.kind),
        Col::number(words.findings),
        by(Col::number(words.in_rate), "in"),
        by(Col::number(words.out_rate), "out"),
        by(Col::number(words.depth), "depth"),
        by(Col::number(words.lag), "lag"),
        by(Col::number(words.partitions), "partitions"),
        by(Col::number(words.stored), "bytes"),
        Col::number(words.coverage),
        Col::number(words.read),
    ];
    let rows = items.iter().map(|item| row(item, clusters, now)).collect();
    sheet::table(words.destination, "wide", columns, rows)
}

fn row(item: &DestinationItem, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let line = &item.line;
    let gap = why(line, clusters);
    // A queue or an exchange is in one piece.
    let partitions = match line.kind {
        Some(DestinationKind::Queue | DestinationKind::Exchange) => Gap::Why(Why::Unsupported),
        _ => gap,
    };
    let count = |value: Option<u64>| table::number(known(value.map(format::count), gap));
    let namespace = line.namespace.as_deref().map(|namespace| {
        view! { <span class="row-under">{name(namespace, 32)}</span> }
    });
    let cluster = match &line.cluster {
        Some(cluster) => clusters.chip(cluster),
        None => name(&line.system, 24),
    };
    let findings = match line.finding_count {
        Some(0) => view! { <span class="quiet">{words().observed.none}</span> }.into_any(),
        Some(count) => view! { <strong class="failed">{format::count(count)}</strong> }.into_any(),
        None => known(None, gap),
    };
    table::row(vec![
        table::title(view! {
            <a data-row="" href=link::destination_id(&line.id)>{name(&line.destination, 56)}</a>
            {namespace}
        }),
        table::cell(cluster),
        table::cell(kind_word(line.kind, line.role)),
        table::number(findings),
        table::number(item::rate(line.in_per_s, line.published_per_s)),
        table::number(item::rate(line.out_per_s, line.processed_per_s)),
        count(line.depth),
        count(line.lag_messages),
        table::number(known(item.partitions.map(format::count), partitions)),
        table::number(known(line.stored_bytes.map(format::bytes), gap)),
        table::number(known(line.coverage.map(format::share), gap)),
        table::cell_of("right", age(item::age(line), now)),
    ])
}
