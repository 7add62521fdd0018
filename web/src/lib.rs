//! Waybill

#[cfg(feature = "ssr")]
pub mod port;
