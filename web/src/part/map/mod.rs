//! The map of services and destinations, drawn as SVG, with its table.

mod layout;
mod plan;

use leptos::prelude::*;
use waybill_model::messaging::DestinationRole;
use waybill_model::view::{MapEdge, MapEdgeKind};

pub use self::layout::layout;
pub use self::plan::Plan;
use self::plan::{DESTINATION_WIDTH, Line, NODE_HEIGHT, Node, SERVICE_WIDTH, WIDTH};
use super::name::name;
use super::table::{self, Column};
use crate::format;
use crate::i18n::words;
use crate::routes::link;

#[component]
pub fn Map(edges: Vec<MapEdge>, plan: Plan) -> AnyView {
    let words = words();
    if edges.is_empty() {
        return view! { <p class="quiet">{words.overview.map_quiet}</p> }.into_any();
    }
    let left_out = (plan.left_out > 0)
        .then(|| view! { <p class="quiet">{(words.overview.map_more)(plan.left_out)}</p> });
    view! {
        <div class="scroll map-scroll" tabindex="0" role="region" aria-label=words.overview.map>
            {drawing(plan)}
        </div>
        {left_out}
        <details class="more">
            <summary>{words.overview.map_table}</summary>
            {edge_table(edges)}
        </details>
    }
    .into_any()
}

fn drawing(map: Plan) -> impl IntoView {
    let about = words().overview.map_about;
    view! {
        <svg
            class="map"
            viewBox=format!("0 0 {WIDTH} {}", map.height)
            role="group"
            aria-label=about
        >
            <g fill="none">{map.lines.iter().map(line).collect_view()}</g>
            <g>{map.lines.iter().filter(|line| line.failed_share > 0.0).map(mark).collect_view()}</g>
            <g>{map.publishers.iter().map(service).collect_view()}</g>
            <g>{map.destinations.iter().map(destination).collect_view()}</g>
            <g>{map.consumers.iter().map(service).collect_view()}</g>
        </svg>
    }
}

fn line(line: &Line) -> AnyView {
    let ((x1, y1), (x2, y2)) = (line.from, line.to);
    let bend = (x1 + x2) / 2.0;
    let class = match line.kind {
        MapEdgeKind::Publishes | MapEdgeKind::Consumes => "map-line",
        MapEdgeKind::Retries => "map-line retries",
        MapEdgeKind::DeadLetters => "map-line dead-letters",
    };
    let class = if line.failed_share > 0.0 {
        format!("{class} failing")
    } else {
        class.to_owned()
    };
    // 1.2 at rest, one more for each factor of ten above one a second.
    let width = 1.2 + line.per_s.max(0.0).ln_1p() * 0.6;
    view! {
        <path
            class=class
            d=format!("M{x1:.1} {y1:.1}C{bend:.1} {y1:.1} {bend:.1} {y2:.1} {x2:.1} {y2:.1}")
            stroke-width=format!("{width:.1}")
        ></path>
    }
    .into_any()
}

/// The share of failures on the middle of its line.
fn mark(line: &Line) -> AnyView {
    let x = (line.from.0 + line.to.0) / 2.0;
    let y = (line.from.1 + line.to.1) / 2.0;
    view! {
        <g class="map-mark">
            <rect x=format!("{:.1}", x - 33.0) y=format!("{:.1}", y - 9.0) width="66" height="18" rx="9"></rect>
            <text x=format!("{x:.1}") y=format!("{:.1}", y + 4.0) text-anchor="middle">
                {format!("✕ {}", format::share(line.failed_share))}
            </text>
        </g>
    }
    .into_any()
}

fn service(node: &Node) -> AnyView {
    let text = node_text(node, SERVICE_WIDTH, "");
    view! { <g class="map-node service" role="img" aria-label=text.label.clone()>{node_box(node, SERVICE_WIDTH, &text)}</g> }.into_any()
}

