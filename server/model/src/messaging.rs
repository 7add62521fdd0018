//! What a dialect reads from a span: the canonical messaging facts, whoever wrote the client.
//! Source: OpenTelemetry semantic conventions for messaging, v1.44.0.

use serde::{Deserialize, Serialize};

use crate::id::{SpanId, TraceId};

/// The messaging side of one span. Absent facts are `None`: a client that does not say its group
/// has no group here, not an empty one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `messaging.system`, in the convention's own spelling.
    pub system: String,
    pub operation: Operation,
    /// Where the message was put, or where it was read from.
    pub destination: Option<String>,
    pub destination_role: DestinationRole,
    /// What the sender had it routed by, beside the destination's name (a routing key).
    pub route: Option<String>,
    /// The destination is only what the message was routed by: its client writes no other name.
    pub names_route: bool,
    pub partition: Option<String>,
    pub offset: Option<i64>,
    /// The broker's own name of the consumer group (for a queue broker the queue); `None` unknown.
    pub group: Option<String>,
    pub message_id: Option<String>,
    pub key: Option<String>,
    pub conversation_id: Option<String>,
    pub body_bytes: Option<u64>,
    pub batch_count: Option<u64>,
    /// The cluster's own id, where the span knows it.
    pub cluster_id: Option<String>,
    /// `server.address[:port]`: one door of the cluster, not its name.
    pub cluster_hint: Option<String>,
    /// Messages this span names besides its own: one for each link, with the link's attributes.
    pub links: Vec<LinkFacts>,
    /// What the span itself tells of its outcome.
    pub failed: bool,
    /// The consumer put the message off to take it again later, and did not work on it.
    pub postponed: bool,
    /// Told by a trace that the broker's own client wrote to it, beside or without OpenTelemetry.
    #[serde(default)]
    pub native_trace: bool,
}

/// One link of a consumer span, with the message it names where the link tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFacts {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub destination: Option<String>,
    pub partition: Option<String>,
    pub offset: Option<i64>,
    pub message_id: Option<String>,
    pub key: Option<String>,
}

/// `messaging.operation.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Create,
    Send,
    /// Asked the broker and got messages; processing is elsewhere.
    Receive,
    Process,
    Settle,
    /// A messaging span that is about no message (connection set-up, confirms, a bare acknowledgement).
    Other,
}

/// What a destination is for, as far as its name or the topology tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DestinationRole {
    #[default]
    Origin,
    Retry,
    DeadLetter,
    /// A broker's own bookkeeping (trace topics, schedules): not a message of anybody's.
    Internal,
}

/// What a destination is in its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    Topic,
    Queue,
    Exchange,
    Stream,
    Retry,
    DeadLetter,
}
