//! States as badges: an icon and a word, so that colour is never alone.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use waybill_model::audit::Decision;
use waybill_model::journey::{DeliveryState, JourneyState, Outcome};
#[cfg(feature = "ssr")]
use waybill_model::status::ComponentState;

use super::icon::{Icon, icon};
use crate::i18n::words;

/// What a status colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Busy,
    Warning,
    Bad,
    Neutral,
}

impl Tone {
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
        }
    }
}

pub fn badge(tone: Tone, symbol: Icon, word: &'static str) -> AnyView {
    view! {
        <span class=format!("badge {}", tone.class())>
            {icon(symbol)} <span>{word}</span>
        </span>
    }
    .into_any()
}

pub fn journey(state: JourneyState) -> AnyView {
    let (tone, symbol) = match state {
        JourneyState::InFlight => (Tone::Busy, Icon::Arrow),
        JourneyState::Delivered => (Tone::Good, Icon::Check),
        JourneyState::Retrying => (Tone::Warning, Icon::Retry),
        JourneyState::Failed => (Tone::Bad, Icon::Cross),
        JourneyState::DeadLettered => (Tone::Bad, Icon::Tray),
        JourneyState::Replayed => (Tone::Busy, Icon::Retry),
        JourneyState::Expired => (Tone::Bad, Icon::Clock),
        JourneyState::Unroutable => (Tone::Bad, Icon::Off),
        JourneyState::Unknown => (Tone::Neutral, Icon::Question),
    };
    badge(tone, symbol, journey_word(state))
}

pub fn journey_word(state: JourneyState) -> &'static str {
    let words = &words().state;
    match state {
        JourneyState::InFlight => words.in_flight,
        JourneyState::Delivered => words.delivered,
        JourneyState::Retrying => words.retrying,
        JourneyState::Failed => words.failed,
        JourneyState::DeadLettered => words.dead_lettered,
        JourneyState::Replayed => words.replayed,
        JourneyState::Expired => words.expired,
        JourneyState::Unroutable => words.unroutable,
        JourneyState::Unknown => words.unknown,
    }
}

pub fn delivery(state: DeliveryState) -> AnyView {
    let words = &words().state;
    match state {
        DeliveryState::Done => badge(Tone::Good, Icon::Check, words.done),
        DeliveryState::Failed => badge(Tone::Bad, Icon::Cross, words.failed),
        DeliveryState::Retrying => badge(Tone::Warning, Icon::Retry, words.retrying),
        DeliveryState::DeadLettered => badge(Tone::Bad, Icon::Tray, words.dead_lettered),
        DeliveryState::Pending => badge(Tone::Busy, Icon::Clock, words.pending),
        DeliveryState::Unknown => badge(Tone::Neutral, Icon::Question, words.unknown),
    }
}

pub fn outcome(outcome: Outcome) -> AnyView {
    let words = &words().state;
    match outcome {
        Outcome::Ok => badge(Tone::Good, Icon::Check, words.ok),
        Outcome::Failed => badge(Tone::Bad, Icon::Cross, words.failed),
        Outcome::Unknown => badge(Tone::Neutral, Icon::Question, words.unknown),
    }
}

#[cfg(feature = "ssr")]
pub fn component(state: ComponentState) -> AnyView {
    let words = &words().state;
    match state {
        ComponentState::Starting => badge(Tone::Busy, Icon::Clock, words.starting),
        ComponentState::Ok => badge(Tone::Good, Icon::Check, words.working),
        ComponentState::Degraded => badge(Tone::Warning, Icon::Warning, words.degraded),
        ComponentState::Down => badge(Tone::Bad, Icon::Cross, words.down),
        ComponentState::Off => badge(Tone::Neutral, Icon::Off, words.off),
    }
}

#[cfg(feature = "ssr")]
pub fn decision(decision: Decision) -> AnyView {
    let words = &words().state;
    match decision {
        Decision::Allowed => badge(Tone::Good, Icon::Check, words.allowed),
        Decision::Denied => badge(Tone::Bad, Icon::Cross, words.denied),
    }
}
