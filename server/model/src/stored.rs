//! Stored messages as a browser of them shows: what a reading may take, what it took, what it found.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One reading of a destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredPage {
    pub as_of: Timestamp,
    pub cluster: String,
    pub destination: String,
    /// What the reading might take at most.
    pub budget: ReadBudget,
    pub price: ReadPrice,
    /// What it took; null where only the price was asked for.
    pub read: Option<ReadSoFar>,
    /// Newest first, or from the oldest where reading began at a place.
    pub items: Vec<StoredMessage>,
    /// Goes on where this page ended; null at the end.
    pub next: Option<String>,
    /// Partitions that could not be read.
    pub unread: Vec<Unread>,
    /// There are more spans about these messages than were looked at: a journey that is null is not
    /// known.
    pub journeys_truncated: bool,
    /// Members that are null because the caller may not see them: `key`, `value`, `header_values`,
    /// `properties`.
    pub withheld: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadBudget {
    /// From the broker, before decompression.
    pub bytes: u64,
    pub ms: u64,
}

/// What lies there, and what looking at it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadPrice {
    /// Null where the broker does not tell.
    pub messages: Option<u64>,
    pub bytes: Option<u64>,
    /// Null: looking leaves no trace.
    pub disturbs: Option<Disturbance>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Disturbance {
    /// What a look would do to the messages.
    pub cost: String,
    /// What to do in place of it.
    pub instead: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadSoFar {
    pub messages: u64,
    pub bytes: u64,
    pub ms: u64,
    /// Messages that the filter lets through; all of those that are shown, and those it could not
    /// judge are not among them.
    pub matched: u64,
    /// Messages too large for the filter.
    pub unjudged: u64,
    pub ended: ReadEnded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReadEnded {
    /// There is no more.
    End,
    /// As many as were asked for.
    Enough,
    /// The budget of bytes is used up.
    Bytes,
    /// The budget of time is used up.
    Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unread {
    pub partition: String,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredMessage {
    /// Null where the destination has none.
    pub partition: Option<String>,
    pub offset: i64,
    /// Null where the broker keeps no time.
    pub at: Option<Timestamp>,
    /// Whether the broker set the time, not the producer.
    pub is_broker_time: bool,
    /// As stored, uncompressed: key, value and headers.
    pub size_bytes: u64,
    pub key: Option<Payload>,
    pub value: Option<Payload>,
    /// There is no body, such as a tombstone's; null where the value is withheld.
    pub has_no_body: Option<bool>,
    /// In their order; a name may stand twice.
    pub headers: Vec<StoredHeader>,
    /// What the broker or the client says of the message besides headers.
    pub properties: Vec<Property>,
    /// Of its journey; null where no span tells of this message.
    pub journey: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredHeader {
    pub name: String,
    /// Null where it has none, or it is withheld.
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Property {
    pub name: String,
    pub value: String,
}

/// Bytes of a message, decoded as far as they can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payload {
    /// `empty`, `json`, `avro`, `protobuf`, `json_schema`, `msgpack`, `text` or `hex`.
    pub format: String,
    /// As people read it.
    pub text: String,
    /// Of formats with members, where the text is whole.
    #[serde(skip_deserializing)]
    pub json: Option<serde_json::Value>,
    pub schema: Option<SchemaName>,
    /// The text is a beginning.
    pub truncated: bool,
    /// The step of decoding that failed, and why.
    pub problem: Option<String>,
    pub size_bytes: u64,
}

/// A schema as its registry names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaName {
    pub id: u32,
    /// Null where the registry does not tell.
    pub subject: Option<String>,
    pub version: Option<i64>,
}

/// What of a destination is read, as an address writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredQuery {
    /// `earliest`, `latest`, `offset`, `time`, `key`, or `offset:42`, `time:…`, `key:…`.
    pub from: Option<String>,
    pub offset: Option<String>,
    pub time: Option<String>,
    pub key: Option<String>,
    pub partition: Option<String>,
    pub filter: Option<String>,
    pub limit: Option<String>,
    pub cursor: Option<String>,
    pub max_bytes: Option<String>,
    pub max_ms: Option<String>,
    /// `only`: nothing is read.
    pub price: Option<String>,
    /// `true`: secrets are not hidden.
    pub unmask: Option<String>,
}