fn destination(node: &Node) -> AnyView {
    let class = match node.role {
        DestinationRole::DeadLetter => "destination dead-letter",
        DestinationRole::Retry => "destination retry",
        DestinationRole::Origin | DestinationRole::Internal => "destination",
    };
    let under = format!("{} · {}", node.system, role_word(node.role));
    let text = node_text(node, DESTINATION_WIDTH, &under);
    view! {
        <g class=format!("map-node {class}")>
            <a href=link::destination(&node.system, &node.name)>
                <title>{text.label.clone()}</title>
                <g>{node_box(node, DESTINATION_WIDTH, &text)}</g>
            </a>
        </g>
    }
    .into_any()
}

struct NodeText {
    name: String,
    under: String,
    /// All of it, for those who hear the map.
    label: String,
}

fn node_text(node: &Node, width: f64, under: &str) -> NodeText {
    let words = words();
    let rate = format!("{}{}", format::rate(node.per_s), words.unit.per_s);
    let name = format::visible(&node.name);
    let health = if node.failed_share > 0.0 {
        words.state.failing
    } else {
        words.state.healthy
    };
    let under = match under {
        "" => rate,
        under => format!("{} · {rate}", format::visible(under)),
    };
    NodeText {
        label: format!("{} · {under} · {health}", format::shortened(&name, 200)),
        name: fitted(&name, width),
        under,
    }
}

/// Cut to what its box holds; letters of other scripts are taken as twice as wide as Latin ones.
fn fitted(text: &str, width: f64) -> String {
    const LATIN: f64 = 8.2;
    let room = width - 24.0;
    let mut used = 0.0;
    for (at, c) in text.char_indices() {
        used += if c.is_ascii() { LATIN } else { 2.0 * LATIN };
        if used > room {
            return format!("{}…", &text[..at]);
        }
    }
    text.to_owned()
}

fn node_box(node: &Node, width: f64, text: &NodeText) -> AnyView {
    let top = node.y - NODE_HEIGHT / 2.0;
    let x = format!("{:.1}", node.x + 12.0);
    view! {
        <g>
            <rect
                x=format!("{:.1}", node.x + 0.5)
                y=format!("{top:.1}")
                width=format!("{:.1}", width - 1.0)
                height=format!("{NODE_HEIGHT:.1}")
                rx="6"
            ></rect>
            <text class="map-name" x=x.clone() y=format!("{:.1}", top + 17.0)>
                {text.name.clone()}
            </text>
            <text class="map-under" x=x y=format!("{:.1}", top + 32.0)>
                {text.under.clone()}
            </text>
        </g>
    }
    .into_any()
}

fn edge_table(edges: Vec<MapEdge>) -> AnyView {
    let words = &words().overview;
    let columns = vec![
        Column::Text(words.map_from),
        Column::Text(words.map_relation),
        Column::Text(words.map_to),
        Column::Number(words.rate),
        Column::Number(words.failed_share),
    ];
    table::table(
        words.map,
        "compact",
        columns,
        edges.iter().map(edge_row).collect(),
    )
}

fn edge_row(edge: &MapEdge) -> AnyView {
    let words = words();
    let relation = match edge.kind {
        MapEdgeKind::Publishes => words.overview.map_publishes,
        MapEdgeKind::Consumes => words.overview.map_consumes,
        MapEdgeKind::Retries => words.overview.map_retries,
        MapEdgeKind::DeadLetters => words.overview.map_dead_letters,
    };
    let (from, to) = if edge.kind == MapEdgeKind::Consumes {
        (&edge.destination, &edge.service)
    } else {
        (&edge.service, &edge.destination)
    };
    table::row(vec![
        table::title(name(from, 48)),
        table::cell(relation),
        table::cell(name(to, 48)),
        table::number(format!("{} {}", format::rate(edge.per_s), words.unit.per_s)),
        table::number(format::share(edge.failed_share)),
    ])
}

pub fn role_word(role: DestinationRole) -> &'static str {
    let words = &words().overview;
    match role {
        DestinationRole::Origin => words.role_origin,
        DestinationRole::Retry => words.role_retry,
        DestinationRole::DeadLetter => words.role_dead_letter,
        DestinationRole::Internal => words.role_internal,
    }
}
