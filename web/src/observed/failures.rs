//! The list of kinds of failure.

use leptos::prelude::*;
use waybill_model::failure::{FailureGroup, FailureQuery, FailureSort as Sort, Trend};
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;

use super::graph_svg;
use super::known_clusters::KnownClusters;
use super::sheet::{self, Col};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::data::search::instant;
use crate::format;
use crate::i18n::words;
use crate::part::empty::Empty;
use crate::part::icon::{Icon, icon};
use crate::part::name::{code, name};
use crate::part::{section, table, time};
use crate::routes::link;

const PATH: &str = "/failures";
const LINES: u32 = 50;
/// What the page shows where nothing was chosen is what is not muted.
const MUTED: &[(&str, Option<bool>)] = &[("no", Some(false)), ("yes", Some(true)), ("all", None)];

pub async fn page(query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let time = |name: &str| asked.text(name).map(|text| instant(name, text)).transpose();
    let found = crate::data::port()
        .failures(FailureQuery {
            cluster: asked.owned("cluster"),
            destination: asked.owned("destination"),
            group: asked.owned("group"),
            q: asked.owned("q"),
            from: time("from")?,
            to: time("to")?,
            muted: asked.word("muted", MUTED)?.unwrap_or(Some(false)),
            sort: asked.word("sort", Sort::WORDS)?.unwrap_or_default(),
            limit: LINES,
            cursor: asked.owned("cursor"),
            sights: None,
        })
        .await?;
    let clusters = KnownClusters::read().await;
    let own = &words().failure;
    let list = match found.items.is_empty() {
        true => view! { <Empty title=own.empty why=own.empty_why/> }.into_any(),
        false => list(&found.items, &asked, now()),
    };
    let first = asked
        .text("cursor")
        .map(|_| asked.href(PATH, &[("cursor", "")]));
    let next = found
        .next
        .map(|cursor| asked.href(PATH, &[("cursor", &cursor)]));
    let view = vec![
        view! { <h1>{own.title}</h1> }.into_any(),
        section::quiet(own.about),
        filter(&asked, &clusters),
        list,
        sheet::pager(first, next),
    ];
    Ok(Island::of(own.title, Watched::Spans, view.into_any()))
}

fn filter(asked: &Asked, clusters: &KnownClusters) -> AnyView {
    let words = words();
    let (shared, own) = (&words.observed, &words.failure);
    let chosen = |name: &str| asked.text(name).unwrap_or_default();
    let choices = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
            .collect()
    };
    let sorts = choices(&[
        ("", own.sort_last),
        ("attempts", own.sort_attempts),
        ("first", own.sort_first),
    ]);
    let muted = choices(&[
        ("", own.muted_no),
        ("yes", own.muted_yes),
        ("all", own.muted_all),
    ]);
    let fields = [
        ("f-q", "q", own.q),
        ("f-destination", "destination", own.destination_exactly),
        ("f-group", "group", own.group_exactly),
        ("f-from", "from", shared.from),
        ("f-to", "to", shared.to),
    ];
    let mut all: Vec<AnyView> = fields
        .into_iter()
        .map(|(id, name, label)| sheet::field(id, name, label, chosen(name)))
        .collect();
    let cluster = clusters.options();
    all.insert(
        1,
        sheet::choice(
            "f-cluster",
            "cluster",
            shared.cluster,
            cluster,
            chosen("cluster"),
        ),
    );
    all.push(sheet::choice(
        "f-muted",
        "muted",
        own.muted,
        muted,
        chosen("muted"),
    ));
    all.push(sheet::choice(
        "f-sort",
        "sort",
        shared.sort,
        sorts,
        chosen("sort"),
    ));
    sheet::filter(PATH, all)
}

