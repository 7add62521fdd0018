//! Waybill: the server and its command line.

pub mod clock;
pub mod config;
pub mod error;
pub mod health;
pub mod ingest;
pub mod metrics;
pub mod postgres;
pub mod telemetry;
