//! The lanes as a table with a bar in each row. Bars are placed by SVG attributes in percent, so
//! they need no style of their own; every number stands in the table, too.

use leptos::prelude::*;
use waybill_model::journey::{Attempt, Delivery, HopRole, Journey};

use super::lanes::{MessageLanes, Row, TINIEST_MS, What, lanes};
use crate::format;
use crate::i18n::words;
use crate::part::badge;
use crate::part::name::{code, name};
use crate::part::table;
use crate::routes::link;

/// Deeper causes are not indented further.
const DEEPEST: usize = 4;

pub fn timeline(this: &str, chain: &[Journey]) -> impl IntoView + use<> {
    let words = &words().journey;
    let lanes = lanes(chain);
    // A clock on which nothing happened has no ticks.
    let count = if lanes.total_ms > TINIEST_MS { 5 } else { 0 };
    let ticks = (0..count)
        .map(|n| format::duration(lanes.total_ms * f64::from(n) / 4.0))
        .map(|tick| view! { <span>{tick}</span> })
        .collect_view();
    let axis = view! {
        <span class="hidden">{words.bar}</span>
        <span class="axis num" aria-hidden="true">{ticks}</span>
    };
    let heads = vec![
        table::head("lane-what", words.step),
        table::head("lane-bar", axis),
        table::head("right", words.at),
        table::head("right", words.waited),
        table::head("right", words.took),
        table::head("", words.outcome),
    ];
    view! {
        <div class="scroll timeline-scroll" tabindex="0" role="region" aria-label=words.chain>
            <table class="timeline">
                <thead>{table::row(heads)}</thead>
                {lanes
                    .messages
                    .iter()
                    .map(|message| message_rows(message, this, lanes.total_ms))
                    .collect_view()}
            </table>
        </div>
        <ul class="legend">
            <li><span class="swatch work"></span>{words.legend_work}</li>
            <li><span class="swatch failed"></span>{words.legend_failed}</li>
            <li><span class="swatch unknown"></span>{words.legend_unknown}</li>
            <li><span class="swatch queue"></span>{words.legend_queue}</li>
            <li><span class="swatch backoff"></span>{words.legend_backoff}</li>
        </ul>
    }
}

fn message_rows(lanes: &MessageLanes<'_>, this: &str, total_ms: f64) -> impl IntoView + use<> {
    let words = &words().journey;
    let journey = lanes.journey;
    let message = &journey.message;
    let is_this = journey.id == this;
    let place = name(message.destination.as_deref().unwrap_or("–"), 48);
    let place = if is_this {
        view! { <strong>{place}</strong> <span class="quiet">" · " {words.this_message}</span> }
            .into_any()
    } else {
        view! { <a data-row="" href=link::journey(&journey.id)>{place}</a> }.into_any()
    };
    let position = match (&message.partition, message.offset) {
        (Some(partition), Some(offset)) => Some(format!("[{partition}]@{offset}")),
        _ => message.message_id.clone(),
    };
    let depth = lanes.depth.min(DEEPEST);
    let class = if is_this {
        "message-row this"
    } else {
        "message-row"
    };
    view! {
        <tbody class=format!("depth-{depth}")>
            <tr class=class>
                <th scope="rowgroup" colspan="5">
                    <span class="system">{name(&message.system, 16)}</span>
                    " "
                    {place}
                    " "
                    {position.map(|position| code(&position, 44))}
                </th>
                <td>{badge::journey(journey.state)}</td>
            </tr>
            {lanes.rows.iter().map(|row| lane(row, total_ms)).collect_view()}
        </tbody>
    }
}

