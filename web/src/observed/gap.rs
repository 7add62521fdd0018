//! What is not known, and why: missing, unknown, forbidden and stale look and read differently, and
//! none of them is a zero.

use std::collections::BTreeSet;

use leptos::prelude::*;
use waybill_model::topology::{Unknown, Why};

use super::sheet::{self, Col};
use crate::i18n::words;
use crate::part::icon::{Icon, icon};
use crate::part::name::{code, name};
use crate::part::section;
use crate::part::table;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    Why(Why),
    /// No broker is read for it.
    SpansOnly,
}

impl Gap {
    fn class(self) -> &'static str {
        match self {
            Self::Why(Why::Missing) => "gap missing",
            Self::Why(Why::Forbidden) => "gap forbidden",
            Self::Why(Why::Unsupported) => "gap unsupported",
            Self::Why(Why::Failed | Why::NotAsked | Why::Undetermined) => "gap unknown",
            Self::SpansOnly => "gap spans-only",
        }
    }

    fn icon(self) -> Option<Icon> {
        match self {
            Self::Why(Why::Missing) => Some(Icon::Off),
            Self::Why(Why::Forbidden) => Some(Icon::Lock),
            Self::Why(Why::Failed | Why::NotAsked | Why::Undetermined) => Some(Icon::Question),
            Self::Why(Why::Unsupported) | Self::SpansOnly => None,
        }
    }

    pub fn word(self) -> &'static str {
        let words = &words().observed;
        match self {
            Self::Why(Why::Missing) => words.missing,
            Self::Why(Why::Forbidden) => words.forbidden,
            Self::Why(Why::Unsupported) => words.unsupported,
            Self::Why(Why::Failed) => words.failed,
            Self::Why(Why::NotAsked) => words.not_asked,
            Self::Why(Why::Undetermined) => words.undetermined,
            Self::SpansOnly => words.spans_only,
        }
    }

    pub fn about(self) -> &'static str {
        let words = &words().observed;
        match self {
            Self::Why(Why::Missing) => words.missing_about,
            Self::Why(Why::Forbidden) => words.forbidden_about,
            Self::Why(Why::Unsupported) => words.unsupported_about,
            Self::Why(Why::Failed) => words.failed_about,
            Self::Why(Why::NotAsked) => words.not_asked_about,
            Self::Why(Why::Undetermined) => words.undetermined_about,
            Self::SpansOnly => words.spans_only_about,
        }
    }
}

/// In place of a value.
pub fn gap(gap: Gap) -> AnyView {
    view! {
        <span class=gap.class() title=gap.about()>
            {gap.icon().map(icon)} {gap.word()}
        </span>
    }
    .into_any()
}

/// What each of them means, under a list.
pub fn legend() -> AnyView {
    let words = &words().observed;
    let whys = [
        Why::Missing,
        Why::NotAsked,
        Why::Undetermined,
        Why::Failed,
        Why::Forbidden,
        Why::Unsupported,
    ];
    let gaps = whys.map(Gap::Why).into_iter().chain([Gap::SpansOnly]);
    let meant = |mark: AnyView, about: &'static str| {
        view! { <div><dt>{mark}</dt><dd>{about}</dd></div> }
    };
    let stale = view! { <span class="gap stale">{icon(Icon::Clock)} {words.stale}</span> };
    let all = gaps.map(|one| meant(gap(one), one.about()));
    let all = all
        .chain([meant(stale.into_any(), words.stale_about)])
        .collect_view();
    view! {
        <details class="more">
            <summary>{words.legend}</summary>
            <dl class="gap-legend">{all}</dl>
        </details>
    }
    .into_any()
}

pub fn known(value: Option<String>, otherwise: Gap) -> AnyView {
    match value {
        Some(value) => value.into_any(),
        None => gap(otherwise),
    }
}

/// Why members of one object are not known.
pub struct Gaps<'a> {
    pub reasons: &'a [Unknown],
    /// Where no reason is told.
    pub otherwise: Gap,
}

impl Gaps<'_> {
    pub fn of(&self, member: &str) -> Gap {
        let named = |unknown: &&Unknown| unknown.member == member;
        let reason = self.reasons.iter().find(named);
        reason.map_or(self.otherwise, |unknown| Gap::Why(unknown.why))
    }

    pub fn known(&self, member: &str, value: Option<String>) -> AnyView {
        known(value, self.of(member))
    }

    /// The table of all of them. `unknown`: members that are not known, told or not why.
    pub fn section<'b>(&self, unknown: impl Iterator<Item = &'b str>) -> AnyView {
        let words = &words().observed;
        let mut members: BTreeSet<&str> = unknown.collect();
        members.extend(self.reasons.iter().map(|reason| reason.member.as_str()));
        let rows: Vec<AnyView> = members.iter().map(|member| self.row(member)).collect();
        let columns = [words.unknown_what, words.unknown_why, words.unknown_detail];
        let shown = match rows.is_empty() {
            true => section::quiet(words.all_known),
            false => sheet::table(
                words.unknown_title,
                "compact",
                columns.map(Col::text).into(),
                rows,
            ),
        };
        section::section("unknown-title", words.unknown_title, vec![shown])
    }

    fn row(&self, member: &str) -> AnyView {
        let named = |unknown: &&Unknown| unknown.member == member;
        let detail = self
            .reasons
            .iter()
            .find(named)
            .and_then(|unknown| unknown.detail.as_deref());
        let why = self.of(member);
        table::row(vec![
            table::title(code(member, 48)),
            table::cell(gap(why)),
            table::cell(view! {
                {why.about()}
                {detail.map(|detail| view! { " " <span lang="en" class="quiet">{name(detail, 300)}</span> })}
            }),
        ])
    }
}
