//! One file a screen.

#[cfg(feature = "ssr")]
pub mod audit;
pub mod frame;
#[cfg(feature = "ssr")]
pub mod health;
pub mod island;
pub mod journey;
pub mod messages;
pub mod not_found;
#[cfg(feature = "ssr")]
pub mod overview;
#[cfg(feature = "ssr")]
mod saved_searches;
#[cfg(feature = "ssr")]
pub mod search;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod users;
