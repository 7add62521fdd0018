//! The console: pages that work as plain HTML and become live once hydrated.
//!
//! `ssr` builds what the server links; `hydrate` builds the bundle. Never both. The console asks
//! its [`port`] for everything and computes nothing about messages itself.

#![recursion_limit = "512"]

mod app;
#[cfg(feature = "hydrate")]
mod charts;
pub mod data;
mod format;
pub mod i18n;
mod keys;
mod live;
pub mod look;
#[cfg(feature = "ssr")]
mod observed;
mod page;
mod part;
#[cfg(feature = "ssr")]
pub mod port;
pub mod routes;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod style;

pub use app::App;
pub use data::outcome::PageOutcome;
#[cfg(feature = "ssr")]
pub use data::redirect::PageRedirect;
pub use i18n::Lang;
pub use look::{Look, Theme};
pub use routes::{FUNCTIONS, PAGES};
#[cfg(feature = "ssr")]
pub use shell::{BundleFiles, shell};

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
