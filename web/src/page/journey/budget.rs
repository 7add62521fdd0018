//! The age budget: phases that sum to the whole.

use leptos::prelude::*;
use waybill_model::journey::{Phase, PhaseKind};

use crate::format;
use crate::i18n::words;
use crate::part::table::Table;

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
    let rows = phases.iter().map(|phase| row(phase, total)).collect_view();
    let about = (words.budget_about)(&format::duration(total));
    view! {
        <svg class="budget" width="100%" height="22" role="img" aria-label=about>
            <g>{bars}</g>
        </svg>
        <Table label=words.budget class="compact budget-table">
            <thead>
                <tr>
                    <th scope="col">{words.phase}</th>
                    <th scope="col" class="right">{words.duration}</th>
                    <th scope="col" class="right">{words.share}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
            <tfoot>
                <tr>
                    <th scope="row">{words.total}</th>
                    <td class="right num">{format::duration(total)}</td>
                    <td class="right num">"100 %"</td>
                </tr>
            </tfoot>
        </Table>
    }
    .into_any()
}

fn row(phase: &Phase, total: f64) -> impl IntoView + use<> {
    let words = &words().journey;
    let (time, share) = match phase.ms {
        Some(ms) => (format::duration(ms), format::share(ms / total)),
        None => (words.not_comparable.to_owned(), "–".to_owned()),
    };
    view! {
        <tr>
            <th scope="row">
                <span class=format!("swatch phase {}", class(phase.phase))></span>
                {words.phase(phase.phase)}
            </th>
            <td class="right num">{time}</td>
            <td class="right num">{share}</td>
        </tr>
    }
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
