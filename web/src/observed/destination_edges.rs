//! What stands around one destination: dead letters and routes, settings, findings, who puts and
//! who takes.

use leptos::prelude::*;
use waybill_model::destination::{Consumer, Destination, GroupItem, Publisher};
use waybill_model::time::Timestamp;
use waybill_model::topology::{Finding, FindingKind, Route, RouteKind, Setting, Why};

use super::gap::{Gap, known};
use super::sheet::{self, Col, own, per_s};
use crate::format;
use crate::i18n::words;
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::table;
use crate::part::{section, time};
use crate::routes::link;

pub fn findings(findings: &[Finding]) -> Vec<AnyView> {
    let words = &words().destination;
    let about = |kind| match kind {
        FindingKind::Loop => words.finding_loop,
        FindingKind::MissingTarget => words.finding_missing_target,
        FindingKind::Unrouted => words.finding_unrouted,
        FindingKind::UnderMinInSync => words.finding_under_min,
        FindingKind::UnderReplicated => words.finding_under_replicated,
        FindingKind::NoLeader => words.finding_no_leader,
    };
    let finding = |finding: &Finding| {
        let content = view! {
            {about(finding.kind)} " " <span class="quiet" lang="en">{name(&finding.detail, 300)}</span>
        };
        sheet::notice("warn", Icon::Warning, content.into_any())
    };
    findings.iter().map(finding).collect()
}

pub fn settings(settings: &[Setting]) -> AnyView {
    let words = &words().destination;
    let columns = [words.setting, words.value, words.source]
        .map(Col::text)
        .into();
    let row = |setting: &Setting| {
        let value = match &setting.value {
            Some(value) => code(value, 80),
            None => view! { <span class="quiet">{words.secret}</span> }.into_any(),
        };
        table::row(vec![
            table::title(code(&setting.name, 64)),
            table::cell(value),
            table::cell(name(&setting.source, 64)),
        ])
    };
    let rows = settings.iter().map(row).collect();
    let shown = match settings.is_empty() {
        true => section::quiet(crate::i18n::words().observed.none),
        false => sheet::table(words.settings, "compact", columns, rows),
    };
    section::section("settings-title", words.settings, vec![shown])
}

/// Dead letters first: where a message goes when it fails.
pub fn routes(system: &str, routes: &[Route]) -> AnyView {
    const MOST: usize = 200;
    let words = &words().destination;
    let mut sorted: Vec<&Route> = routes.iter().collect();
    sorted.sort_by_key(|route| match route.kind {
        RouteKind::DeadLetter => 0,
        RouteKind::Retry => 1,
        RouteKind::Binding => 2,
    });
    let columns = [
        words.route_from,
        words.route_kind,
        words.route_to,
        words.route_key,
        words.guarantee,
    ];
    let place = |name_of: &str| match name_of {
        "" => name("–", 4),
        text => view! { <a href=link::destination(system, text)>{name(text, 56)}</a> }.into_any(),
    };
    let row = |route: &&Route| {
        let kind = match route.kind {
            RouteKind::Binding => words.binding,
            RouteKind::DeadLetter => words.dead_letter,
            RouteKind::Retry => words.retry,
        };
        let text = |text: &Option<String>| match text.as_deref() {
            None | Some("") => "–".into_any(),
            Some(text) => name(text, 80),
        };
        table::row(vec![
            table::title(place(&route.from)),
            table::cell(kind),
            table::cell(place(&route.to)),
            table::cell(text(&route.routing_key)),
            table::cell(text(&route.guarantee)),
        ])
    };
    let rows = sorted.iter().take(MOST).map(row).collect();
    let shown = match routes.is_empty() {
        true => section::quiet(words.dead_letters_none),
        false => sheet::table(words.routes, "compact", columns.map(Col::text).into(), rows),
    };
    section::section("routes-title", words.routes, vec![shown])
}

