//! The age budget: phases that sum to the whole.

use leptos::prelude::*;
use waybill_model::journey::{Phase, PhaseKind};

use crate::format;
use crate::i18n::words;
use crate::part::table::{self, Column};

pub fn budget(phases: &[Phase]) -> impl IntoView + use<> {
    let words = &words().journey;
    let total: f64 = phases.iter().filter_map(|phase| phase.ms).sum();
    if phases.is_empty() || total <= 0.0 {
        return view! { <p class="quiet">{words.budget_none}</p> }.into_any();
    }
    let mut from = 0.0;
    let bars = phases
        .iter()
        .filter_map(|phase| Some((phase.phase, phase.ms?)))
        .map(|(phase, ms)| {
            let x = from;
            from += ms;
            let percent = |ms: f64| format!("{:.3}%", ms / total * 100.0);
            view! {
                <rect
                    class=format!("phase {}", class(phase))
                    x=percent(x)
                    y="0"
                    width=percent(ms)
                    height="22"
                ></rect>
            }
        })
        .collect_view();
    let columns = vec![
        Column::Text(words.phase),
        Column::Number(words.duration),
        Column::Number(words.share),
    ];
    let rows = phases.iter().map(|phase| row(phase, total)).collect();
    let foot = table::row(vec![
        table::title(words.total),
        table::number(format::duration(total)),
        table::number("100 %"),
    ]);
    let table = table::table_with_foot(
        words.budget,
        "compact budget-table",
        columns,
        rows,
        vec![foot],
    );
    let about = (words.budget_about)(&format::duration(total));
    view! {
        <svg class="budget" width="100%" height="22" role="img" aria-label=about>
            <g>{bars}</g>
        </svg>
        {table}
    }
    .into_any()
}

fn row(phase: &Phase, total: f64) -> AnyView {
    let words = &words().journey;
    let (time, share) = match phase.ms {
        Some(ms) => (format::duration(ms), format::share(ms / total)),
        None => (words.not_comparable.to_owned(), "–".to_owned()),
    };
    let title = view! {
        <span class=format!("swatch phase {}", class(phase.phase))></span>
        {words.phase(phase.phase)}
    };
    table::row(vec![
        table::title(title),
        table::number(time),
        table::number(share),
    ])
}

fn class(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::Outbox => "outbox",
        PhaseKind::Publish => "publish",
        PhaseKind::Queue => "queue",
        PhaseKind::Receive => "receive",
        PhaseKind::Process => "process",
        PhaseKind::Backoff => "backoff",
        PhaseKind::DeadLetter => "dead-letter",
        PhaseKind::Replay => "replay",
    }
}
