//! How a cluster does, in a badge, and what is wrong with it, in words with the way out.

use leptos::prelude::*;
use waybill_model::cluster::{Cluster, Refusal};
use waybill_model::time::Timestamp;

use super::sheet;
use crate::format;
use crate::i18n::words;
use crate::part::badge::{Tone, badge};
use crate::part::icon::Icon;
use crate::part::name::name;
use crate::routes::link;

/// The worst that is known of it.
pub fn health(cluster: &Cluster) -> AnyView {
    let words = &words().cluster;
    if !cluster.managed {
        return badge(Tone::Neutral, Icon::Off, words.unmanaged);
    }
    if cluster.refused.is_some() {
        return badge(Tone::Bad, Icon::Cross, words.refused);
    }
    if cluster.as_of.is_none() {
        return badge(Tone::Busy, Icon::Clock, words.unread);
    }
    if cluster.stale == Some(true) || cluster.topology_stale == Some(true) {
        return badge(Tone::Warning, Icon::Clock, words.stale);
    }
    if has_alarm(cluster) {
        return badge(Tone::Bad, Icon::Warning, words.troubled);
    }
    match &cluster.missing_rights {
        Some(missing) if !missing.is_empty() => badge(Tone::Warning, Icon::Lock, words.limited),
        _ => badge(Tone::Good, Icon::Check, words.healthy),
    }
}

/// What a broker itself calls wrong, or a node that does not run.
pub fn has_alarm(cluster: &Cluster) -> bool {
    let mut nodes = cluster.nodes.iter().flatten();
    nodes.any(|node| !node.alarms.is_empty() || node.running == Some(false))
}

/// What a reason means, in the person's language.
pub fn reason(refused: &Refusal) -> &'static str {
    let words = &words().observed;
    match refused.reason.as_str() {
        "unreachable" => words.reason_unreachable,
        "too_slow" => words.reason_too_slow,
        "wrong_credentials" => words.reason_wrong_credentials,
        "wrong_certificate" => words.reason_wrong_certificate,
        "another_protocol" => words.reason_another_protocol,
        "forbidden" => words.reason_forbidden,
        _ => words.reason_bad_answer,
    }
}

/// On pages of what belongs to it: why their figures are old, and what to do. Nothing while it
/// answers.
pub fn trouble(cluster: &Cluster, now: Timestamp) -> Vec<AnyView> {
    let words = words();
    let told = |symbol, sentence: String, refused: Option<&Refusal>| {
        let refused = refused.map(|refused| {
            view! {
                " " {reason(refused)} " "
                <span lang="en">{name(&refused.detail, 200)} " " {name(&refused.hint, 300)}</span>
            }
        });
        let href = link::cluster(&cluster.id);
        let content = view! { <a href=href>{sentence}</a> {refused} };
        vec![sheet::notice("warn", symbol, content.into_any())]
    };
    let shown = format::visible(&cluster.name);
    match (cluster.as_of, &cluster.refused) {
        _ if !cluster.managed => Vec::new(),
        (None, refused) => {
            let sentence = (words.observed.cluster_unread)(&shown);
            told(Icon::Clock, sentence, refused.as_ref())
        }
        (Some(as_of), refused) if refused.is_some() || cluster.stale == Some(true) => {
            let age = format::age(as_of, now, words);
            let sentence = (words.observed.cluster_stale)(&shown, &age);
            told(Icon::Clock, sentence, refused.as_ref())
        }
        _ => Vec::new(),
    }
}
