//! The map as a table.

use std::collections::BTreeMap;

use leptos::prelude::*;
use waybill_model::map::{Map, MapEdgeKind, MapFlow, MapNode, MapSource};

use crate::format;
use crate::i18n::words;
use crate::part::name::name;
use crate::part::table::{self, Column};
use crate::routes::link;

/// Rows of the table; the API lists all.
const ROWS: usize = 500;

pub fn table(map: &Map) -> AnyView {
    let own = &words().overview;
    let columns = vec![
        Column::Text(own.map_from),
        Column::Text(own.map_relation),
        Column::Text(own.map_to),
        Column::Number(own.rate),
        Column::Number(own.failed_share),
        Column::Number(own.p50),
        Column::Number(own.p99),
        Column::Number(own.lag),
        Column::Text(own.told_by),
    ];
    let nodes: BTreeMap<&str, &MapNode> = map.nodes.iter().map(|node| (node.id(), node)).collect();
    let rows = map.edges.iter().take(ROWS).map(|edge| row(edge, &nodes));
    table::table(own.map, "compact", columns, rows.collect())
}

fn row(edge: &MapFlow, nodes: &BTreeMap<&str, &MapNode>) -> AnyView {
    let words = words();
    let own = &words.overview;
    let relation = match edge.kind {
        MapEdgeKind::Publishes => own.map_publishes,
        MapEdgeKind::Consumes => own.map_consumes,
        MapEdgeKind::Retries => own.map_retries,
        MapEdgeKind::DeadLetters => own.map_dead_letters,
        MapEdgeKind::Routes => own.map_routes,
    };
    let untold = || words.frame.unknown.to_owned();
    let rate = match edge.per_s {
        Some(rate) => {
            let whose = match edge.per_s_by {
                Some(MapSource::Broker) => format!(" ({})", own.by_broker),
                _ => String::new(),
            };
            format!("{} {}{whose}", format::rate(rate), words.unit.per_s)
        }
        None => untold(),
    };
    let ms = |ms: Option<f64>| ms.map_or_else(untold, format::duration);
    let lag = match (edge.kind, edge.lag_messages) {
        (_, Some(lag)) => format::count(lag),
        (MapEdgeKind::Consumes, None) => untold(),
        _ => "–".to_owned(),
    };
    let told: Vec<&str> = edge
        .told_by
        .iter()
        .map(|source| match source {
            MapSource::Spans => own.by_spans,
            MapSource::Broker => own.by_broker,
        })
        .collect();
    table::row(vec![
        table::title(node(nodes.get(edge.from.as_str()).copied(), &edge.from)),
        table::cell(relation),
        table::cell(view! {
            {node(nodes.get(edge.to.as_str()).copied(), &edge.to)}
            {edge.via.as_ref().and(edge.group.as_deref()).map(|group| {
                view! { <span class="row-under">{own.map_group} " " {name(group, 48)}</span> }
            })}
        }),
        table::number(rate),
        table::number(edge.failed_share.map_or_else(untold, format::share)),
        table::number(ms(edge.p50_ms)),
        table::number(ms(edge.p99_ms)),
        table::number(lag),
        table::cell(told.join(", ")),
    ])
}

fn node(node: Option<&MapNode>, id: &str) -> AnyView {
    match node {
        Some(MapNode::Destination { id, name: text, .. }) => {
            view! { <a href=link::destination_id(id)>{name(text, 48)}</a> }.into_any()
        }
        Some(MapNode::Group {
            group_id: Some(page),
            name: text,
            ..
        }) => view! { <a href=link::group(page)>{name(text, 48)}</a> }.into_any(),
        Some(other) => name(other.name(), 48),
        None => name(id, 48),
    }
}
