//! Failure groups: failed attempts of one fingerprint, whatever broker and destination they were on.
//!
//! Where no span names an error, a second delivery, a retry record or a dead letter tells of the
//! failure; such a group is of that evidence, one a service and destination, and names no error.

use serde::{Deserialize, Serialize};

use crate::access::Sight;
use crate::journey::JourneySummary;
use crate::time::Timestamp;

/// What says that an attempt failed, where no span names an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureEvidence {
    /// The message was delivered again; nobody said why.
    Redelivered,
    /// It was put on a retry destination.
    Retried,
    DeadLettered,
    /// Its consumer gave it back: a negative acknowledgement.
    Refused,
}

impl FailureEvidence {
    pub const ALL: [Self; 4] = [
        Self::Redelivered,
        Self::Retried,
        Self::DeadLettered,
        Self::Refused,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Redelivered => "redelivered",
            Self::Retried => "retried",
            Self::DeadLettered => "dead_lettered",
            Self::Refused => "refused",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Spans name the error.
    Error,
    /// No span does.
    Evidence,
}

/// A kind of failure. Counts are of the failed attempts that are kept and fit what was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailureGroup {
    /// The fingerprint.
    pub id: String,
    pub kind: FailureKind,
    /// Of the kind `evidence` alone.
    pub evidence: Option<FailureEvidence>,
    pub error_type: Option<String>,
    /// First application frame of the stack trace.
    pub first_frame: Option<String>,
    /// Of the failure that was written last.
    pub message: Option<String>,
    /// Failed attempts.
    pub attempts: u64,
    pub journeys: FailureJourneys,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// The `service.version` that showed it first.
    pub first_version: Option<String>,
    /// In order of first sight.
    pub versions: Vec<FailureVersion>,
    pub services: Vec<String>,
    pub systems: Vec<String>,
    pub clusters: Vec<String>,
    pub destinations: Vec<String>,
    pub groups: Vec<String>,
    /// The most frequent one.
    pub cause: Option<FailureCause>,
    pub trend: Trend,
    /// Set by hand, else by the configuration's rule for its destinations.
    pub owner: Option<String>,
    pub owner_set_by: Option<OwnerSetBy>,
    /// Of the configuration's rule.
    pub runbook: Option<String>,
    pub note: Option<String>,
    /// Left out of the overview until then.
    pub muted_until: Option<Timestamp>,
    pub changed_by: Option<String>,
    pub changed_at: Option<Timestamp>,
    /// Names of members that nobody told.
    pub unknown: Vec<String>,
}

/// Messages with such an attempt, by what they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailureJourneys {
    pub total: u64,
    pub dead_lettered: u64,
    pub failed: u64,
    pub retrying: u64,
    /// After all.
    pub delivered: u64,
    /// Replayed, expired, in flight or not known.
    pub other: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailureVersion {
    pub service: Option<String>,
    pub version: String,
    pub attempts: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailureCause {
    /// As of `Attempt.cause`.
    pub rule: String,
    /// Of the failure that was written last.
    pub sentence: Option<String>,
    /// Failed attempts that it is told of.
    pub attempts: u64,
}

/// Failed attempts over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trend {
    /// A minute where an hour or less was asked for, else an hour.
    pub step_ms: u64,
    /// Every step of the last 24 hours, or of what was asked for; oldest first, the quiet ones too.
    pub points: Vec<TrendPoint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrendPoint {
    /// The start of the step.
    pub at: Timestamp,
    pub attempts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OwnerSetBy {
    Hand,
    Rule,
}

/// Where a kind of failure was seen: one line a destination, group and service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailurePlace {
    pub system: String,
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub group: Option<String>,
    pub service: Option<String>,
    pub attempts: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// One attempt of a message in trouble, as it was written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetryAttempt {
    pub group: Option<String>,
    /// Counts within one group, from 1.
    pub n: u32,
    pub started_at: Timestamp,
    /// Where it was read from: the origin, or a retry destination.
    pub destination: Option<String>,
    pub service: String,
    pub instance: Option<String>,
    pub version: Option<String>,
    pub error_type: Option<String>,
    pub first_frame: Option<String>,
    pub message: Option<String>,
    /// Since the attempt before; 0 for the first.
    pub backoff_ms: f64,
    /// The failure group that it counts in; `None`: it did not fail.
    pub fingerprint: Option<String>,
    pub evidence: Option<FailureEvidence>,
    /// The rule that tells why.
    pub cause: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailurePage {
    #[serde(flatten)]
    pub group: FailureGroup,
    /// The most frequent first.
    pub places: Vec<FailurePlace>,
    /// Messages with such an attempt, the latest attempt first.
    pub recent: Vec<JourneySummary>,
    /// The retry history of the first of `recent`.
    pub history: Vec<RetryAttempt>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureSort {
    /// The latest first.
    #[default]
    Last,
    Attempts,
    /// What was seen first most recently.
    First,
}

impl FailureSort {
    pub const WORDS: &[(&str, Self)] = &[
        ("last", Self::Last),
        ("attempts", Self::Attempts),
        ("first", Self::First),
    ];
}

/// What is given must all fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailureQuery {
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub group: Option<String>,
    /// Part of the error's type, of its first frame or of its last message.
    pub q: Option<String>,
    /// Of attempts: `from` inside, `to` not.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only those that are, or are not, muted now.
    pub muted: Option<bool>,
    pub sort: FailureSort,
    pub limit: u32,
    pub cursor: Option<String>,
    /// `None`: everything is seen.
    pub sights: Option<Vec<Sight>>,
}

/// What is to change; `None` leaves it, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureChange {
    pub owner: Option<Option<String>>,
    pub note: Option<Option<String>>,
    pub muted_until: Option<Option<Timestamp>>,
}