fn lane(row: &Row<'_>, total_ms: f64) -> AnyView {
    let words = &words().journey;
    let known = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), format::duration);
    let start = if row.at_ms == Some(0.0) {
        "0".to_owned()
    } else {
        known(row.at_ms)
    };
    table::row(vec![
        view! { <th scope="row" class="lane-what">{what(row)}</th> }.into_any(),
        table::cell_of("lane-bar", bars(row, total_ms)),
        table::labelled(words.at, "right num", start),
        table::labelled(
            words.waited,
            "right num",
            known(row.wait.map(|wait| wait.ms)),
        ),
        table::labelled(words.took, "right num", known(row.took_ms)),
        table::cell(outcome(row)),
    ])
}

fn what(row: &Row<'_>) -> AnyView {
    let words = &words().journey;
    match &row.what {
        What::Published(service) => {
            view! { {name(service, 32)} " " <span class="quiet">{words.published_by}</span> }
                .into_any()
        }
        What::PublishUnknown => {
            view! { <span class="quiet">{words.publish_dark}</span> }.into_any()
        }
        What::NoDelivery => view! { <span class="quiet">{words.no_delivery}</span> }.into_any(),
        What::DeadLetter(destination) => {
            view! { {words.dead_letter} " " {name(destination, 40)} }.into_any()
        }
        What::Attempt {
            delivery,
            attempt,
            read_from,
        } => attempt_label(delivery, attempt, *read_from).into_any(),
    }
}

fn attempt_label(
    delivery: &Delivery,
    attempt: &Attempt,
    read_from: Option<(HopRole, &str)>,
) -> impl IntoView + use<> {
    let words = &words().journey;
    let group = delivery
        .group
        .as_deref()
        .filter(|group| *group != attempt.service)
        .map(|group| view! { " " <span class="quiet">{name(group, 28)}</span> });
    let from = read_from.map(|(role, destination)| {
        view! { <span class="lane-note">{words.role(role)} " " {name(destination, 40)}</span> }
    });
    let error = attempt.error.as_ref().map(|error| {
        let text = error
            .message
            .as_deref()
            .or(error.kind.as_deref())
            .unwrap_or("");
        view! { <span class="lane-note failed">{name(text, 120)}</span> }
    });
    let number = (attempt.n > 1 || delivery.attempts.len() > 1)
        .then(|| view! { " " <span class="quiet">{(words.attempt)(attempt.n)}</span> });
    view! { {name(&attempt.service, 32)} {number} {group} {from} {error} }
}

fn bars(row: &Row<'_>, total_ms: f64) -> impl IntoView + use<> {
    let percent = |ms: f64| format!("{:.3}%", (ms / total_ms * 100.0).clamp(0.0, 100.0));
    let wait = row.wait.map(|wait| {
        let class = if wait.backoff { "bar backoff" } else { "bar queue" };
        view! { <rect class=class x=percent(wait.from_ms) y="7" width=percent(wait.ms) height="6"></rect> }
    });
    let class = row.bar();
    let work = row.at_ms.map(|at| {
        // However short, it shows: three pixels that start there, or end at the clock's end.
        let least = if at / total_ms > 0.98 { "translate(-3 0)" } else { "translate(0 0)" };
        view! {
            <rect class=class x=percent(at) y="3" width=percent(row.took_ms.unwrap_or(0.0)) height="14" rx="2"></rect>
            <rect class=class x=percent(at) y="3" width="3" height="14" rx="1" transform=least></rect>
        }
    });
    view! {
        <svg class="bars" width="100%" height="20" aria-hidden="true" focusable="false">
            <g>{wait}</g>
            <g>{work}</g>
        </svg>
    }
}

fn outcome(row: &Row<'_>) -> AnyView {
    let words = words();
    match &row.what {
        What::Attempt { attempt, .. } => badge::outcome(attempt.outcome).into_any(),
        What::DeadLetter(_) => {
            badge::journey(waybill_model::journey::JourneyState::DeadLettered).into_any()
        }
        What::PublishUnknown | What::NoDelivery => {
            view! { <span class="quiet">{words.frame.unknown}</span> }.into_any()
        }
        What::Published(_) => "".into_any(),
    }
}
