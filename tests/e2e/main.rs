//! The console in a real browser: hydrated, and with scripts off where hydration is not needed.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

mod flows;
mod noscript;
mod observed;
mod pages;
mod scene;
