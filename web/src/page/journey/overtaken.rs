//! Later messages of the same key that were finished before this one.

use leptos::prelude::*;
use waybill_model::journey::Overtaken;

use crate::i18n::words;
use crate::part::name::name;
use crate::part::time;
use crate::routes::link;

pub fn notice(overtaken_by: &[Overtaken]) -> impl IntoView + use<> {
    let words = &words().journey;
    let first = |(at, one): (usize, &Overtaken)| {
        view! {
            {(at > 0).then_some(", ")}
            <a href=link::journey(&one.journey)>{name(&one.group, 48)} " " {time::instant(one.finished_at)}</a>
        }
    };
    (!overtaken_by.is_empty()).then(|| {
        let all = overtaken_by.iter().enumerate();
        view! { <p class="notice warn">{words.overtaken} " " {all.map(first).collect_view()}</p> }
    })
}
