//! What of a cluster can lose messages: each destination with the setting that makes it so, what
//! can happen and what ends it. The gravest first.

use leptos::prelude::*;
use waybill_model::posture::{
    CureKind, Durability, Risk, RiskKind, RiskPlace, RiskQuery, RiskSetting, Severity, Unjudged,
};
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;

use super::age::{Age, age};
use super::gap::{Gap, Gaps, gap};
use super::known_clusters::KnownClusters;
use super::sheet::{self, Col, kind_word};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::badge::{Tone, badge};
use crate::part::figure::figure;
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::{section, table};
use crate::routes::link;

/// Rows of one page; the API lists all.
const ROWS: usize = 200;

pub async fn page(id: String, query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let query = RiskQuery {
        severity: asked.word("severity", Severity::WORDS)?,
        risk: asked.word("risk", RiskKind::WORDS)?,
    };
    let path = link::durability(&id);
    let port = crate::data::port();
    let told = port.durability(id.clone(), query).await?;
    let own = &words().durability;
    let title = (own.of_cluster)(&format::shortened(&format::visible(&told.cluster), 60));
    let watched = Watched::Cluster(told.cluster.clone());
    let clusters = KnownClusters::read().await;
    let mut parts = vec![
        clusters.band(Some(&told.cluster)),
        head(&told, &id),
        section::quiet(own.about),
    ];
    parts.push(figures(&told, now()));
    match &told.counts {
        None => parts.push(not_judged(&told)),
        Some(_) => {
            parts.push(filter(&asked, &path));
            parts.push(risks(&told, query));
            parts.extend(unjudged(&told.unjudged));
        }
    }
    let gaps = Gaps {
        reasons: &told.unknown,
        otherwise: Gap::Why(waybill_model::topology::Why::Missing),
    };
    if !told.unknown.is_empty() {
        parts.push(gaps.section(std::iter::empty()));
    }
    Ok(Island::of(title, watched, parts.into_any()))
}

fn head(told: &Durability, id: &str) -> AnyView {
    let own = &words().durability;
    view! {
        <div class="page-head object-head">
            <div class="object-name"><h1>{own.title}</h1></div>
            <p class="object-links"><a href=link::cluster(id)>{name(&told.cluster, 80)}</a></p>
        </div>
    }
    .into_any()
}

fn figures(told: &Durability, now: Timestamp) -> AnyView {
    let words = words();
    let own = &words.durability;
    let read = Age {
        as_of: told.as_of,
        stale: told.stale == Some(true),
        missing_since: None,
    };
    let mut all = vec![figure(words.cluster.topology, age(read, now))];
    if let Some(counts) = &told.counts {
        let figures = [
            (own.high, counts.high),
            (own.medium, counts.medium),
            (own.low, counts.low),
            (own.unjudged, counts.unjudged),
        ];
        let shown = figures.map(|(label, count)| figure(label, format::count(count).into_any()));
        all.extend(shown);
    }
    section::figures(all)
}

fn not_judged(told: &Durability) -> AnyView {
    let detail = told.unknown.iter().find(|one| one.member == "counts");
    let detail = detail.and_then(|one| one.detail.as_deref());
    let content = view! {
        {words().durability.not_judged} " "
        {detail.map(|detail| view! { <span lang="en">{name(detail, 200)}</span> })}
    };
    sheet::notice("", Icon::Question, content.into_any())
}

fn filter(asked: &Asked, path: &str) -> AnyView {
    let own = &words().durability;
    let chosen = |name: &str| asked.text(name).unwrap_or_default();
    let options = |any: &str, list: Vec<(&str, &str)>| {
        std::iter::once(("", any))
            .chain(list)
            .map(|(value, label)| (value.to_owned(), label.to_owned()))
            .collect()
    };
    let severities = Severity::WORDS
        .iter()
        .map(|(word, one)| (*word, severity_word(*one)));
    let kinds = RiskKind::WORDS
        .iter()
        .map(|(word, one)| (*word, risk_word(*one)));
    sheet::filter(
        path,
        vec![
            sheet::choice(
                "f-severity",
                "severity",
                own.severity,
                options(own.any_severity, severities.collect()),
                chosen("severity"),
            ),
            sheet::choice(
                "f-risk",
                "risk",
                own.risk,
                options(own.any_risk, kinds.collect()),
                chosen("risk"),
            ),
        ],
    )
}

fn risks(told: &Durability, query: RiskQuery) -> AnyView {
    let words = words();
    let own = &words.durability;
    if told.items.is_empty() {
        let is_all = query == RiskQuery::default();
        return section::quiet(match (is_all, told.unjudged.is_empty()) {
            (false, _) => own.none_asked,
            (true, true) => own.none,
            (true, false) => own.none_but,
        });
    }
    let columns = vec![
        Col::text(words.observed.destination),
        Col::text(own.severity),
        Col::text(own.risk),
        Col::text(own.setting),
        Col::text(own.cure),
    ];
    let rows = told.items.iter().take(ROWS).map(row).collect();
    let mut parts = vec![sheet::table(own.risks, "risks", columns, rows)];
    parts.extend(more(told.items.len()));
    parts.into_any()
}

