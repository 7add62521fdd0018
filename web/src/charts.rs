//! What charts do once hydrated: a crosshair that all charts of a page share, with what each of
//! them tells there, and a brush that sets the time range of the page.

use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent};

const PLOT: &str = ".graph-plot";
/// A press that moved less than this share of the chart was none of the brush.
const LEAST: f64 = 0.01;

/// One set of listeners for all charts, whenever they come into the page.
pub fn listen() {
    // Where the brush was put down, as a share of the chart's width.
    let began = StoredValue::new(None::<f64>);
    let navigate = use_navigate();
    let moved = window_event_listener(ev::pointermove, move |event: PointerEvent| {
        let under = plot_under(&event);
        if began.get_value().is_none() && under.is_none() {
            hide("crosshair");
            return;
        }
        let Some(plot) = under.or_else(|| document().query_selector(PLOT).ok().flatten()) else {
            return;
        };
        let at = share(&plot, &event);
        for plot in plots() {
            show_at(&plot, at);
            if let Some(from) = began.get_value() {
                brush(&plot, from.min(at), (at - from).abs());
            }
        }
    });
    let pressed = window_event_listener(ev::pointerdown, move |event: PointerEvent| {
        if event.button() == 0
            && let Some(plot) = plot_under(&event)
        {
            event.prevent_default();
            began.set_value(Some(share(&plot, &event)));
        }
    });
    let released = window_event_listener(ev::pointerup, move |event: PointerEvent| {
        let Some(from) = began.get_value() else {
            return;
        };
        began.set_value(None);
        hide("brush");
        let plot = plot_under(&event).or_else(|| document().query_selector(PLOT).ok().flatten());
        let Some(plot) = plot else { return };
        let to = share(&plot, &event);
        if (to - from).abs() >= LEAST
            && let Some(address) = closer(&plot, from.min(to), from.max(to))
        {
            let options = NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            };
            navigate(&address, options);
        }
    });
    let cancelled = window_event_listener(ev::pointercancel, move |_| {
        began.set_value(None);
        hide("brush");
    });
    on_cleanup(move || {
        for handle in [moved, pressed, released, cancelled] {
            handle.remove();
        }
    });
}

fn plot_under(event: &PointerEvent) -> Option<Element> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    element.closest(PLOT).ok().flatten()
}

fn plots() -> Vec<Element> {
    let Ok(found) = document().query_selector_all(PLOT) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|at| found.item(at)?.dyn_into().ok())
        .collect()
}

fn share(plot: &Element, event: &PointerEvent) -> f64 {
    let place = plot.get_bounding_client_rect();
    ((f64::from(event.client_x()) - place.left()) / place.width().max(1.0)).clamp(0.0, 1.0)
}

fn hide(class: &str) {
    let of_charts = format!("{PLOT} .{class}, .graph .readout");
    let Ok(found) = document().query_selector_all(&of_charts) else {
        return;
    };
    for at in 0..found.length() {
        if let Some(element) = found
            .item(at)
            .and_then(|node| node.dyn_into::<HtmlElement>().ok())
        {
            element.set_hidden(true);
        }
    }
}

fn within(plot: &Element, selector: &str) -> Option<HtmlElement> {
    let found = plot.query_selector(selector).ok().flatten()?;
    found.dyn_into().ok()
}

fn place(element: &HtmlElement, name: &str, share: f64) {
    let _ = element
        .style()
        .set_property(name, &format!("{:.3}%", share * 100.0));
}

fn show_at(plot: &Element, at: f64) {
    if let Some(line) = within(plot, ".crosshair") {
        place(&line, "left", at);
        line.set_hidden(false);
    }
    let graph = plot.closest(".graph").ok().flatten();
    if let Some(graph) = graph
        && let Some(readout) = within(&graph, ".readout")
        && let Some(told) = told_at(&graph, at)
    {
        readout.set_text_content(Some(&told));
        readout.set_hidden(false);
    }
}

fn brush(plot: &Element, from: f64, width: f64) {
    if let Some(area) = within(plot, ".brush") {
        place(&area, "left", from);
        place(&area, "width", width);
        area.set_hidden(false);
    }
}

/// The row of the chart's table that stands there; its rows are the newest first.
fn told_at(graph: &Element, at: f64) -> Option<String> {
    let rows = graph.query_selector("tbody").ok()??.children();
    let count = rows.length();
    let place = ((at * f64::from(count)) as u32).min(count.checked_sub(1)?);
    let cells = rows.item(count - 1 - place)?.children();
    let heads = graph.query_selector("thead tr").ok()??.children();
    let text = |cell: Option<Element>| {
        cell.and_then(|cell| cell.text_content())
            .unwrap_or_default()
    };
    let mut told = text(cells.item(0));
    for at in 1..cells.length() {
        told = format!("{told} · {} {}", text(heads.item(at)), text(cells.item(at)));
    }
    Some(told)
}

/// The page's address with this part of its time range, in whole minutes.
fn closer(plot: &Element, from: f64, to: f64) -> Option<String> {
    const MINUTE_MS: f64 = 60_000.0;
    let number = |name: &str| plot.get_attribute(name)?.parse::<f64>().ok();
    let (first, last) = (number("data-from")?, number("data-to")?);
    let at = |share: f64| first + (last - first) * share;
    let from = (at(from) / MINUTE_MS).floor() * MINUTE_MS;
    let to = (at(to) / MINUTE_MS).ceil() * MINUTE_MS;
    // Whole minutes, written as a browser's field for dates does: UTC.
    let instant = |ms: f64| {
        let mut written = waybill_model::time::Timestamp::from_unix_millis(ms as i64).to_string();
        written.truncate(16);
        written
    };
    let location = window().location();
    let kept = location.search().unwrap_or_default();
    let kept = kept.trim_start_matches('?').split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !["range", "from", "to"].contains(&name)
    });
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("from={}&to={}", instant(from), instant(to)));
    let path = location.pathname().unwrap_or_default();
    Some(format!("{path}?{}", query.join("&")))
}
