//! The map of services, destinations and groups, drawn as SVG, with its table.

mod layout;
mod plan;
mod rows;

use leptos::prelude::*;
use waybill_model::map::MapEdgeKind;
use waybill_model::messaging::DestinationRole;

pub use self::layout::layout;
pub use self::plan::Plan;
use self::plan::{DESTINATION_WIDTH, Line, NODE_HEIGHT, Node, SERVICE_WIDTH, WIDTH, What};
use crate::format;
use crate::i18n::words;
use crate::routes::link;

#[component]
pub fn Map(map: waybill_model::map::Map, plan: Plan) -> AnyView {
    let words = words();
    if map.edges.is_empty() {
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
            {rows::table(&map)}
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
            <g>{map.publishers.iter().map(outer).collect_view()}</g>
            <g>{map.destinations.iter().map(destination).collect_view()}</g>
            <g>{map.consumers.iter().map(outer).collect_view()}</g>
        </svg>
    }
}

fn line(line: &Line) -> AnyView {
    let ((x1, y1), (x2, y2)) = (line.from, line.to);
    let bend = (x1 + x2) / 2.0;
    let mut class = match line.kind {
        MapEdgeKind::Publishes | MapEdgeKind::Consumes => "map-line",
        MapEdgeKind::Retries => "map-line retries",
        MapEdgeKind::DeadLetters => "map-line dead-letters",
        MapEdgeKind::Routes => "map-line routes",
    }
    .to_owned();
    if line.failed_share > 0.0 {
        class.push_str(" failing");
    }
    if line.is_of_broker {
        class.push_str(" of-broker");
    }
    // 1.2 at rest, one more for each factor of ten above one a second.
    let width = 1.2 + line.per_s.max(0.0).ln_1p() * 0.6;
    let (c1, c2) = match line.arc {
        Some(arc) => (x1 + arc, x2 + arc),
        None => (bend, bend),
    };
    view! {
        <path
            class=class
            d=format!("M{x1:.1} {y1:.1}C{c1:.1} {y1:.1} {c2:.1} {y2:.1} {x2:.1} {y2:.1}")
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

/// A service, or a group of which no span tells.
fn outer(node: &Node) -> AnyView {
    let own = &words().overview;
    match &node.what {
        What::Group(page) => {
            let under = format!("{} · {}", node.system, own.map_group);
            let text = node_text(node, SERVICE_WIDTH, &under);
            let shown = view! {
                <title>{text.label.clone()}</title>
                <g>{node_box(node, SERVICE_WIDTH, &text)}</g>
            };
            match page {
                Some(page) => view! {
                    <g class="map-node group"><a href=link::group(page)>{shown}</a></g>
                }
                .into_any(),
                None => view! { <g class="map-node group">{shown}</g> }.into_any(),
            }
        }
        _ => {
            let text = node_text(node, SERVICE_WIDTH, "");
            view! {
                <g class="map-node service" role="img" aria-label=text.label.clone()>
                    {node_box(node, SERVICE_WIDTH, &text)}
                </g>
            }
            .into_any()
        }
    }
}

fn destination(node: &Node) -> AnyView {
    let role = match node.what {
        What::Destination(role) => role,
        _ => DestinationRole::Origin,
    };
    let class = match role {
        DestinationRole::DeadLetter => "destination dead-letter",
        DestinationRole::Retry => "destination retry",
        DestinationRole::Origin | DestinationRole::Internal => "destination",
    };
    let under = format!("{} · {}", node.system, role_word(role));
    let text = node_text(node, DESTINATION_WIDTH, &under);
    view! {
        <g class=format!("map-node {class}")>
            <a href=link::destination_id(&node.id)>
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
    let rate = node
        .per_s
        .map(|rate| format!("{}{}", format::rate(rate), words.unit.per_s));
    let lag = node.lag_messages.filter(|lag| *lag > 0);
    let lag = lag.map(|lag| (words.overview.map_lag)(&format::count(lag)));
    let name = format::visible(&node.name);
    let health = if node.failed_share > 0.0 {
        words.state.failing
    } else {
        words.state.healthy
    };
    let kind = (!under.is_empty()).then(|| format::visible(under));
    let parts: Vec<String> = [kind, rate, lag].into_iter().flatten().collect();
    let under = parts.join(" · ");
    NodeText {
        label: format!("{} · {under} · {health}", format::shortened(&name, 200)),
        name: fitted(&name, width),
        under,
    }
}

/// Cut to what its box holds; letters of other scripts are taken as twice as wide as Latin ones.
fn fitted(text: &str, width: f64) -> String {
    const LATIN: f64 = 8.7;
    // The mark of a cut takes a letter's place.
    let room = width - 24.0 - LATIN;
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

pub fn role_word(role: DestinationRole) -> &'static str {
    let words = &words().overview;
    match role {
        DestinationRole::Origin => words.role_origin,
        DestinationRole::Retry => words.role_retry,
        DestinationRole::DeadLetter => words.role_dead_letter,
        DestinationRole::Internal => words.role_internal,
    }
}
