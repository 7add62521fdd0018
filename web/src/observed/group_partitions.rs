//! Where one group stands on each partition, and who its members are.

use leptos::prelude::*;
use waybill_model::group::GroupPartition;
use waybill_model::reading::LagGap;
use waybill_model::topology::{Member, Why};

use super::gap::{Gap, gap, known};
use super::group_verdict;
use super::sheet::{self, Col, own};
use crate::format;
use crate::i18n::words;
use crate::part::icon::{Icon, icon};
use crate::part::name::{code, name};
use crate::part::section;
use crate::part::table;
use crate::routes::link;

const MOST: usize = 300;

/// By destination and number; of very many those that are the furthest behind, unknown ones first.
pub fn partitions(system: &str, all: &[GroupPartition], word: Option<&str>) -> AnyView {
    let words = words();
    let shared = &words.observed;
    let mut sorted: Vec<&GroupPartition> = all.iter().collect();
    if all.len() > MOST {
        sorted.sort_by_key(|one| std::cmp::Reverse(one.position.lag_messages.unwrap_or(u64::MAX)));
    }
    let columns = vec![
        Col::text(shared.destination),
        Col::text(own(shared.partition, word)),
        Col::number(words.group.committed),
        Col::number(words.group.head),
        Col::number(shared.lag),
        Col::text(words.lag.partition_verdict),
        Col::number(words.lag.partition_lag_ms),
    ];
    let rows = sorted
        .into_iter()
        .take(MOST)
        .map(|one| position(system, one))
        .collect();
    let mut parts = vec![match all.is_empty() {
        true => section::quiet(words.group.no_positions),
        false => sheet::table(shared.partitions, "compact", columns, rows),
    }];
    if all.len() > MOST {
        let (shown, all) = (format::count(MOST as u64), format::count(all.len() as u64));
        parts.push(section::quiet((shared.more_rows)(&shown, &all)));
    }
    section::section("partitions-title", shared.partitions, parts)
}

fn position(system: &str, line: &GroupPartition) -> AnyView {
    let one = &line.position;
    let own = &words().group;
    let offset = |offset: i64| offset.to_string();
    let lag = match (one.lag_messages, one.gap) {
        (Some(lag), _) => format::count(lag).into_any(),
        (None, Some(reason)) => {
            let about = match reason {
                LagGap::NoHead => own.gap_no_head,
                LagGap::NoOldest => own.gap_no_oldest,
                LagGap::BeyondEnd => own.gap_beyond_end,
            };
            view! { <span class="gap missing">{icon(Icon::Off)} {about}</span> }.into_any()
        }
        (None, None) => gap(Gap::Why(Why::NotAsked)),
    };
    let committed = match one.committed {
        Some(committed) => offset(committed).into_any(),
        None => view! { <span class="quiet">{own.never}</span> }.into_any(),
    };
    table::row(vec![
        table::title(view! {
            <a href=link::destination(system, &one.destination)>{name(&one.destination, 48)}</a>
        }),
        table::cell(name(&one.partition, 24)),
        table::number(committed),
        table::number(known(one.head.map(offset), Gap::Why(Why::Missing))),
        table::number(lag),
        table::cell(group_verdict::verdict(
            line.verdict,
            Gap::Why(Why::NotAsked),
        )),
        table::number(known(
            line.lag_ms.map(format::duration),
            Gap::Why(Why::Missing),
        )),
    ])
}

pub fn members(members: &[Member]) -> AnyView {
    let words = words();
    let own = &words.group;
    let mut columns = vec![
        Col::text(own.member),
        Col::text(own.client),
        Col::text(own.host),
        Col::text(own.assigned),
        Col::number(own.prefetch),
        Col::number(own.stands_at),
        Col::number(words.observed.lag),
    ];
    // Positions of members, where the broker tells them by member.
    let by_member = members.iter().any(|member| member.offset.is_some());
    columns.truncate(if by_member { 7 } else { 5 });
    let missing = Gap::Why(Why::Missing);
    let text = |text: &Option<String>| match text {
        Some(text) => name(text, 48),
        None => gap(missing),
    };
    let row = |member: &Member| {
        let assigned = match &member.assigned {
            None => gap(missing),
            Some(assigned) if assigned.is_empty() => own.nothing_assigned.into_any(),
            Some(assigned) => {
                let each = |(place, partitions): &(String, Vec<String>)| match partitions.is_empty()
                {
                    true => place.clone(),
                    false => format!("{place}: {}", partitions.join(", ")),
                };
                let told: Vec<String> = assigned.iter().map(each).collect();
                name(&told.join("; "), 160)
            }
        };
        let mut cells = vec![
            table::title(code(&member.id, 48)),
            table::cell(text(&member.client_id)),
            table::cell(text(&member.host)),
            table::cell(assigned),
            table::number(known(member.prefetch.map(format::count), missing)),
        ];
        if by_member {
            let unsupported = Gap::Why(Why::Unsupported);
            cells.push(table::number(known(
                member.offset.map(|at| at.to_string()),
                unsupported,
            )));
            let lag = member.lag_messages.map(format::count);
            cells.push(table::number(known(lag, unsupported)));
        }
        table::row(cells)
    };
    let rows = members.iter().take(MOST).map(row).collect();
    let shown = match members.is_empty() {
        true => section::quiet(own.no_members),
        false => sheet::table(words.observed.members, "compact", columns, rows),
    };
    section::section("members-title", words.observed.members, vec![shown])
}
