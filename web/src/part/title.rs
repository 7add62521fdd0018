//! The title of the tab. Every page takes it from here: the library writes it into the served page as
//! it is given, and names from telemetry are hostile.

use leptos::prelude::*;
use leptos_meta::Title;

pub fn title(text: impl Into<String>) -> impl IntoView {
    let text = served(text.into());
    view! { <Title text/> }
}

/// In the browser a title is set as text, which needs no escaping.
fn served(text: String) -> String {
    if cfg!(feature = "ssr") {
        text.replace('&', "&amp;").replace('<', "&lt;")
    } else {
        text
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_title() {
        assert_eq!(
            served("</title><plaintext>&lt;".into()),
            "&lt;/title>&lt;plaintext>&amp;lt;"
        );
    }
}
