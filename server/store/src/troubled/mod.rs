//! Rows of exceptional messages: failed, retried, dead-lettered, slow. Written by the finder,
//! replaced by journey id.

mod read;
mod write;

use waybill_model::failure::FailureEvidence;
use waybill_model::journey::{Cause, JourneyState, JourneySummary};
use waybill_model::time::Timestamp;

#[cfg(feature = "testing")]
pub(crate) use read::STATEMENTS as READ_STATEMENTS;
#[cfg(feature = "testing")]
pub(crate) use write::STATEMENTS as WRITE_STATEMENTS;

/// A journey in trouble as the finder writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Troubled {
    pub summary: JourneySummary,
    pub services: Vec<String>,
    /// Every place that the message was put to, its origin included.
    pub destinations: Vec<String>,
    /// Of the attempt that decides.
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    /// The kind of failure that the attempt which decides counts in.
    pub fingerprint: Option<String>,
    /// Where the fingerprint is of no error that a span names.
    pub evidence: Option<FailureEvidence>,
    pub updated_at: Timestamp,
    /// Over all groups, in order of start.
    pub attempts: Vec<TroubledAttempt>,
}

/// The retry history: one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct TroubledAttempt {
    pub group: Option<String>,
    /// Counts within one group, from 1.
    pub n: u32,
    pub started_at: Timestamp,
    pub destination: Option<String>,
    pub service: String,
    pub instance: Option<String>,
    pub version: Option<String>,
    pub error_type: Option<String>,
    /// First application frame of the stack trace.
    pub first_frame: Option<String>,
    pub message: Option<String>,
    pub delay_before_ms: f64,
    /// The kind of failure that it counts in; `None`: it did not fail.
    pub fingerprint: Option<String>,
    /// Where the fingerprint is of no error that a span names.
    pub evidence: Option<FailureEvidence>,
    /// The sentence is not kept here: read back it is empty.
    pub cause: Option<Cause>,
}

/// What is given must all fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TroubledFilter {
    /// One of these; empty: any.
    pub states: Vec<JourneyState>,
    pub cluster: Option<String>,
    /// Of the message, or of another place that it was put to.
    pub destination: Option<String>,
    pub group: Option<String>,
    pub service: Option<String>,
    pub key: Option<String>,
    pub message_id: Option<String>,
    pub fingerprint: Option<String>,
    /// Without those whose kind of failure is muted at this time.
    pub not_muted_at: Option<Timestamp>,
    /// Found anywhere in the type or the message of the error.
    pub text: Option<String>,
    /// Only those that a later message of their key overtook.
    pub overtaken: bool,
    pub min_ms: Option<f64>,
    pub max_ms: Option<f64>,
    /// Start of the journey: `from` inside, `to` not.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// `TroubledRow::cursor` of the last row of the page before.
    pub before: Option<TroubledCursor>,
}

/// A place in the order of rows: newest start first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TroubledCursor {
    pub started_at: Timestamp,
    pub key: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TroubledRow {
    pub summary: JourneySummary,
    pub services: Vec<String>,
    pub error_type: Option<String>,
    pub fingerprint: Option<String>,
    pub evidence: Option<FailureEvidence>,
    pub updated_at: Timestamp,
    pub cursor: TroubledCursor,
}

pub(crate) fn state_name(state: JourneyState) -> &'static str {
    match state {
        JourneyState::InFlight => "in_flight",
        JourneyState::Delivered => "delivered",
        JourneyState::Retrying => "retrying",
        JourneyState::Failed => "failed",
        JourneyState::DeadLettered => "dead_lettered",
        JourneyState::Replayed => "replayed",
        JourneyState::Expired => "expired",
        JourneyState::Unroutable => "unroutable",
        JourneyState::Unknown => "unknown",
    }
}
