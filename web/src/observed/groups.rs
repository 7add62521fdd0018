//! The list of groups, as brokers tell them.

use leptos::prelude::*;
use waybill_model::group::{GroupLine, GroupQuery, GroupSort as Sort, GroupSummary};
use waybill_model::judgement::Verdict;
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::Why;

use super::age::{Age, age};
use super::gap::{Gap, Gaps, gap, known, legend};
use super::group_verdict;
use super::known_clusters::KnownClusters;
use super::sheet::{self, Col, per_s};
use crate::data::asked::{Asked, now};
use crate::data::island::{Island, Watched};
use crate::format;
use crate::i18n::words;
use crate::part::empty::Empty;
use crate::part::name::name;
use crate::part::table;
use crate::routes::link;

const PATH: &str = "/groups";
const LINES: u32 = 50;

pub async fn page(query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let found = crate::data::port()
        .groups(GroupQuery {
            cluster: asked.owned("cluster"),
            destination: asked.owned("destination"),
            q: asked.owned("q"),
            state: asked.owned("state"),
            verdict: asked.word("verdict", Verdict::WORDS)?,
            sort: asked.word("sort", Sort::WORDS)?.unwrap_or_default(),
            limit: LINES,
            cursor: asked.owned("cursor"),
            sights: None,
        })
        .await?;
    let clusters = KnownClusters::read().await;
    let own = &words().group;
    let list = match found.items.is_empty() {
        true => view! { <Empty title=own.empty why=own.empty_why/> }.into_any(),
        false => list(&found.items, &asked, &clusters, now()),
    };
    let first = asked
        .text("cursor")
        .map(|_| asked.href(PATH, &[("cursor", "")]));
    let next = found
        .next
        .map(|cursor| asked.href(PATH, &[("cursor", &cursor)]));
    let view = vec![
        view! { <h1>{own.title}</h1> }.into_any(),
        filter(&asked, &clusters),
        list,
        sheet::pager(first, next),
        legend(),
    ];
    Ok(Island::of(own.title, Watched::Everything, view.into_any()))
}

fn filter(asked: &Asked, clusters: &KnownClusters) -> AnyView {
    let words = words();
    let shared = &words.observed;
    let chosen = |name: &str| asked.text(name).unwrap_or_default();
    let sorts = [
        ("", shared.sort_name),
        ("lag", shared.sort_lag),
        ("lag_ms", words.group.lag_ms),
        ("members", shared.sort_members),
        ("out", shared.sort_out),
    ];
    let sorts = sorts.map(|(value, label)| (value.to_owned(), label.to_owned()));
    let reads = words.group.reads_exactly;
    sheet::filter(
        PATH,
        vec![
            sheet::field("f-q", "q", shared.name_part, chosen("q")),
            sheet::choice(
                "f-cluster",
                "cluster",
                shared.cluster,
                clusters.options(),
                chosen("cluster"),
            ),
            sheet::field("f-destination", "destination", reads, chosen("destination")),
            sheet::choice(
                "f-verdict",
                "verdict",
                words.group.verdict,
                group_verdict::options(),
                chosen("verdict"),
            ),
            sheet::choice("f-sort", "sort", shared.sort, sorts.into(), chosen("sort")),
        ],
    )
}

fn list(items: &[GroupLine], asked: &Asked, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let words = words();
    let shared = &words.observed;
    let sorted = asked.text("sort").unwrap_or("name");
    let by = |column: Col, sort: &str| {
        let value = if sort == "name" { "" } else { sort };
        let href = asked.href(PATH, &[("sort", value), ("cursor", "")]);
        column.sorts(href, sorted == sort)
    };
    let columns = vec![
        by(Col::text(shared.group), "name"),
        Col::text(shared.cluster),
        Col::text(words.group.reads),
        Col::text(words.group.verdict),
        Col::text(shared.state),
        by(Col::number(shared.members), "members"),
        Col::number(shared.partitions),
        by(Col::number(shared.lag), "lag"),
        by(Col::number(words.group.lag_ms), "lag_ms"),
        by(Col::number(shared.out_rate), "out"),
        Col::number(shared.coverage),
        Col::number(shared.read),
    ];
    let rows = items.iter().map(|item| row(item, clusters, now)).collect();
    sheet::table(shared.groups, "wide groups", columns, rows)
}

fn row(line: &GroupLine, clusters: &KnownClusters, now: Timestamp) -> AnyView {
    let group = &line.group;
    let gaps = gaps(group, clusters);
    let namespace = group.namespace.as_deref().map(|namespace| {
        view! { <span class="row-under">{name(namespace, 32)}</span> }
    });
    let reads = match group.destinations.is_empty() {
        true => words().observed.none.into_any(),
        false => name(&group.destinations.join(", "), 64),
    };
    table::row(vec![
        table::title(view! {
            <a data-row="" href=link::group(&group.id)>{name(&group.name, 56)}</a>
            {namespace}
        }),
        table::cell(clusters.chip(&group.cluster)),
        table::cell(reads),
        table::cell(group_verdict::verdict(group.verdict, gaps.of("verdict"))),
        table::cell(gaps.known("state", group.state.as_deref().map(format::visible))),
        table::number(gaps.known("members", line.members.map(format::count))),
        table::number(format::count(line.partitions)),
        table::number(lag(group, &gaps)),
        table::number(gaps.known("lag_ms", group.lag_ms.map(format::duration))),
        table::number(gaps.known("out_per_s", group.out_per_s.map(per_s))),
        table::number(known(
            group.coverage.map(format::share),
            gaps.of("coverage"),
        )),
        table::cell_of("right", age(age_of(group), now)),
    ])
}

pub fn gaps<'a>(group: &'a GroupSummary, clusters: &KnownClusters) -> Gaps<'a> {
    let otherwise = match group.missing_since {
        Some(_) => Gap::Why(Why::Missing),
        None => clusters.gap(Some(&group.cluster)),
    };
    Gaps {
        reasons: &group.reasons,
        otherwise,
    }
}

pub fn age_of(group: &GroupSummary) -> Age {
    Age {
        as_of: group.as_of,
        stale: group.stale,
        missing_since: group.missing_since,
    }
}

/// Where it is not known on every partition, the least that it is.
pub fn lag(group: &GroupSummary, gaps: &Gaps<'_>) -> AnyView {
    match group.lag_messages {
        Some(lag) => format::count(lag).into_any(),
        None if group.lag_known_messages > 0 => {
            let least = words().observed.at_least;
            let known = format::count(group.lag_known_messages);
            view! { <span class="quiet">{least}</span> " " {known} " " {gap(gaps.of("lag_messages"))} }
                .into_any()
        }
        None => gap(gaps.of("lag_messages")),
    }
}
