//! What pages ask the server: one file a resource, all under `/fn`.

#[cfg(feature = "ssr")]
pub(crate) mod asked;
pub mod audit;
pub mod failures;
pub mod fault;
pub mod island;
pub mod journeys;
pub mod messages;
pub mod observed;
pub mod outcome;
pub mod overview;
pub mod packed;
#[cfg(feature = "ssr")]
pub mod redirect;
#[cfg(feature = "ssr")]
pub mod search;
pub mod searches;
pub mod status;
pub mod tokens;
pub mod users;

pub use fault::Fault;

#[cfg(feature = "ssr")]
pub(crate) fn port() -> std::sync::Arc<dyn crate::port::Port> {
    leptos::prelude::expect_context::<std::sync::Arc<dyn crate::port::Port>>()
}
