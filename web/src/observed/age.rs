//! How old figures are, said in words where they are older than they should be.

use leptos::prelude::*;
use waybill_model::time::Timestamp;

use super::gap::{Gap, gap};
use crate::format;
use crate::i18n::words;
use crate::part::icon::{Icon, icon};
use crate::part::time;
use waybill_model::topology::Why;

/// As they are told with one object.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    pub as_of: Option<Timestamp>,
    pub stale: bool,
    pub missing_since: Option<Timestamp>,
}

/// One cell: fresh figures show their age, stale ones say so, those left out say since when.
pub fn age(age: Age, now: Timestamp) -> AnyView {
    let words = words();
    let Some(as_of) = age.as_of else {
        return gap(Gap::Why(Why::NotAsked));
    };
    if let Some(since) = age.missing_since {
        let about = (words.observed.gone_since)(&format::age(since, now, words));
        return view! {
            <span class="gap missing" title=about>
                {icon(Icon::Off)} {words.observed.gone} " " {format::age(since, now, words)}
            </span>
        }
        .into_any();
    }
    if age.stale {
        return stale(as_of, now);
    }
    time::ago(as_of, now)
}

pub fn stale(as_of: Timestamp, now: Timestamp) -> AnyView {
    let words = words();
    let told = (words.observed.stale_since)(&format::age(as_of, now, words));
    view! {
        <span class="gap stale" title=format!("{} UTC", format::instant(as_of))>
            {icon(Icon::Clock)} {told}
        </span>
    }
    .into_any()
}
