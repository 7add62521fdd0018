//! Language and theme: what a person chose, read from cookies, else from the browser.

use leptos::prelude::use_context;

use crate::i18n::Lang;

/// Provided by the server for each request; in the browser read back from `<html>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub lang: Lang,
    pub theme: Theme,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Follows the system.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As in the cookie `theme` and in `<html data-theme>`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

impl Look {
    /// From the values of the headers `Cookie` and `Accept-Language`.
    pub fn read(cookies: Option<&str>, accept_language: Option<&str>) -> Self {
        let cookie = |name: &str| {
            cookies?
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        Self {
            lang: cookie("lang")
                .and_then(Lang::from_name)
                .or_else(|| accept_language.and_then(Lang::accepted))
                .unwrap_or_default(),
            theme: cookie("theme")
                .and_then(Theme::from_name)
                .unwrap_or_default(),
        }
    }

    /// Of the page being rendered.
    pub fn of_page() -> Self {
        use_context::<Self>().unwrap_or_else(Self::from_document)
    }

    #[cfg(feature = "hydrate")]
    fn from_document() -> Self {
        let root = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.document_element());
        let read = |name: &str| root.as_ref().and_then(|root| root.get_attribute(name));
        Self {
            lang: read("lang")
                .and_then(|name| Lang::from_name(&name))
                .unwrap_or_default(),
            theme: read("data-theme")
                .and_then(|name| Theme::from_name(&name))
                .unwrap_or_default(),
        }
    }

    #[cfg(not(feature = "hydrate"))]
    fn from_document() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_wins_over_the_browser() {
        let look = Look::read(Some("theme=dark; lang=en"), Some("zh-CN,zh;q=0.9"));
        assert_eq!(look.lang, Lang::En);
        assert_eq!(look.theme, Theme::Dark);
    }

    #[test]
    fn the_first_known_language_of_the_browser_counts() {
        let lang = |header| Look::read(None, Some(header)).lang;
        assert_eq!(lang("fr, zh-CN;q=0.8, en;q=0.5"), Lang::Zh);
        assert_eq!(lang("en-GB,zh;q=0.5"), Lang::En);
        assert_eq!(lang("en;q=0.3,zh;q=0.5"), Lang::Zh);
        assert_eq!(lang("fr"), Lang::En);
        assert_eq!(lang(";;q=,"), Lang::En);
    }

    #[test]
    fn unknown_words_in_cookies_are_ignored() {
        assert_eq!(
            Look::read(Some("lang=<script>; theme=; x"), None),
            Look::default()
        );
    }
}
