//! A span as a sender told it, nothing interpreted and nothing lost.
//! Source: opentelemetry-proto, `trace/v1/trace.proto`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{SpanId, TraceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub parent_id: Option<SpanId>,
    pub name: String,
    pub kind: SpanKind,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub status: Status,
    pub attributes: Vec<Attribute>,
    pub events: Vec<Event>,
    pub links: Vec<Link>,
    /// W3C `tracestate`, often empty.
    pub trace_state: String,
    pub flags: u32,
    /// What the sender dropped before sending: attributes, events, links.
    pub dropped: Dropped,
    pub resource: Arc<Resource>,
    pub scope: Arc<Scope>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub code: StatusCode,
    pub message: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCode {
    #[default]
    Unset,
    Ok,
    Error,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub attributes: u32,
    pub events: u32,
    pub links: u32,
}

/// Who sent it (`service.name` and the rest of the resource).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    pub attributes: Vec<Attribute>,
    pub dropped_attributes: u32,
    pub schema_url: String,
}

/// The library that made the span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    pub name: String,
    pub version: String,
    pub attributes: Vec<Attribute>,
    pub dropped_attributes: u32,
    pub schema_url: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub key: String,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// An AnyValue with nothing set.
    Empty,
    String(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    Map(Vec<Attribute>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    pub name: String,
    pub attributes: Vec<Attribute>,
    pub dropped_attributes: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub trace_state: String,
    pub attributes: Vec<Attribute>,
    pub dropped_attributes: u32,
    pub flags: u32,
}

/// The last of several attributes with one key wins, as in the specification's maps.
pub fn attribute<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Value> {
    attributes
        .iter()
        .rev()
        .find(|a| a.key == key)
        .map(|a| &a.value)
}

impl Value {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whole numbers, also those that senders write as text.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// One line of text for search terms and screens; `None` for arrays, maps and empty values.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Int(number) => Some(number.to_string()),
            Self::Double(number) => Some(number.to_string()),
            Self::Bytes(bytes) => Some(bytes.iter().map(|b| format!("{b:02x}")).collect()),
            Self::Empty | Self::Array(_) | Self::Map(_) => None,
        }
    }
}

impl Resource {
    pub fn text(&self, key: &str) -> Option<&str> {
        attribute(&self.attributes, key).and_then(Value::as_str)
    }

    /// `service.name`; the specification's own word when it is missing.
    pub fn service(&self) -> &str {
        self.text("service.name").unwrap_or("unknown_service")
    }
}

impl Span {
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        attribute(&self.attributes, key)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.attribute(key).and_then(Value::as_str)
    }

    pub fn service(&self) -> &str {
        self.resource.service()
    }

    /// Nanoseconds; 0 where the end lies before the start.
    pub fn duration_nanos(&self) -> u64 {
        u64::try_from(
            self.ended_at
                .unix_nanos()
                .saturating_sub(self.started_at.unix_nanos()),
        )
        .unwrap_or(0)
    }
}
