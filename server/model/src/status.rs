//! Waybill's own health.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    pub version: String,
    pub started_at: Timestamp,
    pub uptime_ms: u64,
    pub components: Vec<Component>,
    pub ingest: IngestCounters,
    pub store: StoreFigures,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Component {
    pub name: String,
    pub state: ComponentState,
    /// How long it has been in this state, in milliseconds.
    pub age_ms: u64,
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    Starting,
    Ok,
    Degraded,
    Down,
    Off,
}

/// Since the start of this process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestCounters {
    pub accepted_spans: u64,
    pub duplicate_spans: u64,
    pub accepted_logs: u64,
    pub accepted_metric_points: u64,
    /// Requests turned away with a retryable status, by reason.
    pub refused_requests: BTreeMap<String, u64>,
    /// Records that will never be stored, by reason.
    pub rejected_records: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoreFigures {
    pub bytes_on_disk: Option<u64>,
    pub oldest_span_at: Option<Timestamp>,
    pub newest_span_at: Option<Timestamp>,
    pub blocks: Option<u64>,
    pub spans: Option<u64>,
}
