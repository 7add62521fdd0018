//! The charts of one destination: what its broker counted, and what spans told.

use leptos::prelude::*;
use waybill_model::destination::{BrokerPoint, Destination};
use waybill_model::messaging::DestinationKind;
use waybill_model::time::Timestamp;

use super::graph::{Graph, Line, folded, whole};
use super::range::MOST_POINTS;
use crate::i18n::words;
use crate::routes::link;

const MINUTE_MS: i64 = 60_000;

pub fn charts(destination: &Destination) -> Vec<AnyView> {
    let mut charts = Vec::new();
    if let Some(points) = &destination.broker_series {
        charts.push(rates(destination, points));
        // An exchange hands on and holds nothing.
        if destination.line.kind != Some(DestinationKind::Exchange) {
            charts.push(depth(points));
        }
    }
    charts.push(spans(destination));
    charts
}

/// Minutes that become one stretch.
fn each(minutes: usize) -> usize {
    minutes.div_ceil(MOST_POINTS as usize).max(1)
}

fn starts(times: impl Iterator<Item = Timestamp>, each: usize) -> Vec<Timestamp> {
    times.step_by(each).collect()
}

/// Per second of the minutes that are known.
fn per_s(counts: &[Option<u64>], each: usize) -> Vec<Option<f64>> {
    folded(counts, each, |run| {
        run.iter().sum::<u64>() as f64 / (60.0 * run.len() as f64)
    })
}

fn rates(destination: &Destination, points: &[BrokerPoint]) -> AnyView {
    let own = &words().destination;
    let shared = &words().observed;
    let each = each(points.len());
    let received: Vec<Option<u64>> = points.iter().map(|point| point.received).collect();
    let removed: Vec<Option<u64>> = points.iter().map(|point| point.removed).collect();
    let mut lines = vec![Line {
        label: shared.in_rate,
        values: per_s(&received, each),
    }];
    // Some brokers count what comes in alone.
    if removed.iter().any(Option::is_some) {
        lines.push(Line {
            label: shared.out_rate,
            values: per_s(&removed, each),
        });
    }
    Graph {
        label: own.rates,
        about: own.rates_about,
        unit: shared.unit_per_s,
        starts: starts(points.iter().map(|point| point.at), each),
        step_ms: MINUTE_MS * each as i64,
        lines,
        band: None,
        written: crate::format::rate,
        leads: Some(messages_then(destination)),
        marks: Vec::new(),
    }
    .view()
}

fn depth(points: &[BrokerPoint]) -> AnyView {
    let own = &words().destination;
    let shared = &words().observed;
    let each = each(points.len());
    let last: Vec<Option<i64>> = points.iter().map(|point| point.depth_last).collect();
    let ranges: Vec<Option<(i64, i64)>> = points
        .iter()
        .map(|point| Some((point.depth_min?, point.depth_max?)))
        .collect();
    Graph {
        label: shared.depth,
        about: own.depth_about,
        unit: shared.unit_messages,
        starts: starts(points.iter().map(|point| point.at), each),
        step_ms: MINUTE_MS * each as i64,
        lines: vec![Line {
            label: shared.last,
            values: folded(&last, each, |run| {
                run.last().map_or(0.0, |last| *last as f64)
            }),
        }],
        band: Some(folded(&ranges, each, |run| {
            let least = run
                .iter()
                .map(|(least, _)| *least)
                .min()
                .unwrap_or_default();
            let most = run.iter().map(|(_, most)| *most).max().unwrap_or_default();
            (least as f64, most as f64)
        })),
        written: whole,
        leads: None,
        marks: Vec::new(),
    }
    .view()
}

fn spans(destination: &Destination) -> AnyView {
    let own = &words().destination;
    let points = &destination.series;
    let each = each(points.len());
    let line = |label, counts: Vec<Option<u64>>| Line {
        label,
        values: per_s(&counts, each),
    };
    Graph {
        label: own.spans,
        about: words().observed.spans_only_chart,
        unit: words().observed.unit_per_s,
        starts: starts(points.iter().map(|point| point.at), each),
        step_ms: MINUTE_MS * each as i64,
        lines: vec![
            line(
                own.published,
                points.iter().map(|p| Some(p.published)).collect(),
            ),
            line(
                own.processed,
                points.iter().map(|p| Some(p.processed)).collect(),
            ),
            line(
                own.failed_attempts,
                points.iter().map(|p| Some(p.failed)).collect(),
            ),
        ],
        band: None,
        written: crate::format::rate,
        leads: Some(messages_then(destination)),
        marks: Vec::new(),
    }
    .view()
}

/// From a stretch of time to the messages that were there then.
fn messages_then(destination: &Destination) -> Box<dyn Fn(Timestamp, Timestamp) -> String> {
    let name = link::encode(&destination.line.destination);
    Box::new(move |from, to| {
        let (from, to) = (from.to_string(), to.to_string());
        let (from, to) = (link::encode(&from), link::encode(&to));
        format!("/search?destination={name}&from={from}&to={to}")
    })
}
