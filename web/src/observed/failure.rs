//! One kind of failure: since when, where, what it came to, and what people say of it.

use leptos::prelude::*;
use waybill_model::access::Action;
use waybill_model::destination::Window;
use waybill_model::failure::{FailureGroup, FailurePage, FailurePlace, FailureVersion, OwnerSetBy};
use waybill_model::journey::JourneySummary;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;

use super::failure_forms::forms;
use super::failure_history::history;
use super::failures::{title, told};
use super::graph::{Graph, Line, whole};
use super::sheet::{self, Col};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::data::search::instant;
use crate::format;
use crate::i18n::words;
use crate::part::figure::figure;
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::{badge, section, table, time};
use crate::routes::link;

const MINUTE_MS: u64 = 60_000;

pub async fn page(id: String, query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let time = |name: &str| asked.text(name).map(|text| instant(name, text)).transpose();
    let window = Window {
        from: time("from")?,
        to: time("to")?,
    };
    let port = crate::data::port();
    let page = port.failure(id, window).await?;
    let viewer = port.viewer();
    let may_change = viewer.is_some_and(|viewer| viewer.actions.contains(&Action::AlertEdit));
    let own = &words().failure;
    let group = &page.group;
    let tab = group.error_type.as_deref();
    let tab = tab.or(group.evidence.map(|evidence| own.evidence_of(evidence)));
    let tab = format::shortened(&format::visible(tab.unwrap_or(own.no_type)), 60);
    let view = shown(&page, &asked, may_change, now());
    Ok(Island::of(tab, Watched::Spans, view))
}

fn shown(page: &FailurePage, asked: &Asked, may_change: bool, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let mut parts = vec![
        head(page, now),
        notices(page, now),
        figures(page, now),
        trend(page),
    ];
    if !page.group.versions.is_empty() {
        let rows = page.group.versions.iter().map(version).collect();
        let about = section::quiet(own.versions_about);
        let columns = [own.version, own.service].map(Col::text).into_iter();
        let columns = columns.chain([own.attempts, own.first, own.last].map(Col::number));
        let table = sheet::table(own.versions, "compact", columns.collect(), rows);
        parts.push(section::section(
            "versions-title",
            own.versions,
            vec![about, table],
        ));
    }
    parts.push(places(&page.places));
    let recent = page.recent.iter().map(|journey| recent_row(journey, now));
    let recent = view! { <ul class="trouble">{recent.collect_view()}</ul> }.into_any();
    parts.push(section::section("recent-title", own.recent, vec![recent]));
    parts.push(history(page));
    parts.push(forms(&page.group, asked, may_change, now));
    parts.into_any()
}

fn head(page: &FailurePage, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let group = &page.group;
    let tags = group.systems.iter().chain(&group.clusters);
    let tags: Vec<AnyView> = tags
        .map(|text| view! { <span class="tag">{name(text, 40)}</span> }.into_any())
        .collect();
    let evidence = group
        .evidence
        .map(|_| view! { <span class="tag">{own.evidence}</span> });
    let frame = group.first_frame.as_deref();
    let frame = frame.map(|frame| view! { <p title=own.frame>{code(frame, 200)}</p> });
    let message = group.message.as_deref();
    let message = message.map(|text| view! { <p lang="en">{name(text, 300)}</p> });
    let count = format::count;
    let journeys = &group.journeys;
    let since = format::age(group.first_at, now, words());
    let mut sentence = (own.told)(&count(group.attempts), &count(journeys.total), &since);
    if journeys.dead_lettered + journeys.delivered > 0 {
        let came_to = (own.came_to)(&count(journeys.dead_lettered), &count(journeys.delivered));
        sentence = format!("{sentence} {came_to}");
    }
    if let Some(version) = group.first_version.as_deref() {
        let version = format::shortened(&format::visible(version), 48);
        sentence = format!("{sentence} {}", (own.began_with)(&version));
    }
    let cause = group.cause.as_ref().map(|cause| {
        let of = (own.cause_of)(&count(cause.attempts), &count(group.attempts));
        view! {
            <p>
                <strong>{own.cause}</strong> ": "
                <span lang="en">{name(cause.sentence.as_deref().unwrap_or(&cause.rule), 200)}</span>
                " " <span class="quiet">{of}</span>
            </p>
        }
    });
    view! {
        <div class="page-head object-head">
            <div class="object-name">
                <h1>{title(group, 160)}</h1>
                {frame}
                {message}
                <p class="tags">{evidence} {tags} {code(&group.id, 20)}</p>
                <p class="lead">{sentence}</p>
                {cause}
                {owner(group)}
            </div>
        </div>
    }
    .into_any()
}

fn owner(group: &FailureGroup) -> AnyView {
    let own = &words().failure;
    let by_rule = (group.owner_set_by == Some(OwnerSetBy::Rule))
        .then(|| view! { " " <span class="quiet">{own.owner_rule}</span> });
    let runbook = group.runbook.clone().map(|href| {
        view! { " · " <a href=href rel="noreferrer">{words().journey.runbook}</a> }
    });
    let owner = match group.owner.as_deref() {
        Some(owner) => name(owner, 60),
        None => words().frame.none.into_any(),
    };
    view! { <p><strong>{own.owner}</strong> ": " {owner} {by_rule} {runbook}</p> }.into_any()
}

