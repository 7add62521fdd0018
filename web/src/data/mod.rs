//! What pages ask the server: one file a resource, all under `/fn`.

pub mod audit;
pub mod fault;
pub mod journeys;
pub mod messages;
pub mod outcome;
pub mod overview;
pub mod packed;
#[cfg(feature = "ssr")]
pub mod redirect;
#[cfg(feature = "ssr")]
mod search;
pub mod status;
pub mod tokens;
pub mod users;

pub use fault::Fault;

#[cfg(feature = "ssr")]
fn port() -> std::sync::Arc<dyn crate::port::Port> {
    leptos::prelude::expect_context::<std::sync::Arc<dyn crate::port::Port>>()
}
