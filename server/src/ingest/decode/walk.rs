//! The shape that all three requests share: resources, their scopes, their records.
//!
//! A resource may stand after its records on the wire, so each level is read twice: once for who
//! sent it (the records are skipped by their length), once for the records.

use std::sync::Arc;

use waybill_model::span::{Resource, Scope};

use super::values::{self, Bounds};
use super::wire::Reader;
use super::{Decoded, Reason};
use crate::ingest::limits::Limits;

/// Who sent a record, shared by all its neighbours.
pub struct Origin {
    pub resource: Arc<Resource>,
    pub scope: Arc<Scope>,
}

/// One signal's records.
pub trait Signal {
    type Record;
    /// Reads one record's message into `into`, and says how many were taken and rejected itself
    /// where a message holds several (a metric's points).
    fn record(
        message: &[u8],
        origin: &Origin,
        bounds: &mut Bounds<'_>,
        into: &mut Decoded<Self::Record>,
    ) -> Result<(), Reason>;

    /// How many rejected records the message counts for.
    fn weight(_message: &[u8]) -> u64 {
        1
    }
}

/// Fails only where the boundaries of records cannot be made out.
pub fn request<S: Signal>(body: &[u8], limits: &Limits) -> Result<Decoded<S::Record>, Reason> {
    let mut decoded = Decoded::default();
    let mut reader = Reader::new(body);
    while let Some(field) = reader.field()? {
        if field.number == 1 {
            resource_records::<S>(reader.message(field)?, limits, &mut decoded)?;
        } else {
            reader.skip(field)?;
        }
    }
    Ok(decoded)
}

fn resource_records<S: Signal>(
    message: Reader<'_>,
    limits: &Limits,
    decoded: &mut Decoded<S::Record>,
) -> Result<(), Reason> {
    let mut bounds = Bounds::new(limits, limits.decoded_bytes.saturating_sub(decoded.bytes));
    let mut resource = Resource::default();
    let mut fault = None;
    let mut reader = message;
    while let Some(field) = reader.field()? {
        let read = match field.number {
            1 => values::resource(reader.message(field)?, &mut resource, &mut bounds),
            3 => bounds
                .text(reader.bytes(field)?)
                .map(|url| resource.schema_url = url),
            _ => {
                reader.skip(field)?;
                Ok(())
            }
        };
        fault = fault.or(read.err());
    }
    decoded.bytes = limits.decoded_bytes.saturating_sub(bounds.bytes_left());
    let resource = match fault {
        Some(reason) => Err(reason),
        None => Ok(Arc::new(resource)),
    };
    let mut reader = message;
    while let Some(field) = reader.field()? {
        if field.number == 2 {
            scope_records::<S>(reader.message(field)?, &resource, limits, decoded)?;
        } else {
            reader.skip(field)?;
        }
    }
    Ok(())
}

fn scope_records<S: Signal>(
    message: Reader<'_>,
    resource: &Result<Arc<Resource>, Reason>,
    limits: &Limits,
    decoded: &mut Decoded<S::Record>,
) -> Result<(), Reason> {
    let mut bounds = Bounds::new(limits, limits.decoded_bytes.saturating_sub(decoded.bytes));
    let mut scope = Scope::default();
    let mut fault = resource.as_ref().err().copied();
    let mut reader = message;
    while let Some(field) = reader.field()? {
        let read = match field.number {
            1 => values::scope(reader.message(field)?, &mut scope, &mut bounds),
            3 => bounds
                .text(reader.bytes(field)?)
                .map(|url| scope.schema_url = url),
            _ => {
                reader.skip(field)?;
                Ok(())
            }
        };
        fault = fault.or(read.err());
    }
    decoded.bytes = limits.decoded_bytes.saturating_sub(bounds.bytes_left());
    let origin = match fault {
        Some(reason) => Err(reason),
        None => resource.clone().map(|resource| Origin {
            resource,
            scope: Arc::new(scope),
        }),
    };
    let mut reader = message;
    while let Some(field) = reader.field()? {
        if field.number != 2 {
            reader.skip(field)?;
            continue;
        }
        let record = reader.bytes(field)?;
        let origin = match &origin {
            Ok(origin) => origin,
            Err(reason) => {
                decoded.rejected.add(*reason, S::weight(record));
                continue;
            }
        };
        let mut bounds = Bounds::new(limits, limits.decoded_bytes.saturating_sub(decoded.bytes));
        match S::record(record, origin, &mut bounds, decoded) {
            Ok(()) => {
                decoded.bytes = limits.decoded_bytes.saturating_sub(bounds.bytes_left());
            }
            Err(reason) => decoded.rejected.add(reason, S::weight(record)),
        }
    }
    Ok(())
}