pub fn groups(groups: &[GroupItem], word: Option<&str>, otherwise: Gap) -> AnyView {
    let own_words = &words().destination;
    let shared = &words().observed;
    let columns = vec![
        Col::text(own(shared.group, word)),
        Col::text(shared.state),
        Col::number(shared.members),
        Col::number(shared.lag),
        Col::text(own_words.lag_known_by),
    ];
    let row = |group: &GroupItem| {
        let title = match &group.id {
            Some(id) => view! { <a href=link::group(id)>{name(&group.name, 56)}</a> }.into_any(),
            None => name(&group.name, 56),
        };
        let gap = match &group.id {
            Some(_) => otherwise,
            None => Gap::SpansOnly,
        };
        let services = match group.services.is_empty() {
            true => "–".into_any(),
            false => name(&group.services.join(", "), 64),
        };
        let state = group.state.as_deref().map(format::visible);
        table::row(vec![
            table::title(title),
            table::cell(known(state, gap)),
            table::number(known(group.members.map(format::count), gap)),
            table::number(known(group.lag_messages.map(format::count), gap)),
            table::cell(services),
        ])
    };
    let rows = groups.iter().map(row).collect();
    let shown = match groups.is_empty() {
        true => section::quiet(own_words.no_groups),
        false => sheet::table(shared.groups, "", columns, rows),
    };
    section::section("groups-title", shared.groups, vec![shown])
}

pub fn services(destination: &Destination, now: Timestamp) -> AnyView {
    let words = &words().destination;
    let publishers = match destination.publishers.is_empty() {
        true => section::quiet(words.no_publishers),
        false => {
            let rows = destination.publishers.iter();
            let rows = rows.map(|one| table::row(publisher(one, now))).collect();
            sheet::table(words.publishers, "compact", service_columns(false), rows)
        }
    };
    let takers = match destination.consumers.is_empty() {
        true => section::quiet(words.no_takers),
        false => {
            let rows = destination.consumers.iter();
            let rows = rows.map(|one| table::row(taker(one, now))).collect();
            sheet::table(words.takers, "compact", service_columns(true), rows)
        }
    };
    vec![
        section::section("publishers-title", words.publishers, vec![publishers]),
        section::section("takers-title", words.takers, vec![takers]),
    ]
    .into_any()
}

fn service_columns(with_group: bool) -> Vec<Col> {
    let words = words();
    let mut columns = vec![Col::text(words.destination.service)];
    if with_group {
        columns.push(Col::text(words.observed.group));
    }
    columns.extend([
        Col::number(words.destination.rate),
        Col::number(words.destination.failed_share),
        Col::number("p50"),
        Col::number("p99"),
        Col::number(words.destination.last),
    ]);
    columns
}

fn publisher(one: &Publisher, now: Timestamp) -> Vec<AnyView> {
    let figures = (one.per_s, one.failed_share, one.p50_ms, one.p99_ms);
    let mut cells = vec![table::title(name(&one.service, 48))];
    cells.extend(figured(figures, one.last_at, now));
    cells
}

fn taker(one: &Consumer, now: Timestamp) -> Vec<AnyView> {
    let group = one.group.as_deref();
    let group = match group {
        Some(group) => name(group, 40),
        None => known(None, Gap::Why(Why::Missing)),
    };
    let receives = (!one.processes).then(|| {
        view! { <span class="row-under">{words().destination.receives}</span> }
    });
    let figures = (one.per_s, one.failed_share, one.p50_ms, one.p99_ms);
    let service = view! { {name(&one.service, 48)} {receives} };
    let mut cells = vec![table::title(service), table::cell(group)];
    cells.extend(figured(figures, one.last_at, now));
    cells
}

type Figures = (f64, f64, Option<f64>, Option<f64>);

fn figured(figures: Figures, last_at: Timestamp, now: Timestamp) -> [AnyView; 5] {
    let (rate, failed, p50, p99) = figures;
    let class = if failed > 0.0 {
        "right num failed"
    } else {
        "right num"
    };
    let duration = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), format::duration);
    [
        table::number(per_s(rate)),
        table::cell_of(class, format::share(failed)),
        table::number(duration(p50)),
        table::number(duration(p99)),
        table::cell_of("right", time::ago(last_at, now)),
    ]
}
