//! All clusters: which answer, how old their figures are, what is missing.

use leptos::prelude::*;
use waybill_model::cluster::Cluster;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::Why;

use super::age::{Age, age};
use super::cluster_health::health;
use super::gap::{Gap, known, legend};
use super::known_clusters::{KnownClusters, swatch};
use super::sheet::{self, Col};
use crate::data::asked::now;
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::empty::Empty;
use crate::part::name::name;
use crate::part::table;
use crate::routes::link;

pub async fn page() -> Result<Island, Problem> {
    let clusters = KnownClusters(crate::data::port().clusters().await?);
    let own = &words().cluster;
    let list = match clusters.0.is_empty() {
        true => view! { <Empty title=own.empty why=own.empty_why/> }.into_any(),
        false => list(&clusters, now()),
    };
    let view = vec![view! { <h1>{own.title}</h1> }.into_any(), list, legend()];
    Ok(Island::of(own.title, Watched::Everything, view.into_any()))
}

fn list(clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let words = words();
    let (own, shared) = (&words.cluster, &words.observed);
    let columns = vec![
        Col::text(shared.cluster),
        Col::text(own.health),
        Col::text(own.broker),
        Col::text(own.version),
        Col::text(own.nodes),
        Col::number(words.destination.title),
        Col::number(shared.groups),
        Col::text(words.durability.risks),
        Col::text(own.rights),
        Col::text(own.actions),
        Col::number(shared.read),
    ];
    let rows = clusters
        .0
        .iter()
        .map(|cluster| row(cluster, clusters, now))
        .collect();
    sheet::table(own.title, "wide", columns, rows)
}

fn row(cluster: &Cluster, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let words = &words().cluster;
    let gap = gap_of(cluster, clusters);
    let label = cluster
        .words
        .as_ref()
        .map_or(&cluster.broker, |words| &words.label);
    let site = cluster.site.as_deref().map(|site| {
        view! { <span class="row-under">{words.site} " " {name(site, 32)}</span> }
    });
    let rights = cluster
        .missing_rights
        .as_ref()
        .map(|missing| match missing.len() {
            0 => crate::i18n::words().observed.none.to_owned(),
            count => (words.missing_count)(count),
        });
    let read = match cluster.managed {
        true => age(age_of(cluster), now),
        false => known(None, Gap::SpansOnly),
    };
    table::row(vec![
        table::title(view! {
            <a class="cluster-chip" data-row="" href=link::cluster(&cluster.id)>
                {swatch(cluster.colour.clone())} {name(&cluster.name, 48)}
            </a>
            {site}
        }),
        table::cell(health(cluster)),
        table::cell(name(label, 32)),
        table::cell(known(cluster.version.as_deref().map(format::visible), gap)),
        table::cell(known(nodes(cluster), gap)),
        table::number(known(cluster.destination_count.map(format::count), gap)),
        table::number(known(cluster.group_count.map(format::count), gap)),
        table::cell(risks(cluster, gap)),
        table::cell(known(rights, gap)),
        table::cell(cluster.actions),
        table::cell_of("right", read),
    ])
}

/// How many ways its settings let messages be lost; leads to the page that names them.
pub fn risks(cluster: &Cluster, gap: Gap) -> AnyView {
    let Some(counts) = &cluster.risks else {
        return known(None, gap);
    };
    let all = counts.high + counts.medium + counts.low;
    let text = match (all, counts.unjudged) {
        (0, 0) => words().observed.none.to_owned(),
        (0, _) => words().durability.unjudged.to_owned(),
        _ => (words().durability.short)(all, counts.high),
    };
    let class = if counts.high > 0 { "failed" } else { "" };
    view! { <a class=class href=link::durability(&cluster.id)>{text}</a> }.into_any()
}

/// Of figures that only its broker tells.
pub fn gap_of(cluster: &Cluster, clusters: &KnownClusters) -> Gap {
    match cluster.configured {
        true => clusters.gap(Some(&cluster.name)),
        false => Gap::SpansOnly,
    }
}

pub fn age_of(cluster: &Cluster) -> Age {
    Age {
        as_of: cluster.as_of,
        stale: cluster.stale == Some(true),
        missing_since: None,
    }
}

/// How many of them run, as far as they tell.
pub fn nodes(cluster: &Cluster) -> Option<String> {
    let nodes = cluster.nodes.as_ref()?;
    let known: Vec<bool> = nodes.iter().filter_map(|node| node.running).collect();
    match known.len() == nodes.len() {
        true => {
            let running = known.iter().filter(|running| **running).count();
            Some((words().cluster.running_of)(running as u64, nodes.len()))
        }
        false => Some(format::count(nodes.len() as u64)),
    }
}

/// Where nothing more is known of it.
pub const UNTOLD: Gap = Gap::Why(Why::Missing);
