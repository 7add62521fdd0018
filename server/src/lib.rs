//! Waybill
pub mod ingest;
