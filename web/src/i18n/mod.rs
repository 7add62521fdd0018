//! All words of the console, in typed tables: a key without both languages does not compile.

#[macro_use]
mod table;

mod cause;
#[cfg(feature = "ssr")]
mod cluster;
#[cfg(feature = "ssr")]
mod destination;
#[cfg(feature = "ssr")]
mod durability;
#[cfg(feature = "ssr")]
mod failure;
mod frame;
#[cfg(feature = "ssr")]
mod group;
#[cfg(feature = "ssr")]
mod health;
mod journey;
#[cfg(feature = "ssr")]
mod lag;
#[cfg(feature = "ssr")]
mod logs;
mod messages;
#[cfg(feature = "ssr")]
mod observed;
#[cfg(feature = "ssr")]
mod overview;
mod problem;
#[cfg(feature = "ssr")]
mod search;
mod settings;
mod state;
mod unit;

pub use problem::ProblemWords;

use crate::look::Look;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    #[default]
    En,
    Zh,
}

/// Everything that is said, in one language.
pub struct Messages {
    pub lang: Lang,
    pub frame: frame::FrameWords,
    #[cfg(feature = "ssr")]
    pub overview: overview::OverviewWords,
    #[cfg(feature = "ssr")]
    pub search: search::SearchWords,
    pub journey: journey::JourneyWords,
    pub cause: cause::CauseWords,
    #[cfg(feature = "ssr")]
    pub logs: logs::LogWords,
    pub messages: messages::MessagesWords,
    pub state: state::StateWords,
    #[cfg(feature = "ssr")]
    pub health: health::HealthWords,
    pub settings: settings::SettingsWords,
    pub problem: ProblemWords,
    pub unit: unit::UnitWords,
    #[cfg(feature = "ssr")]
    pub observed: observed::ObservedWords,
    #[cfg(feature = "ssr")]
    pub destination: destination::DestinationWords,
    #[cfg(feature = "ssr")]
    pub failure: failure::FailureWords,
    #[cfg(feature = "ssr")]
    pub group: group::GroupWords,
    #[cfg(feature = "ssr")]
    pub lag: lag::LagWords,
    #[cfg(feature = "ssr")]
    pub cluster: cluster::ClusterWords,
    #[cfg(feature = "ssr")]
    pub durability: durability::DurabilityWords,
}

impl Messages {
    pub const EN: Self = Self {
        lang: Lang::En,
        frame: frame::FrameWords::EN,
        #[cfg(feature = "ssr")]
        overview: overview::OverviewWords::EN,
        #[cfg(feature = "ssr")]
        search: search::SearchWords::EN,
        journey: journey::JourneyWords::EN,
        cause: cause::CauseWords::EN,
        #[cfg(feature = "ssr")]
        logs: logs::LogWords::EN,
        messages: messages::MessagesWords::EN,
        state: state::StateWords::EN,
        #[cfg(feature = "ssr")]
        health: health::HealthWords::EN,
        settings: settings::SettingsWords::EN,
        problem: ProblemWords::EN,
        unit: unit::UnitWords::EN,
        #[cfg(feature = "ssr")]
        observed: observed::ObservedWords::EN,
        #[cfg(feature = "ssr")]
        destination: destination::DestinationWords::EN,
        #[cfg(feature = "ssr")]
        failure: failure::FailureWords::EN,
        #[cfg(feature = "ssr")]
        group: group::GroupWords::EN,
        #[cfg(feature = "ssr")]
        lag: lag::LagWords::EN,
        #[cfg(feature = "ssr")]
        cluster: cluster::ClusterWords::EN,
        #[cfg(feature = "ssr")]
        durability: durability::DurabilityWords::EN,
    };

    pub const ZH: Self = Self {
        lang: Lang::Zh,
        frame: frame::FrameWords::ZH,
        #[cfg(feature = "ssr")]
        overview: overview::OverviewWords::ZH,
        #[cfg(feature = "ssr")]
        search: search::SearchWords::ZH,
        journey: journey::JourneyWords::ZH,
        cause: cause::CauseWords::ZH,
        #[cfg(feature = "ssr")]
        logs: logs::LogWords::ZH,
        messages: messages::MessagesWords::ZH,
        state: state::StateWords::ZH,
        #[cfg(feature = "ssr")]
        health: health::HealthWords::ZH,
        settings: settings::SettingsWords::ZH,
        problem: ProblemWords::ZH,
        unit: unit::UnitWords::ZH,
        #[cfg(feature = "ssr")]
        observed: observed::ObservedWords::ZH,
        #[cfg(feature = "ssr")]
        destination: destination::DestinationWords::ZH,
        #[cfg(feature = "ssr")]
        failure: failure::FailureWords::ZH,
        #[cfg(feature = "ssr")]
        group: group::GroupWords::ZH,
        #[cfg(feature = "ssr")]
        lag: lag::LagWords::ZH,
        #[cfg(feature = "ssr")]
        cluster: cluster::ClusterWords::ZH,
        #[cfg(feature = "ssr")]
        durability: durability::DurabilityWords::ZH,
    };
}

/// The words of the page being rendered.
pub fn words() -> &'static Messages {
    Look::of_page().lang.words()
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// As in the cookie `lang` and in `<html lang>`.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// In the language itself.
    pub fn label(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "简体中文",
        }
    }

    /// Any way of writing it: `zh`, `zh-Hans`, `en-GB`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// The known language that the header `Accept-Language` wants most.
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let Some(lang) = parts.next().and_then(Self::from_name) else {
                continue;
            };
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |weight| weight.parse().ok())
                .unwrap_or(0.0);
            if best.is_none_or(|(found, _)| weight > found) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    pub fn words(self) -> &'static Messages {
        static EN: Messages = Messages::EN;
        static ZH: Messages = Messages::ZH;
        match self {
            Self::En => &EN,
            Self::Zh => &ZH,
        }
    }
}
