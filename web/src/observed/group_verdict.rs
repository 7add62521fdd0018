//! What is judged of a group, in a badge and in one sentence.

use leptos::prelude::*;
use waybill_model::group::{GroupPage, GroupPartition, GroupSummary, HeadOfLine};
use waybill_model::judgement::{Cause, LagSource, LossBy, MoreConsumers, Verdict};
use waybill_model::time::Timestamp;

use super::gap::{Gap, Gaps, known};
use super::sheet::{self, Col, per_s};
use crate::format;
use crate::i18n::words;
use crate::part::badge::{Tone, badge};
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::{section, table, time};
use crate::routes::link;

pub fn verdict(verdict: Option<Verdict>, otherwise: Gap) -> AnyView {
    let Some(verdict) = verdict else {
        return known(None, otherwise);
    };
    let (tone, symbol) = match verdict {
        Verdict::Ok => (Tone::Good, Icon::Check),
        Verdict::Unknown => (Tone::Neutral, Icon::Question),
        Verdict::Warning => (Tone::Warning, Icon::Clock),
        Verdict::Stopped => (Tone::Bad, Icon::Off),
        Verdict::Stalled => (Tone::Bad, Icon::Cross),
        Verdict::Rewound => (Tone::Bad, Icon::Retry),
    };
    badge(tone, symbol, word(verdict))
}

pub fn word(verdict: Verdict) -> &'static str {
    let words = &words().lag;
    match verdict {
        Verdict::Ok => words.ok,
        Verdict::Unknown => words.unknown,
        Verdict::Warning => words.warning,
        Verdict::Stopped => words.stopped,
        Verdict::Stalled => words.stalled,
        Verdict::Rewound => words.rewound,
    }
}

/// For a choice among verdicts: value and label, beginning with none.
pub fn options() -> Vec<(String, String)> {
    let any = (String::new(), words().lag.any.to_owned());
    let each = Verdict::ALL.map(|one| (one.word().to_owned(), word(one).to_owned()));
    std::iter::once(any).chain(each).collect()
}

/// The notice on the group's page.
pub fn notice(page: &GroupPage) -> Option<AnyView> {
    let verdict = page.group.verdict?;
    let (class, symbol) = match verdict {
        Verdict::Ok => return None,
        Verdict::Unknown => ("", Icon::Question),
        Verdict::Warning => ("warn", Icon::Clock),
        Verdict::Stopped => ("bad", Icon::Off),
        Verdict::Stalled => ("bad", Icon::Cross),
        Verdict::Rewound => ("bad", Icon::Retry),
    };
    let hot = page.hot.as_ref().map(|hot| {
        let share = hot.in_share.or(hot.lag_share).map(format::share);
        let place = format!(
            "{}/{}",
            format::visible(&hot.destination),
            format::visible(&hot.partition)
        );
        let about = (words().lag.hot)(&place, &share.unwrap_or_default());
        view! { <p>{about}</p> }
    });
    let content = view! {
        <p><strong>{word(verdict)}</strong> ": " {sentence(page)}</p>
        {hot}
    };
    Some(sheet::notice(class, symbol, content.into_any()))
}

fn sentence(page: &GroupPage) -> String {
    let words = words();
    let own = &words.lag;
    let group = &page.group;
    let worst = worst(page);
    let place = worst.map_or_else(|| format::visible(&group.name), place);
    let as_of = group.as_of.unwrap_or(Timestamp::EPOCH);
    let age = match group.since {
        Some(since) => format::duration(as_of.ms_since(since).max(0.0)),
        None => words.frame.unknown.to_owned(),
    };
    let told = worst
        .and_then(|one| one.member.as_deref())
        .map(format::visible);
    let only = page.members.as_deref().and_then(|members| match members {
        [one] => Some(format::visible(&one.id)),
        _ => None,
    });
    let member = told.or(only).unwrap_or_else(|| own.somebody.to_owned());
    let has_members = page.members.as_ref().map(|members| !members.is_empty());
    match group.cause {
        None => own.keeps_up.to_owned(),
        Some(Cause::FewReadings) => own.few_readings.to_owned(),
        Some(Cause::NoPosition) => own.no_position.to_owned(),
        Some(Cause::ByDesign) => own.by_design.to_owned(),
        Some(Cause::NeverConsumed) if worst.is_none() => own.never_consumed_members.to_owned(),
        Some(Cause::NeverConsumed) => (own.never_consumed)(&place, &age),
        Some(Cause::Slow) => {
            let rate = |rate: Option<f64>| rate.map_or(words.frame.unknown.to_owned(), per_s);
            let one = worst.map(|one| (one.out_per_s, one.in_per_s));
            let (out, come) = one.unwrap_or((group.out_per_s, group.in_per_s));
            (own.slow)(&rate(out), &rate(come))
        }
        Some(Cause::Rebalancing) => (own.rebalancing)(&format::count(page.rebalances)),
        Some(Cause::NoMember) => (own.no_member)(&place, &age),
        Some(Cause::Unassigned) => (own.unassigned)(&place, &age),
        Some(Cause::Paused) => (own.paused)(&member, &place, &age),
        Some(Cause::NoProgress) if has_members.is_none() => (own.untold)(&place, &age),
        Some(Cause::NoProgress) => (own.no_progress)(&member, &place, &age),
        Some(Cause::PoisonHead) => (own.poison)(&member, &place, &age),
        Some(Cause::NotCommitting) => (own.not_committing)(&member, &place, &age),
        Some(Cause::WentBack) => {
            let from = worst
                .and_then(|one| one.back_from)
                .map(|from| from.to_string());
            (own.went_back)(&place, &from.unwrap_or_default(), &age)
        }
    }
}

