//! One stored message: a line, and everything about it when opened. All of it is hostile.

use leptos::prelude::*;
use waybill_model::stored::{Payload, StoredMessage};

use crate::format;
use crate::i18n::words;
use crate::part::name::{code, name};
use crate::part::section::quiet;
use crate::part::time;
use crate::routes::link;

/// Of the value, on the closed line, in characters.
const GLIMPSE: usize = 80;

/// `says_none`: where it has no journey, that is known.
pub(super) fn card(item: StoredMessage, says_none: bool) -> AnyView {
    let words = &words().messages;
    let place = match &item.partition {
        Some(partition) => format!("{partition} / {}", item.offset),
        None => item.offset.to_string(),
    };
    let key = item.key.as_ref().map(|key| code(&key.text, 36));
    let glimpse = item.value.as_ref().map(|value| {
        let line: Vec<&str> = value.text.split_whitespace().take(GLIMPSE).collect();
        name(&line.join(" "), GLIMPSE)
    });
    let mut parts = vec![about(&item)];
    match (&item.value, item.has_no_body) {
        (_, Some(true)) => parts.push(quiet(words.no_body)),
        (Some(value), _) => parts.extend(payload(words.value, value)),
        (None, _) => {}
    }
    if let Some(key) = item.key.as_ref().filter(|key| key.format != "text") {
        parts.extend(payload(words.key, key));
    }
    let headers = item.headers.iter();
    let headers = headers.map(|header| (header.name.as_str(), header.value.as_deref()));
    parts.extend(pairs(words.headers, headers.collect()));
    let properties = item.properties.iter();
    let properties = properties.map(|one| (one.name.as_str(), Some(one.value.as_str())));
    parts.extend(pairs(words.properties, properties.collect()));
    parts.extend(journey(item.journey.as_deref(), says_none));
    view! {
        <details class="more stored-message">
            <summary>
                {time::instant_or_unknown(item.at)}
                " "
                <code class="num">{format::visible(&place)}</code>
                " "
                {key}
                " "
                <span class="quiet">{glimpse}</span>
            </summary>
            {parts}
        </details>
    }
    .into_any()
}

fn about(item: &StoredMessage) -> AnyView {
    let words = &words().messages;
    let mut text = format::bytes(item.size_bytes);
    if item.at.is_some() {
        let whose = match item.is_broker_time {
            true => words.broker_time,
            false => words.producer_time,
        };
        text.push_str(&format!(" · {whose}"));
    }
    quiet(text)
}

fn payload(label: &'static str, payload: &Payload) -> Vec<AnyView> {
    let words = &words().messages;
    let mut kind = format!(
        "{label} · {} · {}",
        payload.format,
        format::bytes(payload.size_bytes)
    );
    if let Some(schema) = &payload.schema {
        let subject = schema
            .subject
            .as_deref()
            .map(format::visible)
            .unwrap_or_default();
        let version = schema
            .version
            .map(|version| format!(" v{version}"))
            .unwrap_or_default();
        kind.push_str(&format!(
            " · {} {} {subject}{version}",
            words.schema, schema.id
        ));
    }
    // Line by line, so that nothing in it turns the page's text around.
    let lines: Vec<String> = payload.text.split('\n').map(format::visible).collect();
    let mut parts = vec![
        quiet(kind),
        view! { <pre class="payload"><code>{lines.join("\n")}</code></pre> }.into_any(),
    ];
    if payload.truncated {
        parts.push(quiet(words.truncated));
    }
    if let Some(problem) = &payload.problem {
        let problem = format::visible(problem);
        parts.push(view! { <p class="notice" lang="en">{problem}</p> }.into_any());
    }
    parts
}

fn pairs(label: &'static str, pairs: Vec<(&str, Option<&str>)>) -> Vec<AnyView> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let rows: Vec<AnyView> = pairs
        .into_iter()
        .map(|(key, value)| {
            let value = value.map_or_else(|| "–".into_any(), |value| name(value, 400));
            view! {
                <div>
                    <dt>{code(key, 80)}</dt>
                    <dd>{value}</dd>
                </div>
            }
            .into_any()
        })
        .collect();
    vec![
        quiet(label),
        view! { <dl class="attributes">{rows}</dl> }.into_any(),
    ]
}

fn journey(id: Option<&str>, says_none: bool) -> Option<AnyView> {
    let words = &words().messages;
    match id {
        Some(id) => {
            let href = link::journey(id);
            Some(view! { <p><a href=href>{words.journey}</a></p> }.into_any())
        }
        None => says_none.then(|| quiet(words.no_journey)),
    }
}
