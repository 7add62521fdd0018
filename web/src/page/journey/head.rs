//! The head of the page: which message, how it stands, why.

use leptos::prelude::*;
use waybill_model::journey::{Journey, Owner};

use super::diagnosis;
use crate::format;
use crate::i18n::words;
use crate::part::copy::CopyText;
use crate::part::name::name;
use crate::part::title::title as tab_title;
use crate::part::{badge, time};
use crate::routes::link;

pub fn head(journey: &Journey) -> impl IntoView + use<> {
    let words = words();
    let message = &journey.message;
    let place = message.destination.clone().unwrap_or_default();
    let title = message
        .key
        .as_deref()
        .or(message.message_id.as_deref())
        .map(|id| view! { " " <span class="quiet">{name(id, 60)}</span> });
    let sentence = diagnosis::sentence(journey, words)
        .map(|sentence| view! { <p class="diagnosis">{sentence}</p> });
    let assembling = journey.assembling.then(|| {
        view! { <p class="notice" role="status">{words.journey.assembling}</p> }
    });
    let tab = format::shortened(&format::visible(&place), 40);
    view! {
        {tab_title(tab)}
        <div class="journey-head">
            <h1>{name(&place, 80)} {title}</h1>
            {badge::journey(journey.state)}
        </div>
        {sentence}
        {assembling}
        {facts(journey)}
    }
}

fn facts(journey: &Journey) -> impl IntoView + use<> {
    let words = words();
    let own = &words.journey;
    let message = &journey.message;
    let cluster = match message.cluster.as_deref() {
        Some(cluster) => name(cluster, 48).into_any(),
        None => view! { <span class="quiet">{own.unassigned}</span> }.into_any(),
    };
    let destination = message.destination.as_deref().map(|destination| {
        fact(
            own.destination,
            view! { <a href=link::destination(&message.system, destination)>{name(destination, 80)}</a> },
        )
    });
    let copied = |label: &'static str, text: Option<&str>| {
        text.map(|text| fact(label, view! { <CopyText text=text.to_owned()/> }))
    };
    let traces = journey
        .trace_ids
        .iter()
        .map(|id| view! { <CopyText text=id.to_string()/> })
        .collect_view();
    view! {
        <dl class="facts" aria-label=own.facts>
            {fact(own.system, name(&message.system, 32))}
            {fact(own.cluster, cluster)}
            {destination}
            {message.partition.as_deref().map(|text| fact(own.partition, name(text, 32)))}
            {message.offset.map(|offset| fact(own.offset, offset.to_string()))}
            {copied(own.message_id, message.message_id.as_deref())}
            {copied(own.key, message.key.as_deref())}
            {message.size_bytes.map(|size| fact(own.size, format::bytes(size)))}
            {message.created_at.map(|at| fact(own.created, time::instant(at)))}
            {fact(own.trace_ids, traces)}
            {journey.owner.as_ref().map(|owner| fact(own.owner, owned(owner)))}
        </dl>
    }
}

fn owned(owner: &Owner) -> impl IntoView + use<> {
    let runbook = owner.runbook.clone().map(|address| {
        view! { " " <a href=address rel="noreferrer">{words().journey.runbook}</a> }
    });
    view! { {name(&owner.team, 48)} {runbook} }
}

fn fact(label: &'static str, value: impl IntoAny) -> AnyView {
    let value = value.into_any();
    view! {
        <div>
            <dt>{label}</dt>
            <dd class="num">{value}</dd>
        </div>
    }
    .into_any()
}