fn notices(page: &FailurePage, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let muted = page.group.muted_until.filter(|until| *until > now);
    let muted = muted.map(|until| {
        let about = (own.muted_until)(&format::instant(until));
        sheet::notice("warn", Icon::Off, about.into_any())
    });
    muted.into_any()
}

fn figures(page: &FailurePage, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let group = &page.group;
    let count = format::count;
    let journeys = &group.journeys;
    section::figures(vec![
        figure(own.attempts, count(group.attempts)),
        figure(own.journeys, count(journeys.total)),
        figure(own.dead_lettered, count(journeys.dead_lettered)),
        figure(own.failed, count(journeys.failed)),
        figure(own.retrying, count(journeys.retrying)),
        figure(own.delivered, count(journeys.delivered)),
        figure(own.other, count(journeys.other)),
        figure(own.first, time::ago(group.first_at, now)),
        figure(own.last, time::ago(group.last_at, now)),
    ])
}

fn trend(page: &FailurePage) -> AnyView {
    let own = &words().failure;
    let trend = &page.group.trend;
    let graph = Graph {
        label: own.attempts,
        about: match trend.step_ms {
            MINUTE_MS => own.trend_by_minute,
            _ => own.trend_by_hour,
        },
        unit: own.unit_attempts,
        starts: trend.points.iter().map(|point| point.at).collect(),
        step_ms: trend.step_ms as i64,
        lines: vec![Line {
            label: own.attempts,
            values: trend
                .points
                .iter()
                .map(|point| Some(point.attempts as f64))
                .collect(),
        }],
        band: None,
        written: whole,
        leads: None,
        marks: Vec::new(),
    };
    let brush = words().observed.chart_brush;
    view! {
        <section class="graphs" aria-label=own.attempts>
            {graph.view()} <p class="quiet needs-script">{brush}</p>
        </section>
    }
    .into_any()
}

fn version(line: &FailureVersion) -> AnyView {
    table::row(vec![
        table::title(name(&line.version, 48)),
        table::cell(told(line.service.as_deref())),
        table::number(format::count(line.attempts)),
        table::cell_of("right", time::instant(line.first_at)),
        table::cell_of("right", time::instant(line.last_at)),
    ])
}

fn places(places: &[FailurePlace]) -> AnyView {
    const SHOWN: usize = 50;
    let words = words();
    let own = &words.failure;
    let columns = [
        words.observed.destination,
        words.observed.cluster,
        words.observed.group,
        own.service,
    ];
    let columns = columns.map(Col::text).into_iter();
    let columns = columns.chain([own.attempts, own.first, own.last].map(Col::number));
    let rows = places.iter().take(SHOWN).map(place).collect();
    let mut parts = vec![sheet::table(
        own.where_seen,
        "compact",
        columns.collect(),
        rows,
    )];
    if places.len() > SHOWN {
        parts.push(section::quiet((own.and_more)(places.len() - SHOWN)));
    }
    section::section("where-title", own.where_seen, parts)
}

fn place(line: &FailurePlace) -> AnyView {
    let destination = match line.destination.as_deref() {
        Some(destination) => {
            let href = link::destination(&line.system, destination);
            view! { <a href=href>{name(destination, 56)}</a> }.into_any()
        }
        None => time::unknown(),
    };
    table::row(vec![
        table::title(view! {
            {destination} <span class="row-under">{name(&line.system, 24)}</span>
        }),
        table::cell(told(line.cluster.as_deref())),
        table::cell(told(line.group.as_deref())),
        table::cell(told(line.service.as_deref())),
        table::number(format::count(line.attempts)),
        table::cell_of("right", time::instant(line.first_at)),
        table::cell_of("right", time::instant(line.last_at)),
    ])
}

fn recent_row(journey: &JourneySummary, now: Timestamp) -> AnyView {
    let message = &journey.message;
    let place = message.destination.as_deref().unwrap_or_default();
    let key = message.key.as_deref().or(message.message_id.as_deref());
    let reason = journey
        .diagnosis
        .as_deref()
        .or(journey.first_error.as_deref());
    view! {
        <li>
            <a data-row="" href=link::journey(&journey.id)>
                <span class="trouble-state">{badge::journey(journey.state)}</span>
                <span class="trouble-what">
                    <strong>{name(place, 48)}</strong>
                    {key.map(|key| view! { " " {code(key, 40)} })}
                </span>
                <span class="trouble-why">{name(reason.unwrap_or_default(), 160)}</span>
                <span class="trouble-tries num">{(words().journey.retries)(journey.attempts)}</span>
                <span class="trouble-when">{time::ago(journey.started_at, now)}</span>
            </a>
        </li>
    }
    .into_any()
}