fn list(items: &[FailureGroup], asked: &Asked, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let sorted = asked.text("sort").unwrap_or("last");
    let by = |column: Col, sort: &str| {
        let value = if sort == "last" { "" } else { sort };
        let href = asked.href(PATH, &[("sort", value), ("cursor", "")]);
        column.sorts(href, sorted == sort)
    };
    let columns = vec![
        Col::text(own.failure),
        by(Col::number(own.attempts), "attempts"),
        Col::number(own.journeys),
        Col::text(own.trend),
        by(Col::number(own.first), "first"),
        by(Col::number(own.last), "last"),
        Col::text(own.first_version),
        Col::text(own.where_seen),
        Col::text(own.cause),
        Col::text(own.owner),
    ];
    let rows = items.iter().map(|item| row(item, now)).collect();
    sheet::table(own.title, "wide failures", columns, rows)
}

fn row(group: &FailureGroup, now: Timestamp) -> AnyView {
    let own = &words().failure;
    let under = group.first_frame.as_deref().or(group.message.as_deref());
    let under = under.map(|text| view! { <span class="row-under">{code(text, 72)}</span> });
    let muted = group.muted_until.is_some_and(|until| until > now);
    let muted = muted.then(|| view! { " " <span class="tag">{own.muted}</span> });
    table::row(vec![
        table::title(view! {
            <a data-row="" href=link::failure(&group.id)>{title(group, 72)}</a>
            {muted}
            {under}
        }),
        table::number(format::count(group.attempts)),
        table::number(format::count(group.journeys.total)),
        table::cell(sparkline(&group.trend)),
        table::cell_of("right", time::ago(group.first_at, now)),
        table::cell_of("right", time::ago(group.last_at, now)),
        table::cell(told(group.first_version.as_deref())),
        table::cell(several(&group.destinations)),
        table::cell(match &group.cause {
            Some(cause) => name(cause.sentence.as_deref().unwrap_or(&cause.rule), 80),
            None => time::unknown(),
        }),
        table::cell(match group.owner.as_deref() {
            Some(owner) => name(owner, 40),
            None => words().frame.none.into_any(),
        }),
    ])
}

/// The error's type; a kind that no span names an error of is named by its evidence.
pub fn title(group: &FailureGroup, max: usize) -> AnyView {
    let own = &words().failure;
    match (group.evidence, group.error_type.as_deref()) {
        (Some(evidence), _) => own.evidence_of(evidence).into_any(),
        (None, Some(kind)) => name(kind, max),
        (None, None) => match group.message.as_deref() {
            Some(message) => name(message, max),
            None => own.no_type.into_any(),
        },
    }
}

pub fn told(text: Option<&str>) -> AnyView {
    match text {
        Some(text) => name(text, 48),
        None => time::unknown(),
    }
}

fn several(names: &[String]) -> AnyView {
    const SHOWN: usize = 2;
    if names.is_empty() {
        return time::unknown();
    }
    let more = names.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| (words().failure.and_more)(more));
    let more = more.map(|more| view! { <span class="row-under">{more}</span> });
    view! { {name(&names[..names.len().min(SHOWN)].join(", "), 56)} {more} }.into_any()
}

/// The drawing is for eyes; its words stand beside it.
fn sparkline(trend: &Trend) -> AnyView {
    let values: Vec<Option<f64>> = trend
        .points
        .iter()
        .map(|point| Some(point.attempts as f64))
        .collect();
    let all: u64 = trend.points.iter().map(|point| point.attempts).sum();
    if all == 0 {
        return view! { <span class="quiet">{icon(Icon::Off)} " 0"</span> }.into_any();
    }
    let most = trend.points.iter().map(|point| point.attempts).max();
    let most = most.unwrap_or_default();
    let svg = graph_svg::draw(&[&values], None, &[], graph_svg::top(most as f64));
    let about = (words().failure.trend_about)(&format::count(all), &format::count(most));
    view! {
        <span class="sparkline" role="img" aria-label=about.clone() title=about inner_html=svg></span>
    }
    .into_any()
}
