//! Log records. Source: opentelemetry-proto, `logs/v1/logs.proto`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use waybill_model::id::{IdError, SpanId, TraceId};
use waybill_model::span::{Attribute, Resource, Scope, Value};
use waybill_model::time::Timestamp;

use super::values::{self, Bounds};
use super::walk::{self, Origin, Signal};
use super::wire::Reader;
use super::{Decoded, Reason, log_trace};
use crate::ingest::limits::Limits;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// `None`: it names no trace, and such logs are kept.
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    /// When it happened; where the sender did not say, when it was observed.
    pub at: Timestamp,
    pub observed_at: Timestamp,
    /// 1–24, 0 unknown.
    pub severity: i32,
    pub severity_text: String,
    pub event_name: String,
    pub body: Value,
    pub attributes: Vec<Attribute>,
    pub dropped_attributes: u32,
    pub flags: u32,
    pub resource: Arc<Resource>,
    pub scope: Arc<Scope>,
}

pub fn from_protobuf(body: &[u8], limits: &Limits) -> Result<Decoded<Log>, Reason> {
    walk::request::<Logs>(body, limits)
}

struct Logs;

impl Signal for Logs {
    type Record = Log;

    fn record(
        message: &[u8],
        origin: &Origin,
        bounds: &mut Bounds<'_>,
        into: &mut Decoded<Log>,
    ) -> Result<(), Reason> {
        into.records.push(log(message, origin, bounds)?);
        Ok(())
    }
}

fn log(message: &[u8], origin: &Origin, bounds: &mut Bounds<'_>) -> Result<Log, Reason> {
    bounds.charge(size_of::<Log>())?;
    let mut draft = Draft::default();
    let mut trace_id: &[u8] = &[];
    let mut span_id: &[u8] = &[];
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match field.number {
            1 => draft.at = reader.fixed64(field)?,
            2 => draft.severity = reader.uint32(field)? as i32,
            3 => draft.severity_text = bounds.text(reader.bytes(field)?)?,
            5 => {
                let body = draft.body.get_or_insert(Value::Empty);
                values::any_value(reader.message(field)?, body, 0, bounds)?;
            }
            6 => values::attribute(field, &mut reader, &mut draft.attributes, bounds)?,
            7 => draft.dropped_attributes = reader.uint32(field)?,
            8 => draft.flags = reader.fixed32(field)?,
            9 => trace_id = reader.bytes(field)?,
            10 => span_id = reader.bytes(field)?,
            11 => draft.observed_at = reader.fixed64(field)?,
            12 => draft.event_name = bounds.text(reader.bytes(field)?)?,
            _ => reader.skip(field)?,
        }
    }
    let ids = (log_trace::trace_id(trace_id), log_trace::span_id(span_id));
    draft.finish(ids, origin, bounds.limits)
}

/// A record while it is read, from either encoding.
#[derive(Default)]
pub struct Draft {
    pub at: u64,
    pub observed_at: u64,
    pub severity: i32,
    pub severity_text: String,
    pub event_name: String,
    pub body: Option<Value>,
    pub attributes: Vec<Attribute>,
    pub dropped_attributes: u32,
    pub flags: u32,
}

impl Draft {
    pub fn finish(
        self,
        (trace_id, span_id): (Result<TraceId, IdError>, Result<SpanId, IdError>),
        origin: &Origin,
        limits: &Limits,
    ) -> Result<Log, Reason> {
        let body = self.body.unwrap_or(Value::Empty);
        let (trace_id, span_id) = match trace_id {
            Ok(trace_id) => (Some(trace_id), own_span_id(span_id)?),
            Err(IdError::Zero | IdError::Length { found: 0, .. }) => {
                match log_trace::told(&self.attributes, &body) {
                    Some((trace_id, told)) => (Some(trace_id), own_span_id(span_id)?.or(told)),
                    None if limits.logs_without_trace => (None, own_span_id(span_id)?),
                    None => return Err(Reason::LogWithoutTrace),
                }
            }
            Err(other) => return Err(values::trace_id_reason(other)),
        };
        let observed_at = Timestamp::from_unsigned_nanos(self.observed_at);
        Ok(Log {
            trace_id,
            span_id,
            at: match self.at {
                0 => observed_at,
                nanos => Timestamp::from_unsigned_nanos(nanos),
            },
            observed_at,
            severity: self.severity,
            severity_text: self.severity_text,
            event_name: self.event_name,
            body,
            attributes: self.attributes,
            dropped_attributes: self.dropped_attributes,
            flags: self.flags,
            resource: origin.resource.clone(),
            scope: origin.scope.clone(),
        })
    }
}

/// Absent where it was not told.
fn own_span_id(parsed: Result<SpanId, IdError>) -> Result<Option<SpanId>, Reason> {
    match parsed {
        Ok(id) => Ok(Some(id)),
        Err(IdError::Zero | IdError::Length { found: 0, .. }) => Ok(None),
        Err(other) => Err(values::span_id_reason(other)),
    }
}
