//! The document around the app: head, style, bundle.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::look::{Look, Theme};
use crate::style::app_css_href;

/// Addresses of the bundle; both empty while there is none, and pages work as forms and links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleFiles {
    pub js: String,
    pub wasm: String,
}

pub fn shell(bundle: BundleFiles, settings: Look) -> impl IntoView {
    provide_context(settings);
    let scheme = match settings.theme {
        Theme::System => "light dark",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    view! {
        <!DOCTYPE html>
        <html lang=settings.lang.name() data-theme=settings.theme.name()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content=scheme/>
                <link rel="stylesheet" href=app_css_href()/>
                <link rel="icon" type="image/svg+xml" href=ICON/>
                {(!bundle.js.is_empty()).then(|| load_bundle(&bundle))}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

fn load_bundle(bundle: &BundleFiles) -> impl IntoView + use<> {
    let start = format!(
        "import('{}').then(m=>m.default({{module_or_path:'{}'}}).then(()=>m.hydrate()))",
        bundle.js, bundle.wasm
    );
    view! {
        <link rel="modulepreload" href=bundle.js.clone() nonce=use_nonce()/>
        <link
            rel="preload"
            href=bundle.wasm.clone()
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
        />
        <script type="module" nonce=use_nonce() inner_html=start></script>
    }
}

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Crect width='24' height='24' rx='5' fill='%231f6feb'/%3E%3Cpath d='M5 7l3.5 10L12 9l3.5 8L19 7' fill='none' stroke='white' stroke-width='2.2' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";