/// The partition that decided.
fn worst(page: &GroupPage) -> Option<&GroupPartition> {
    let (verdict, cause) = (page.group.verdict, page.group.cause);
    let all = page.partitions.as_deref().unwrap_or_default().iter();
    let same = all.filter(|one| one.verdict == verdict && one.cause == cause);
    same.max_by_key(|one| (one.since == page.group.since, one.position.lag_messages))
}

fn place(one: &GroupPartition) -> String {
    let position = &one.position;
    let offset = position.committed.map(|offset| format!("@{offset}"));
    format!(
        "{}/{}{}",
        format::visible(&position.destination),
        format::visible(&position.partition),
        offset.unwrap_or_default()
    )
}

pub fn lag_ms(group: &GroupSummary, gaps: &Gaps<'_>) -> AnyView {
    let about = group
        .lag_source
        .filter(|_| group.lag_ms > Some(0.0))
        .map(source);
    view! {
        {gaps.known("lag_ms", group.lag_ms.map(format::duration))}
        {about.map(|about| view! { <span class="figure-under">{about}</span> })}
    }
    .into_any()
}

fn source(source: LagSource) -> &'static str {
    let words = &words().lag;
    match source {
        LagSource::HeadHistory => words.by_head_history,
        LagSource::RecordTime => words.by_record_time,
        LagSource::HeadMessage => words.by_head_message,
        LagSource::Counters => words.by_counters,
        LagSource::Rate => words.by_rate,
    }
}

pub fn drain(page: &GroupPage, gaps: &Gaps<'_>) -> AnyView {
    let own = &words().lag;
    let group = &page.group;
    let about = page.more_consumers.map(|more| match more {
        MoreConsumers::Help => own.consumers_help,
        MoreConsumers::NoPartitionFree => own.consumers_no_partition,
        MoreConsumers::OnePartition => own.consumers_one,
    });
    let about = about.map(|about| {
        view! { <span class="figure-under">{own.consumers} " " {about}</span> }
    });
    let reason = group
        .reasons
        .iter()
        .find(|reason| reason.member == "drain_ms");
    let never = reason.and_then(|reason| reason.detail.as_deref());
    let never = never.is_some_and(|detail| detail.starts_with("it never drains"));
    let shown = match group.drain_ms {
        None if never => own.never_drains.into_any(),
        drain_ms => gaps.known("drain_ms", drain_ms.map(format::duration)),
    };
    view! { {shown} {about} }.into_any()
}

pub fn retention(group: &GroupSummary, gaps: &Gaps<'_>) -> AnyView {
    let own = &words().lag;
    let about = group.loss_by.filter(|_| group.retention_loss_ms.is_some());
    let about = about.map(|by| match by {
        LossBy::OldestAdvances => own.loss_advances,
        LossBy::Age => own.loss_age,
        LossBy::Size => own.loss_size,
        LossBy::Lost => own.loss_lost,
    });
    let loss = group.retention_loss_ms.map(format::duration);
    view! {
        {gaps.known("retention_loss_ms", loss)}
        {about.map(|about| view! { <span class="figure-under">{about}</span> })}
    }
    .into_any()
}

/// What the group stands before, where it stands.
pub fn heads(heads: &[HeadOfLine], now: Timestamp) -> Option<AnyView> {
    if heads.is_empty() {
        return None;
    }
    let own = &words().lag;
    let columns = vec![
        Col::text(own.head_offset),
        Col::text(own.head_written),
        Col::text(own.head_key),
        Col::text(own.head_journey),
        Col::number(own.head_attempts),
        Col::text(own.head_error),
    ];
    let rows = heads.iter().map(|head| row(head, now)).collect();
    let shown = sheet::table(own.head_title, "wide", columns, rows);
    Some(section::section("head-title", own.head_title, vec![shown]))
}

fn row(head: &HeadOfLine, now: Timestamp) -> AnyView {
    let own = &words().lag;
    let text = format!("{}/{}@{}", head.destination, head.partition, head.offset);
    let quiet = |text: &'static str| view! { <span class="quiet">{text}</span> }.into_any();
    let written = match head.written_at {
        Some(at) => time::ago(at, now),
        None => time::unknown(),
    };
    let journey = match &head.journey {
        Some(id) => {
            view! { <a data-row="" href=link::journey(id)>{own.head_journey}</a> }.into_any()
        }
        None => quiet(own.no_span),
    };
    let error = match &head.error {
        Some(error) => {
            let kind = error.kind.as_deref().map(|kind| code(kind, 64));
            let message = error.message.as_deref().map(|text| name(text, 160));
            view! { {kind} " " {message} }.into_any()
        }
        None => quiet(own.no_error),
    };
    table::row(vec![
        table::title(code(&text, 80)),
        table::cell(written),
        table::cell(
            head.key
                .as_deref()
                .map_or_else(time::unknown, |key| code(key, 48)),
        ),
        table::cell(journey),
        table::number(format::count(head.attempts)),
        table::cell(error),
    ])
}
