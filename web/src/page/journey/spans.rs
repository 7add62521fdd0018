//! The raw spans of the chain: a tree by parent, each with its attributes and events.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::SpanKind;
use waybill_model::view::SpanLine;

use crate::format;
use crate::i18n::words;
use crate::part::badge::{Tone, badge};
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::time;

/// More than a person reads on one page.
const SHOWN: usize = 500;
const DEEPEST: usize = 8;

pub fn spans(spans: Vec<SpanLine>) -> impl IntoView {
    let words = &words().journey;
    let count = (words.spans_count)(spans.len());
    let truncated = (spans.len() > SHOWN).then(|| {
        let shown = (words.spans_shown)(SHOWN, spans.len());
        view! { <p class="notice">{shown}</p> }
    });
    let rows = tree(&spans)
        .into_iter()
        .take(SHOWN)
        .map(|(depth, at)| row(depth, &spans[at]))
        .collect_view();
    view! {
        <details class="more spans">
            <summary>{count}</summary>
            {truncated}
            <ul class="span-tree">{rows}</ul>
        </details>
    }
}

/// Depth and index of each span: parents before children, otherwise in the order given.
fn tree(spans: &[SpanLine]) -> Vec<(usize, usize)> {
    let known: HashSet<(TraceId, SpanId)> = spans
        .iter()
        .map(|span| (span.trace_id, span.span_id))
        .collect();
    let mut children: HashMap<(TraceId, SpanId), Vec<usize>> = HashMap::new();
    let mut stack = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        match span.parent_id.map(|parent| (span.trace_id, parent)) {
            Some(parent) if known.contains(&parent) => {
                children.entry(parent).or_default().push(at);
            }
            _ => stack.push((0, at)),
        }
    }
    stack.reverse();
    let mut order = Vec::with_capacity(spans.len());
    while let Some((depth, at)) = stack.pop() {
        order.push((depth, at));
        let span = &spans[at];
        // Taken, not read: a span never shows twice.
        let below = children.remove(&(span.trace_id, span.span_id));
        stack.extend(
            below
                .into_iter()
                .flatten()
                .rev()
                .map(|child| (depth + 1, child)),
        );
    }
    order
}

fn row(depth: usize, span: &SpanLine) -> impl IntoView + use<> {
    let words = words();
    let own = &words.journey;
    let failed = span
        .failed
        .then(|| badge(Tone::Bad, Icon::Cross, words.state.failed));
    let attributes = if span.attributes.is_empty() {
        view! { <p class="quiet">{own.no_attributes}</p> }.into_any()
    } else {
        view! {
            <dl class="attributes">
                {span
                    .attributes
                    .iter()
                    .map(|(key, value)| {
                        view! {
                            <div>
                                <dt>{code(key, 80)}</dt>
                                <dd>{name(value, 400)}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        }
        .into_any()
    };
    let events = (!span.events.is_empty()).then(|| {
        view! {
            <p class="quiet">{own.events}</p>
            <ul class="plain">
                {span.events.iter().map(|event| view! { <li>{name(event, 400)}</li> }).collect_view()}
            </ul>
        }
    });
    view! {
        <li class=format!("depth-{}", depth.min(DEEPEST))>
            <details>
                <summary>
                    <strong>{name(&span.service, 32)}</strong>
                    " "
                    <span class="span-name">{name(&span.name, 80)}</span>
                    " "
                    <span class="quiet">{kind(span.kind)}</span>
                    " "
                    {failed}
                    <span class="span-time num">{format::duration(span.duration_ms)}</span>
                </summary>
                <p class="quiet">
                    {time::instant(span.started_at)} " · " {code(&span.trace_id.to_string(), 32)} " · "
                    {code(&span.span_id.to_string(), 16)}
                </p>
                {attributes}
                {events}
            </details>
        </li>
    }
}

/// The specification's own words.
fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}
