//! The words of Waybill.
//!
//! Everything that the server, the console and the tests speak of is named here, once, with its
//! units. Nothing in this crate performs I/O, reads a clock or knows a framework, and all of it
//! compiles for wasm.

pub mod access;
pub mod audit;
pub mod cluster;
pub mod commits;
pub mod destination;
pub mod failure;
pub mod group;
pub mod id;
pub mod journey;
pub mod judgement;
pub mod log;
pub mod map;
pub mod messaging;
#[cfg(feature = "openapi")]
mod openapi;
pub mod posture;
pub mod problem;
pub mod query;
pub mod reading;
pub mod reference;
pub mod saved_search;
pub mod signal;
pub mod span;
pub mod status;
pub mod stored;
pub mod time;
pub mod topology;
pub mod view;
