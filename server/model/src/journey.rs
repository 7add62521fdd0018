//! A journey: everything known of one logical message.
//!
//! What a failing consumer, a broker or a replay puts again is a further hop of the same journey;
//! a message that processing produces for any other destination is a journey of its own, joined by
//! `caused` and `caused_by`. Unknown is `None` or a named gap, never zero.

use serde::{Deserialize, Serialize};

use crate::id::{SpanId, TraceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Journey {
    /// Opaque; encodes a message reference, so a pasted link lives.
    pub id: String,
    pub state: JourneyState,
    pub message: Message,
    pub hops: Vec<Hop>,
    pub trace_ids: Vec<TraceId>,
    pub producer: Option<Producer>,
    pub deliveries: Vec<Delivery>,
    /// The phases of the last-finishing delivery; they sum to the whole.
    pub budget: Vec<Phase>,
    pub dead_letter: Option<DeadLetter>,
    pub replays: Vec<String>,
    /// Ids of the journeys that processing this one began.
    pub caused: Vec<String>,
    pub caused_by: Option<String>,
    pub gaps: Vec<Gap>,
    /// What the broker told of it, each as of its reading.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// One sentence that says what happened.
    pub diagnosis: Option<String>,
    /// The name of the rule that speaks it, for documentation and translation.
    pub diagnosis_rule: Option<String>,
    /// Whose destination it is, where the configuration says so.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// Later messages of its key that a group finished before it. Looked for on its own page, and
    /// where a row of trouble is kept; empty where none is known.
    #[serde(default)]
    pub overtaken_by: Vec<Overtaken>,
    /// True for 5 s after the last span arrived: more may come.
    pub assembling: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JourneyState {
    InFlight,
    Delivered,
    Retrying,
    Failed,
    DeadLettered,
    Replayed,
    Expired,
    Unroutable,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    pub system: String,
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub partition: Option<String>,
    pub offset: Option<i64>,
    pub message_id: Option<String>,
    pub key: Option<String>,
    pub size_bytes: Option<u64>,
    pub created_at: Option<Timestamp>,
}

/// A place where the message was put.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hop {
    pub role: HopRole,
    pub destination: Option<String>,
    pub partition: Option<String>,
    pub offset: Option<i64>,
    pub message_id: Option<String>,
    pub at: Option<Timestamp>,
    /// The span that put it there.
    pub span_id: Option<SpanId>,
    pub trace_id: Option<TraceId>,
    /// What it was routed by, beside the destination's name.
    #[serde(default)]
    pub route: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HopRole {
    Origin,
    Retry,
    DeadLetter,
    Replay,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Producer {
    pub service: String,
    pub span_id: SpanId,
    pub trace_id: TraceId,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
}

/// What one consumer group did with the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// The broker's own name; `None` where no span tells it (gap `unknown_group`).
    pub group: Option<String>,
    /// `None` where the broker alone tells of it.
    pub service: Option<String>,
    pub state: DeliveryState,
    pub attempts: Vec<Attempt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Done,
    Failed,
    Retrying,
    DeadLettered,
    Pending,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// Counts within one group, from 1.
    pub n: u32,
    /// Index into `hops`.
    pub hop: usize,
    pub service: String,
    /// `service.version`.
    pub version: Option<String>,
    /// `service.instance.id`.
    pub instance: Option<String>,
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub outcome: Outcome,
    pub error: Option<AttemptError>,
    /// `None`: nothing did, the attempt is all that is known of its message.
    pub joined_by: Option<Witness>,
    /// Delay since the attempt before, which the retry asked for; 0 for the first.
    pub backoff_ms: f64,
    /// What is behind a failure or a slow attempt, where its error or its process's metrics tell.
    #[serde(default)]
    pub cause: Option<Cause>,
}

/// Why an attempt went as it did, from a named rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cause {
    /// For documentation, translation and grouping, such as `connection_pool_exhausted`.
    pub rule: String,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    Failed,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptError {
    /// `error.type`, else the exception's type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub message: Option<String>,
    /// Hash of error type and first application frame, as hex.
    pub fingerprint: Option<String>,
    /// First application frame of the stack trace, without line numbers.
    #[serde(default)]
    pub frame: Option<String>,
}

/// What joined an attempt to its message, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    Link,
    Parent,
    Ancestor,
    Position,
    MessageId,
    ReplayKey,
    NativeTrace,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Phase {
    pub phase: PhaseKind,
    /// `None` where clocks differ (gap `skew`).
    pub ms: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Created to sent: an outbox's wait.
    Outbox,
    Publish,
    Queue,
    Receive,
    Process,
    Backoff,
    DeadLetter,
    Replay,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    pub destination: String,
    pub at: Option<Timestamp>,
    /// What says so: the span that published it, a broker's word.
    pub evidence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    pub kind: GapKind,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    DarkProducer,
    DarkConsumer,
    UnknownGroup,
    Sampled,
    Skew,
    Late,
    /// More spans belong here than one page assembles.
    Truncated,
}

/// A broker's word about one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub cluster: String,
    /// Index into `hops`.
    pub hop: usize,
    pub group: Option<String>,
    pub detail: String,
    /// When the broker said so.
    pub as_of: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// It lies at this place.
    Stored,
    /// The group's position is past it.
    Passed,
    /// The group's position is not past it.
    NotPassed,
    /// Retention took it before the group had read it, or its time was over.
    Expired,
    /// The queue holds nothing.
    QueueEmpty,
    /// The queue holds messages, and nothing was taken from it since this one was put.
    Untouched,
    /// Its exchange leads nowhere with what it was routed by.
    Unroutable,
}

impl Delivery {
    /// As people call it: the group, else the service.
    pub fn name(&self) -> &str {
        let named = self.group.as_deref().or(self.service.as_deref());
        named.unwrap_or_default()
    }
}

/// A later message of the same key at the same place, finished first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overtaken {
    /// Id of the later message's journey.
    pub journey: String,
    /// The group that finished it first.
    pub group: String,
    /// End of that group's last attempt at it.
    pub finished_at: Timestamp,
}

/// Who is to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Owner {
    pub team: String,
    /// Where they wrote down what to do: an http or https address.
    pub runbook: Option<String>,
}

/// A row of a list of journeys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JourneySummary {
    pub id: String,
    pub state: JourneyState,
    pub message: Message,
    pub producer_service: Option<String>,
    pub groups: Vec<String>,
    /// Attempts over all groups.
    pub attempts: u32,
    /// From creation to the end of the last attempt; `None` unknown.
    pub total_ms: Option<f64>,
    pub first_error: Option<String>,
    pub started_at: Timestamp,
    pub diagnosis: Option<String>,
    pub diagnosis_rule: Option<String>,
    /// Ids of the first few later messages of its key that a group finished before it.
    #[serde(default)]
    pub overtaken_by: Vec<String>,
}
