//! Clusters read by pollers, through the API and the pages of a whole application whose brokers are
//! simulated.

mod ages;
mod coverage;
mod durability;
mod lists;
mod map;
mod messages;
mod native_traces;
mod pages;
mod sight;
mod verdicts;

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use waybill_broker::sim::{Script, Sim};
use waybill_tests::simulated::{Observed, SYSTEM, items, orders, start};
