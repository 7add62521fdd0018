//! Who read the message, where it was put, and what says so.

use leptos::prelude::*;
use waybill_model::journey::{Attempt, Delivery, Evidence, Hop, HopRole, Journey};

use super::diagnosis;
use crate::format;
use crate::i18n::words;
use crate::part::name::{code, name};
use crate::part::table::{self, Column};
use crate::part::{badge, time};
use crate::routes::link;

pub fn deliveries(journey: &Journey) -> Vec<AnyView> {
    journey
        .deliveries
        .iter()
        .map(|of| delivery(of, &journey.hops))
        .collect()
}

fn delivery(delivery: &Delivery, hops: &[Hop]) -> AnyView {
    let words = &words().journey;
    let group = match delivery.group.as_deref() {
        Some(group) => name(group, 64).into_any(),
        None => view! { {name(delivery.name(), 64)} <span class="quiet">" · " {words.unknown_group}</span> }
            .into_any(),
    };
    let columns = vec![
        Column::Number("#"),
        Column::Text(words.outcome),
        Column::Text(words.started),
        Column::Number(words.took),
        Column::Text(words.read_from),
        Column::Text(words.service),
        Column::Text(words.error),
        Column::Text(words.joined_by),
    ];
    let attempts = delivery.attempts.iter();
    let attempts: Vec<AnyView> = attempts.map(|of| attempt(of, hops)).collect();
    let table = match attempts.is_empty() {
        true => view! { <p class="quiet">{words.no_delivery}</p> }.into_any(),
        false => table::table(words.attempts, "compact", columns, attempts).into_any(),
    };
    view! {
        <div class="delivery">
            <h3>{group} " " {badge::delivery(delivery.state)}</h3>
            {table}
        </div>
    }
    .into_any()
}

fn attempt(attempt: &Attempt, hops: &[Hop]) -> AnyView {
    let messages = words();
    let words = &messages.journey;
    let told = |text: Option<&str>| {
        text.map(|text| view! { " " <span class="quiet">{name(text, 40)}</span> })
    };
    let error = attempt.error.as_ref().map(|error| {
        view! {
            {error.kind.as_deref().map(|kind| code(kind, 60))}
            " "
            {error.message.as_deref().map(|message| name(message, 160))}
            {error
                .fingerprint
                .as_deref()
                .map(|print| {
                    view! { " " <a href=link::failure(print) title=words.same_failures>{code(print, 16)}</a> }
                })}
            {error.frame.as_deref().map(|frame| view! { <span class="lane-note">{code(frame, 120)}</span> })}
        }
    });
    let cause = attempt.cause.as_ref().map(|cause| {
        let told = (messages.cause.because)(&diagnosis::cause_told(cause, messages));
        view! { <span class="lane-note">{told}</span> }
    });
    let backoff = (attempt.backoff_ms > 0.0).then(|| {
        let asked = (words.backoff_asked)(&format::duration(attempt.backoff_ms));
        view! { <span class="lane-note">{asked}</span> }
    });
    let who = view! {
        {name(&attempt.service, 40)}
        {told(attempt.version.as_deref())}
        {told(attempt.instance.as_deref())}
    };
    let took = attempt.ended_at.ms_since(attempt.started_at);
    table::row(vec![
        table::number(attempt.n.to_string()),
        table::cell(badge::outcome(attempt.outcome)),
        table::cell(view! { {time::instant(attempt.started_at)} {backoff} }),
        table::number(format::duration(took)),
        table::cell(hops.get(attempt.hop).map(read_from)),
        table::title(who),
        table::cell(view! { {error} {cause} }),
        table::cell(attempt.joined_by.map(|by| words.witness(by))),
    ])
}

/// The destination of the hop, and its role where it is not the origin.
fn read_from(hop: &Hop) -> AnyView {
    let words = &words().journey;
    let role = (hop.role != HopRole::Origin)
        .then(|| view! { " " <span class="quiet">{words.role(hop.role)}</span> });
    match hop.destination.as_deref() {
        Some(destination) => view! { {name(destination, 40)} {role} }.into_any(),
        None => view! { {time::unknown()} {role} }.into_any(),
    }
}

/// The places where the message was put, in order.
pub fn hops(journey: &Journey) -> impl IntoView + use<> {
    let words = &words().journey;
    let dead = journey.dead_letter.as_ref().map(|dead| {
        view! {
            <p>
                <strong>{words.dead_letter}</strong>
                " "
                {name(&dead.destination, 80)}
                " · "
                {words.evidence}
                ": "
                <span lang="en">{name(&dead.evidence, 200)}</span>
            </p>
        }
    });
    let columns = vec![
        Column::Text(words.hop_role),
        Column::Text(words.destination),
        Column::Text(words.partition),
        Column::Number(words.offset),
        Column::Text(words.message_id),
        Column::Text(words.put_at),
    ];
    let rows = journey.hops.iter().map(hop).collect();
    view! {
        {table::table(words.hops, "compact", columns, rows)}
        {dead}
    }
}

/// What the broker told of the message, each with its time.
pub fn evidence(journey: &Journey) -> impl IntoView + use<> {
    let words = &words().journey;
    let columns = vec![
        Column::Text(words.says),
        Column::Text(words.group),
        Column::Text(words.evidence),
        Column::Text(words.as_of),
    ];
    let row = |one: &Evidence| {
        let group = one.group.as_deref().unwrap_or("–");
        table::row(vec![
            table::title(words.evidence_kind(one.kind)),
            table::cell(name(group, 64)),
            table::cell(view! { <span lang="en">{name(&one.detail, 200)}</span> }),
            table::cell(time::instant(one.as_of)),
        ])
    };
    let rows = journey.evidence.iter().map(row).collect();
    table::table(words.witness, "compact", columns, rows)
}

fn hop(hop: &Hop) -> AnyView {
    let words = &words().journey;
    let destination = match hop.destination.as_deref() {
        Some(destination) => name(destination, 64),
        None => time::unknown(),
    };
    let offset = hop.offset.map_or_else(|| "–".to_owned(), |n| n.to_string());
    table::row(vec![
        table::cell(words.role(hop.role)),
        table::title(destination),
        table::cell(code(hop.partition.as_deref().unwrap_or("–"), 16)),
        table::number(offset),
        table::cell(code(hop.message_id.as_deref().unwrap_or("–"), 48)),
        table::cell(time::instant_or_unknown(hop.at)),
    ])
}
