//! Waybill: the server and its command line.

pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod database;
pub mod detect;
pub mod error;
pub mod failures;
pub mod filter;
pub mod health;
pub mod ingest;
pub mod journey;
pub mod listener;
pub mod metrics;
pub mod payload;
pub mod poll;
pub mod postgres;
pub mod query;
pub mod searches;
pub mod tasks;
pub mod telemetry;
pub mod tls;
pub mod ui;
