//! Partitions of one destination: who leads, who is in sync, and how evenly it is filled.

use leptos::prelude::*;
use waybill_model::destination::PartitionLine;

use super::gap::{Gap, Gaps};
use super::sheet::{self, Col, own};
use crate::format;
use crate::i18n::words;
use crate::part::icon::{Icon, icon};
use crate::part::name::name;
use crate::part::section;
use crate::part::table;

const MOST: usize = 300;

pub fn partitions(all: &[PartitionLine], word: Option<&str>, otherwise: Gap) -> AnyView {
    let own_words = &words().destination;
    let shared = &words().observed;
    let stored: Vec<u64> = all
        .iter()
        .filter_map(|line| line.partition.stored_bytes)
        .collect();
    let sum: u64 = stored.iter().sum();
    let columns = vec![
        Col::text(own(shared.partition, word)),
        Col::text(own_words.leader),
        Col::text(own_words.in_sync),
        Col::text(own_words.replicas),
        Col::number(own_words.low),
        Col::number(words().group.head),
        Col::number(shared.stored),
        Col::number(own_words.share),
    ];
    let rows = all
        .iter()
        .take(MOST)
        .map(|one| row(one, sum, otherwise))
        .collect();
    let mut parts = vec![sheet::table(
        own_words.partition_table,
        "compact",
        columns,
        rows,
    )];
    if let Some(times) = skew(&stored) {
        parts.insert(0, section::quiet((own_words.skew)(&format!("{times:.1}"))));
    }
    if all.len() > MOST {
        let (shown, all) = (format::count(MOST as u64), format::count(all.len() as u64));
        parts.push(section::quiet((shared.more_rows)(&shown, &all)));
    }
    let title = own_words.partition_table;
    section::section("partitions-title", title, parts)
}

/// How many times the mean the largest holds.
fn skew(stored: &[u64]) -> Option<f64> {
    let sum: u64 = stored.iter().sum();
    let largest = stored
        .iter()
        .max()
        .filter(|_| stored.len() > 1 && sum > 0)?;
    Some(*largest as f64 * stored.len() as f64 / sum as f64)
}

fn row(line: &PartitionLine, sum: u64, otherwise: Gap) -> AnyView {
    let partition = &line.partition;
    let own = &words().destination;
    let gaps = Gaps {
        reasons: &partition.unknown,
        otherwise,
    };
    let names = |nodes: &[String]| {
        let text = if nodes.is_empty() {
            words().observed.none.to_owned()
        } else {
            nodes.join(", ")
        };
        name(&text, 60)
    };
    let is_told = partition
        .unknown
        .iter()
        .all(|unknown| unknown.member != "leader");
    let leader = match &partition.leader {
        Some(leader) => name(leader, 32),
        None if is_told => {
            let word = own.no_leader;
            view! { <strong class="failed">{icon(Icon::Cross)} {word}</strong> }.into_any()
        }
        None => super::gap::gap(gaps.of("leader")),
    };
    let in_sync = match &partition.in_sync {
        Some(nodes) if nodes.len() < partition.replicas.len() => {
            view! { <span class="warned">{icon(Icon::Warning)} {names(nodes)}</span> }.into_any()
        }
        Some(nodes) => names(nodes),
        None => super::gap::gap(gaps.of("in_sync")),
    };
    let offline = partition
        .offline
        .as_deref()
        .filter(|nodes| !nodes.is_empty());
    let offline = offline.map(|nodes| {
        view! { " " <strong class="failed">{own.offline} " " {names(nodes)}</strong> }
    });
    let offset = |offset: Option<i64>| match offset {
        Some(offset) => offset.to_string(),
        None => "–".to_owned(),
    };
    let share = partition.stored_bytes.filter(|_| sum > 0);
    let share = share.map(|bytes| format::share(bytes as f64 / sum as f64));
    table::row(vec![
        table::title(name(&partition.id, 40)),
        table::cell(leader),
        table::cell(in_sync),
        table::cell(view! { {names(&partition.replicas)} {offline} }),
        table::number(offset(line.low)),
        table::number(offset(line.head)),
        table::number(gaps.known("stored_bytes", partition.stored_bytes.map(format::bytes))),
        table::number(share.unwrap_or_else(|| "–".to_owned())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_told_where_there_is_something_to_compare() {
        assert_eq!(skew(&[300, 50, 50]), Some(2.25));
        assert_eq!(skew(&[300]), None);
        assert_eq!(skew(&[0, 0]), None);
        assert_eq!(skew(&[]), None);
    }
}
