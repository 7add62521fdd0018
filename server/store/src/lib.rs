//! Waybill
