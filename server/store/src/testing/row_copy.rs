//! The other way to store spans, to measure against: COPY BINARY of one row a span.

use serde_json::{Map, Value as Json};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolCopyExt;
use waybill_model::span::{Attribute, Span, Value};

use crate::blocks::IndexedSpan;
use crate::connect::Store;

/// Microseconds from 1970 to 2000, where Postgres' time begins.
const EPOCH_US: i64 = 946_684_800_000_000;
const COLUMNS: i16 = 11;

/// A table of rows with attributes as jsonb and three btrees: trace, destination with time,
/// service with time.
pub struct RowCopy {
    table: String,
}

impl RowCopy {
    pub async fn create(store: &Store, table: &str) -> Result<Self, sqlx::Error> {
        let ddl = format!(
            "CREATE TABLE {table} (trace_id bytea NOT NULL, span_id bytea NOT NULL, parent_id bytea,
                name text NOT NULL, service text NOT NULL, destination text, kind smallint NOT NULL,
                started_at timestamptz NOT NULL, duration_us bigint NOT NULL, failed boolean NOT NULL,
                attributes jsonb NOT NULL);
             CREATE INDEX ON {table} (trace_id);
             CREATE INDEX ON {table} (destination, started_at);
             CREATE INDEX ON {table} (service, started_at);"
        );
        sqlx::raw_sql(AssertSqlSafe(ddl))
            .execute(store.pool())
            .await?;
        Ok(Self {
            table: table.into(),
        })
    }

    /// The bytes that COPY takes, made apart so that their making can be left out of a measurement.
    pub fn encode(batch: &[IndexedSpan]) -> Vec<u8> {
        let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        for indexed in batch {
            let destination = indexed.rollup.as_ref().map(|key| key.destination.as_str());
            row(&indexed.span, destination, &mut out);
        }
        out.extend_from_slice(&(-1i16).to_be_bytes());
        out
    }

    /// One COPY, one commit.
    pub async fn copy(&self, store: &Store, bytes: &[u8]) -> Result<u64, sqlx::Error> {
        let sql = format!("COPY {} FROM STDIN (FORMAT binary)", self.table);
        let mut copy = store.pool().copy_in_raw(&sql).await?;
        copy.send(bytes).await?;
        copy.finish().await
    }
}

fn row(span: &Span, destination: Option<&str>, out: &mut Vec<u8>) {
    let started = span.started_at.unix_micros() - EPOCH_US;
    let failed = span.status.code == waybill_model::span::StatusCode::Error;
    out.extend_from_slice(&COLUMNS.to_be_bytes());
    field(out, Some(span.trace_id.as_bytes()));
    field(out, Some(span.span_id.as_bytes()));
    field(
        out,
        span.parent_id.as_ref().map(|id| id.as_bytes().as_slice()),
    );
    field(out, Some(span.name.as_bytes()));
    field(out, Some(span.service().as_bytes()));
    field(out, destination.map(str::as_bytes));
    field(out, Some(&(span.kind as i16).to_be_bytes()));
    field(out, Some(&started.to_be_bytes()));
    field(
        out,
        Some(&((span.duration_nanos() / 1_000) as i64).to_be_bytes()),
    );
    field(out, Some(&[u8::from(failed)]));
    let json = Json::Object(object(&span.attributes)).to_string();
    let mut attributes = Vec::with_capacity(json.len() + 1);
    attributes.push(1);
    attributes.extend_from_slice(json.as_bytes());
    field(out, Some(&attributes));
}

fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            out.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
            out.extend_from_slice(bytes);
        }
        None => out.extend_from_slice(&(-1i32).to_be_bytes()),
    }
}

fn object(attributes: &[Attribute]) -> Map<String, Json> {
    attributes
        .iter()
        .map(|attribute| (attribute.key.clone(), json(&attribute.value)))
        .collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::String(text) => Json::from(text.as_str()),
        Value::Bool(value) => Json::from(*value),
        Value::Int(number) => Json::from(*number),
        Value::Double(number) => Json::from(*number),
        Value::Bytes(bytes) => Json::from(hex::encode(bytes)),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(items) => Json::Object(object(items)),
    }
}
