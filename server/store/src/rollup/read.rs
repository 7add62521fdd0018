//! Reading roll-ups: folded minutes and those that commits still carry, in one snapshot.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::{Duration, OffsetDateTime};
use waybill_model::time::{TimeRange, Timestamp};

use super::{Histogram, Rollup, operation_of, role_of, sum, unpack};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{day_of, instant};

statements! {
    /// Days of arrival that can hold these minutes: up to a day later, or an hour earlier.
    READ = "SELECT NULL::bytea AS packed, minute, system, destination, role, service, operation,
                spans, failed, last_at, durations
            FROM destination_minute
            WHERE day BETWEEN $3 AND $4 AND minute >= $1 AND minute < $2
            UNION ALL
            SELECT rollups, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            FROM term_segment
            WHERE day BETWEEN $3 AND $4 AND rollups IS NOT NULL";
}

impl Store {
    /// Lines whose minute starts within `range`, by minute.
    pub async fn rollups(&self, range: TimeRange) -> Result<Vec<Rollup>, StoreError> {
        let from = range.from.to_offset_date_time();
        let to = range.to.to_offset_date_time();
        let rows = sqlx::query(READ)
            .bind(from)
            .bind(to)
            .bind(day_of(range.from).previous_day())
            .bind(day_of(range.to).saturating_add(Duration::DAY))
            .fetch_all(&self.pool)
            .await
            .during("read roll-ups")?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            match row.try_get::<Option<&[u8]>, _>(0).during("read roll-ups")? {
                Some(packed) => lines.extend(
                    unpack(packed)?
                        .into_iter()
                        .filter(|line| range.from <= line.minute && line.minute < range.to),
                ),
                None => lines.push(line(row)?),
            }
        }
        Ok(sum(lines))
    }
}

/// From the columns of `destination_minute`, by name.
pub(super) fn line(row: &PgRow) -> Result<Rollup, StoreError> {
    let read = || -> Result<(Rollup, Vec<u8>), sqlx::Error> {
        let line = Rollup {
            minute: instant(row.try_get::<OffsetDateTime, _>("minute")?),
            system: row.try_get("system")?,
            destination: row.try_get("destination")?,
            role: role_of(row.try_get("role")?),
            service: row.try_get("service")?,
            operation: operation_of(row.try_get("operation")?),
            spans: row.try_get::<i64, _>("spans")? as u64,
            failed: row.try_get::<i64, _>("failed")? as u64,
            last_at: Timestamp::from_unix_nanos(row.try_get("last_at")?),
            durations: Histogram::default(),
        };
        Ok((line, row.try_get("durations")?))
    };
    let (mut line, durations) = read().during("read roll-ups")?;
    line.durations = postcard::from_bytes(&durations)
        .map_err(|error| StoreError::internal("read roll-ups", error))?;
    Ok(line)
}
