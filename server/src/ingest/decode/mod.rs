//! The boundary between bytes and the words of the product.
//!
//! Protobuf is read by hand from the wire format into the model, without a generated structure in
//! between: an owned decoder turns 16 MiB of two-byte empty attributes into half a gigabyte before
//! anybody can count them, and fails a whole request for one text that is not UTF-8. Here every
//! limit is checked before memory is taken, and a bad record costs that record only.
//! `tests` compare the outcome with opentelemetry-proto.

mod json;
mod json_fields;
mod json_signals;
mod json_spans;
mod json_values;
mod log_trace;
mod logs;
mod metrics;
mod reason;
mod spans;
#[cfg(test)]
mod tests;
mod values;
mod walk;
mod wire;

use waybill_model::problem::{Code, Problem};
use waybill_model::span::Span;

pub use logs::Log;
pub use metrics::{Metric, Point, Reading, Temporality};
pub use reason::{Reason, Rejected};

use super::limits::Limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// What a request held: the records to store, and how many will never be stored.
#[derive(Debug)]
pub struct Decoded<T> {
    pub records: Vec<T>,
    pub rejected: Rejected,
    /// About how much memory `records` take.
    pub bytes: usize,
}

impl<T> Default for Decoded<T> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            rejected: Rejected::default(),
            bytes: 0,
        }
    }
}

/// An `ExportTraceServiceRequest`. Fails with `Code::DecodeFailed` only where no record boundaries
/// can be made out (truncated, not this message, not JSON).
pub fn decode_traces(
    body: &[u8],
    encoding: Encoding,
    limits: &Limits,
) -> Result<Decoded<Span>, Problem> {
    match encoding {
        Encoding::Protobuf => spans::from_protobuf(body, limits).map_err(not_protobuf),
        Encoding::Json => json::traces(body, limits).map_err(not_json),
    }
}

/// An `ExportLogsServiceRequest`; records that name no trace are rejected by policy unless
/// `logs_without_trace` is set.
pub fn decode_logs(
    body: &[u8],
    encoding: Encoding,
    limits: &Limits,
) -> Result<Decoded<Log>, Problem> {
    match encoding {
        Encoding::Protobuf => logs::from_protobuf(body, limits).map_err(not_protobuf),
        Encoding::Json => json::logs(body, limits).map_err(not_json),
    }
}

/// An `ExportMetricsServiceRequest`; counts are of data points. Metrics outside the policy of
/// `metrics::kept` are rejected by policy.
pub fn decode_metrics(
    body: &[u8],
    encoding: Encoding,
    limits: &Limits,
) -> Result<Decoded<Metric>, Problem> {
    match encoding {
        Encoding::Protobuf => metrics::from_protobuf(body, limits).map_err(not_protobuf),
        Encoding::Json => json::metrics(body, limits).map_err(not_json),
    }
}

fn not_protobuf(reason: Reason) -> Problem {
    Problem::new(
        Code::DecodeFailed,
        format!(
            "The body is not an OTLP protobuf message ({}).",
            reason.name()
        ),
        "Send an OTLP export request of this signal; a truncated body looks like this too.",
    )
}

fn not_json(error: serde_json::Error) -> Problem {
    Problem::new(
        Code::DecodeFailed,
        format!("The body is not OTLP/JSON: {error}."),
        "Send UTF-8 JSON as the OTLP specification's JSON mapping has it.",
    )
}
