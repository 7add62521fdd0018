//! Waybill: the server and its command line.

pub mod api;
pub mod audit;
pub mod auth;
pub mod clock;
pub mod config;
pub mod error;
pub mod health;
pub mod ingest;
pub mod journey;
pub mod metrics;
pub mod postgres;
// pub mod query;
pub mod telemetry;
pub mod ui;
