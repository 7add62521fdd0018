//! What happened to a group within the window of its chart.

use leptos::prelude::*;
use waybill_model::judgement::{GroupEvent, GroupEventKind};

use super::sheet::{self, Col};
use crate::i18n::words;
use crate::part::name::name;
use crate::part::{section, table, time};

const MOST: usize = 50;

/// `None`: nothing did.
pub fn events(events: &[GroupEvent]) -> Option<AnyView> {
    if events.is_empty() {
        return None;
    }
    let own = &words().lag;
    let columns = vec![
        Col::text(own.event_at),
        Col::text(own.event_what),
        Col::text(own.event_where),
    ];
    let rows = events.iter().take(MOST).map(row).collect();
    let shown = sheet::table(own.events_title, "compact", columns, rows);
    Some(section::section(
        "events-title",
        own.events_title,
        vec![shown],
    ))
}

fn row(event: &GroupEvent) -> AnyView {
    let own = &words().lag;
    let what = match event.kind {
        GroupEventKind::Rebalance => own.event_rebalance,
        GroupEventKind::Rewind => own.event_rewind,
        GroupEventKind::MadeAgain => own.event_made_again,
    };
    let place = event
        .destination
        .as_deref()
        .map(|destination| match &event.partition {
            Some(partition) => format!("{destination}/{partition}"),
            None => destination.to_owned(),
        });
    let moved = event.from.zip(event.to);
    let moved = moved.map(|(from, to)| (own.moved)(&from.to_string(), &to.to_string()));
    table::row(vec![
        table::title(time::instant(event.at)),
        table::cell(what),
        table::cell(view! {
            {place.map(|place| name(&place, 80))}
            {moved.map(|moved| view! { " " <span class="quiet">{moved}</span> })}
        }),
    ])
}
