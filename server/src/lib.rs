//! Waybill

pub mod journey;
