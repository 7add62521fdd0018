//! How the types that write themselves look in the API's description: as text.

use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::id::{SpanId, TraceId};
use crate::time::Timestamp;

fn text(description: &str, pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .pattern(Some(pattern))
        .into()
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        text(
            "RFC 3339, UTC, with milliseconds",
            r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        )
    }
}

impl PartialSchema for TraceId {
    fn schema() -> RefOr<Schema> {
        text("16 bytes in lower-case hex", "^[0-9a-f]{32}$")
    }
}

impl PartialSchema for SpanId {
    fn schema() -> RefOr<Schema> {
        text("8 bytes in lower-case hex", "^[0-9a-f]{16}$")
    }
}

impl ToSchema for Timestamp {}
impl ToSchema for TraceId {}
impl ToSchema for SpanId {}
