//! The log records of a journey, as they are shown.

use serde::{Deserialize, Serialize};

use crate::id::{SpanId, TraceId};
use crate::signal::Severity;
use crate::time::Timestamp;

/// Which records are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuery {
    /// Only records of at least this severity; those of none are left out then.
    pub severity: Option<Severity>,
    /// Those too that no trace ties to the journey: of the same process, within an attempt's time.
    pub untied: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JourneyLogs {
    /// In order of time.
    pub items: Vec<LogLine>,
    /// There are more than were read.
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    pub at: Timestamp,
    pub service: String,
    pub instance: Option<String>,
    /// `None`: the record does not tell it.
    pub severity: Option<Severity>,
    /// One line of text or several; secrets masked. What is too long ends in `…`.
    pub body: String,
    /// Key and value as text, in the sender's order; secrets masked.
    pub attributes: Vec<(String, String)>,
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    /// Within which it was written; `None`: within none, or it is not told.
    pub attempt: Option<LogAttempt>,
    /// False: of the same process within the attempt's time, and nothing more.
    pub tied: bool,
}

/// An attempt of the journey or of its chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogAttempt {
    /// The id of its journey.
    pub journey: String,
    pub group: Option<String>,
    pub service: String,
    /// Counts within one group, from 1.
    pub n: u32,
}