fn more(all: usize) -> Option<AnyView> {
    let say = words().observed.more_rows;
    let text = || say(&format::count(ROWS as u64), &format::count(all as u64));
    (all > ROWS).then(|| section::quiet(text()))
}

fn row(risk: &Risk) -> AnyView {
    table::row(vec![
        table::title(place(&risk.place)),
        table::cell(severity(risk.severity)),
        table::cell(view! {
            <strong>{risk_word(risk.risk)}</strong>
            <span class="row-under" lang="en">{name(&risk.how, 400)}</span>
        }),
        table::cell(setting(&risk.setting)),
        table::cell(view! {
            {cure_word(risk.cure.kind)} ": " {code(&risk.cure.change, 300)}
        }),
    ])
}

fn place(place: &RiskPlace) -> AnyView {
    let kind = kind_word(Some(spans_kind(place)), place.role);
    let under = match place.namespace.as_deref() {
        Some(namespace) => view! { {kind} " · " {name(namespace, 32)} }.into_any(),
        None => kind.into_any(),
    };
    view! {
        <a data-row="" href=link::destination_id(&place.id)>{name(&place.destination, 56)}</a>
        <span class="row-under">{under}</span>
    }
    .into_any()
}

fn spans_kind(place: &RiskPlace) -> waybill_model::messaging::DestinationKind {
    use waybill_model::messaging::DestinationKind as Kind;
    use waybill_model::topology::DestinationKind as Place;
    match place.kind {
        Place::Topic => Kind::Topic,
        Place::Queue => Kind::Queue,
        Place::Exchange => Kind::Exchange,
        Place::Stream => Kind::Stream,
    }
}

fn severity(severity: Severity) -> AnyView {
    let own = &words().durability;
    let (tone, symbol, about) = match severity {
        Severity::High => (Tone::Bad, Icon::Warning, own.high_about),
        Severity::Medium => (Tone::Warning, Icon::Warning, own.medium_about),
        Severity::Low => (Tone::Neutral, Icon::Off, own.low_about),
    };
    view! { <span title=about>{badge(tone, symbol, severity_word(severity))}</span> }.into_any()
}

fn setting(setting: &RiskSetting) -> AnyView {
    let value = match setting.value.as_deref() {
        Some(value) => code(value, 80).into_any(),
        None => view! { <span class="quiet">{words().durability.not_set}</span> }.into_any(),
    };
    let source = setting.source.as_deref();
    view! {
        {code(&setting.name, 80)} " " {value}
        {source.map(|source| view! { <span class="row-under" lang="en">{name(source, 80)}</span> })}
    }
    .into_any()
}

fn unjudged(all: &[Unjudged]) -> Option<AnyView> {
    let words = words();
    let own = &words.durability;
    if all.is_empty() {
        return None;
    }
    let columns = vec![
        Col::text(words.observed.destination),
        Col::text(words.observed.unknown_what),
        Col::text(words.observed.unknown_why),
    ];
    let rows = all.iter().take(ROWS).map(|one| {
        let members = one.unknown.iter().map(|unknown| {
            view! { <span class="row-under">{code(&unknown.member, 80)}</span> }
        });
        let whys = one.unknown.iter().map(|unknown| {
            let detail = unknown.detail.as_deref();
            view! {
                <span class="row-under">
                    {gap(Gap::Why(unknown.why))}
                    {detail.map(|detail| view! { " " <span lang="en">{name(detail, 120)}</span> })}
                </span>
            }
        });
        table::row(vec![
            table::title(place(&one.place)),
            table::cell(members.collect_view()),
            table::cell(whys.collect_view()),
        ])
    });
    let mut parts = vec![
        section::quiet(own.unjudged_about),
        sheet::table(own.unjudged, "", columns, rows.collect()),
    ];
    parts.extend(more(all.len()));
    Some(section::section("unjudged-title", own.unjudged, parts))
}

fn severity_word(severity: Severity) -> &'static str {
    let own = &words().durability;
    match severity {
        Severity::High => own.high,
        Severity::Medium => own.medium,
        Severity::Low => own.low,
    }
}

fn risk_word(risk: RiskKind) -> &'static str {
    let own = &words().durability;
    match risk {
        RiskKind::OneCopy => own.one_copy,
        RiskKind::OneConfirms => own.one_confirms,
        RiskKind::UncleanElection => own.unclean_election,
        RiskKind::NotDurable => own.not_durable,
        RiskKind::Vanishes => own.vanishes,
        RiskKind::DropsOldest => own.drops_oldest,
        RiskKind::Expires => own.expires,
        RiskKind::TriedOut => own.tried_out,
        RiskKind::Rejected => own.rejected,
        RiskKind::AtMostOnceDeadLetter => own.at_most_once_dead_letter,
        RiskKind::MissingTarget => own.missing_target,
        RiskKind::Unrouted => own.unrouted,
        RiskKind::Loop => own.looped,
        RiskKind::AsyncFlush => own.async_flush,
        RiskKind::AsyncReplication => own.async_replication,
    }
}

fn cure_word(cure: CureKind) -> &'static str {
    let own = &words().durability;
    match cure {
        CureKind::Alter => own.alter,
        CureKind::Recreate => own.recreate,
        CureKind::Replicate => own.replicate,
        CureKind::Route => own.route,
    }
}
