//! What the console's pages show, already decided: pages format, they do not compute.

use serde::{Deserialize, Serialize};

use crate::access::{Action, Role};
use crate::id::{SpanId, TraceId};
use crate::journey::{Journey, JourneySummary};
use crate::span::SpanKind;
use crate::time::Timestamp;

/// Who looks at the page; `None` in place of it means: nobody signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Viewer {
    pub name: String,
    pub role: Role,
    /// What may be done anywhere: what is not here has no button.
    pub actions: Vec<Action>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    pub as_of: Timestamp,
    /// The window that rates and shares are about, in milliseconds.
    pub window_ms: u64,
    pub totals: Totals,
    /// One point a minute, oldest first.
    pub traffic: Vec<TrafficPoint>,
    /// Journeys in trouble, newest first.
    pub troubled: Vec<JourneySummary>,
    /// Muted kinds of failure whose messages are left out of `troubled`; `None`: not told to who
    /// does not see everything.
    #[serde(default)]
    pub muted_failures: Option<u64>,
    pub destinations: Vec<DestinationLine>,
    /// Nothing was ever received: the page explains how to send.
    pub empty: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Totals {
    pub published: u64,
    pub processed: u64,
    pub failed: u64,
    pub dead_lettered: u64,
    pub services: u64,
    pub destinations: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrafficPoint {
    pub at: Timestamp,
    pub published: u64,
    pub processed: u64,
    pub failed: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationLine {
    pub system: String,
    pub destination: String,
    pub role: crate::messaging::DestinationRole,
    pub published_per_s: f64,
    pub processed_per_s: f64,
    pub failed: u64,
    /// Processing time; `None` where nothing was processed.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub last_at: Timestamp,
}

/// A journey and the chain that it stands in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JourneyPage {
    pub journey: Journey,
    /// From the root of `caused_by` down, this journey included, in order of creation.
    pub chain: Vec<Journey>,
    /// Spans of all traces of the chain, in order of start, for the raw view.
    pub spans: Vec<SpanLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanLine {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub parent_id: Option<SpanId>,
    pub service: String,
    pub name: String,
    pub kind: SpanKind,
    pub started_at: Timestamp,
    pub duration_ms: f64,
    pub failed: bool,
    /// Key and value as text, in the sender's order; secrets masked.
    pub attributes: Vec<(String, String)>,
    /// Events, as `name: detail`.
    pub events: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserLine {
    pub id: i64,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenLine {
    pub id: i64,
    pub name: String,
    pub purpose: TokenPurpose,
    /// The user that it speaks for; `None` for ingest tokens.
    pub user: Option<String>,
    pub role: Option<Role>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenPurpose {
    Api,
    /// Write-only: sends telemetry and nothing else.
    Ingest,
}
