//! Who read the message, where it was put, and what says so.

use leptos::prelude::*;
use waybill_model::journey::{Attempt, Delivery, Hop, Journey};

use crate::format;
use crate::i18n::words;
use crate::part::name::{code, name};
use crate::part::table::Table;
use crate::part::{badge, time};

pub fn deliveries(journey: &Journey) -> impl IntoView + use<> {
    let words = &words().journey;
    if journey.deliveries.is_empty() {
        return view! { <p class="quiet">{words.no_delivery}</p> }.into_any();
    }
    journey
        .deliveries
        .iter()
        .map(delivery)
        .collect_view()
        .into_any()
}

fn delivery(delivery: &Delivery) -> impl IntoView + use<> {
    let words = &words().journey;
    let group = match delivery.group.as_deref() {
        Some(group) => name(group, 64).into_any(),
        None => view! { {name(&delivery.service, 64)} <span class="quiet">" · " {words.unknown_group}</span> }
            .into_any(),
    };
    let attempts = delivery.attempts.iter().map(attempt).collect_view();
    view! {
        <div class="delivery">
            <h3>{group} " " {badge::delivery(delivery.state)}</h3>
            <Table label=words.attempts class="compact">
                <thead>
                    <tr>
                        <th scope="col" class="right">"#"</th>
                        <th scope="col">{words.outcome}</th>
                        <th scope="col">{words.created}</th>
                        <th scope="col" class="right">{words.took}</th>
                        <th scope="col">{words.service}</th>
                        <th scope="col">{words.error}</th>
                        <th scope="col">{words.joined_by}</th>
                    </tr>
                </thead>
                <tbody>{attempts}</tbody>
            </Table>
        </div>
    }
}

fn attempt(attempt: &Attempt) -> impl IntoView + use<> {
    let words = &words().journey;
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
                .map(|print| view! { " " <span class="quiet" title=words.fingerprint>{code(print, 16)}</span> })}
        }
    });
    let backoff = (attempt.backoff_ms > 0.0).then(|| {
        let asked = (words.backoff_asked)(&format::duration(attempt.backoff_ms));
        view! { <span class="lane-note">{asked}</span> }
    });
    view! {
        <tr>
            <td class="right num">{attempt.n}</td>
            <td>{badge::outcome(attempt.outcome)}</td>
            <td>{time::instant(attempt.started_at)} {backoff}</td>
            <td class="right num">
                {format::duration(attempt.ended_at.ms_since(attempt.started_at))}
            </td>
            <th scope="row">
                {name(&attempt.service, 40)} {told(attempt.version.as_deref())}
                {told(attempt.instance.as_deref())}
            </th>
            <td>{error}</td>
            <td>{words.witness(attempt.joined_by)}</td>
        </tr>
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
    let rows = journey.hops.iter().map(hop).collect_view();
    view! {
        <Table label=words.hops class="compact">
            <thead>
                <tr>
                    <th scope="col">{words.hop_role}</th>
                    <th scope="col">{words.destination}</th>
                    <th scope="col">{words.partition}</th>
                    <th scope="col" class="right">{words.offset}</th>
                    <th scope="col">{words.message_id}</th>
                    <th scope="col">{words.created}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
        {dead}
    }
}

fn hop(hop: &Hop) -> impl IntoView + use<> {
    let words = &words().journey;
    let or_dash = |text: Option<&str>, max: usize| match text {
        Some(text) => code(text, max).into_any(),
        None => "–".into_any(),
    };
    let destination = match hop.destination.as_deref() {
        Some(destination) => name(destination, 64).into_any(),
        None => time::unknown().into_any(),
    };
    view! {
        <tr>
            <td>{words.role(hop.role)}</td>
            <th scope="row">{destination}</th>
            <td>{or_dash(hop.partition.as_deref(), 16)}</td>
            <td class="right num">{hop.offset.map_or_else(|| "–".to_owned(), |n| n.to_string())}</td>
            <td>{or_dash(hop.message_id.as_deref(), 48)}</td>
            <td>{time::instant_or_unknown(hop.at)}</td>
        </tr>
    }
}
