//! Icons of one line weight, 16 × 16, in the colour of their text. Always beside a word.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Check,
    Cross,
    Tray,
    Retry,
    Arrow,
    Clock,
    Question,
    Warning,
    Off,
    Search,
    Copy,
    Person,
    #[cfg(feature = "ssr")]
    Lock,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Check => "M3.5 8.5l3 3 6-7",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Tray => "M8 2v6.5M5.2 6L8 8.8 10.8 6M2.5 9.5v4h11v-4",
            Self::Retry => "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
            Self::Arrow => "M2.5 8h10.5M9.2 4.2L13 8l-3.8 3.8",
            Self::Clock => "M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3.2l2.2 1.5",
            Self::Question => "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.7v.1",
            Self::Warning => "M8 2.5l6 10.5H2zM8 6.5v3M8 11.2v.1",
            Self::Off => "M4 8h8",
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 .01 0M10.3 10.3L14 14",
            Self::Copy => "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3",
            #[cfg(feature = "ssr")]
            Self::Lock => "M4 7.5h8v6H4zM5.5 7.5V5.2a2.5 2.5 0 0 1 5 0v2.3",
            Self::Person => {
                "M8 2.5a2.7 2.7 0 1 0 .01 0M2.8 13.5c.6-3 2.6-4.3 5.2-4.3s4.6 1.3 5.2 4.3"
            }
        }
    }
}

pub fn icon(icon: Icon) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path
                d=icon.path()
                fill="none"
                stroke="currentColor"
                stroke-width="1.7"
                stroke-linecap="round"
                stroke-linejoin="round"
            ></path>
        </svg>
    }
    .into_any()
}
