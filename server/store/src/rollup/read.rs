//! Reading roll-ups: folded minutes and those that commits still carry, in one snapshot.

use std::collections::HashMap;

use futures::TryStreamExt;
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::{Date, Duration, OffsetDateTime};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::time::{TimeRange, Timestamp};

use super::{Histogram, Rollup, operation_code, operation_of, role_code, role_of, sum, unpack};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{day_of, instant, storable};

statements! {
    /// Days of arrival that can hold these minutes: up to a day later, or an hour earlier.
    READ = "SELECT NULL::bytea AS packed, minute, system, destination, role, service, operation,
                group_name, spans, failed, last_at, durations
            FROM destination_minute
            WHERE day BETWEEN $3 AND $4 AND minute >= $1 AND minute < $2
            UNION ALL
            SELECT rollups, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            FROM term_segment
            WHERE day BETWEEN $3 AND $4 AND rollups IS NOT NULL";
    OF = "SELECT NULL::bytea AS packed, minute, system, destination, role, service, operation,
                group_name, spans, failed, last_at, durations
            FROM destination_minute
            WHERE day BETWEEN $3 AND $4 AND minute >= $1 AND minute < $2
            AND (system, destination) IN (SELECT * FROM unnest($5::text[], $6::text[]))
            UNION ALL
            SELECT rollups, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            FROM term_segment
            WHERE day BETWEEN $3 AND $4 AND rollups IS NOT NULL";
    /// Grouped by the key, which tells all that is named: sorting by names would cost three times as
    /// much.
    SUMS = "SELECT NULL::bytea AS packed, min(system) AS system, min(destination) AS destination,
                min(role) AS role, min(operation) AS operation,
                sum(spans)::bigint AS spans, sum(failed)::bigint AS failed, max(last_at) AS last_at
            FROM destination_minute
            WHERE day BETWEEN $3 AND $4 AND minute >= $1 AND minute < $2
            GROUP BY key
            UNION ALL
            SELECT rollups, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            FROM term_segment
            WHERE day BETWEEN $3 AND $4 AND rollups IS NOT NULL";
}

/// Spans of one destination, role and operation, counted without their durations: many destinations
/// cost little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationSum {
    pub system: String,
    pub destination: String,
    pub role: DestinationRole,
    pub operation: Operation,
    pub spans: u64,
    pub failed: u64,
    pub last_at: Timestamp,
}

impl Store {
    /// Lines whose minute starts within `range`, by minute.
    pub async fn rollups(&self, range: TimeRange) -> Result<Vec<Rollup>, StoreError> {
        let mut lines = Vec::new();
        let query = within(READ, range);
        self.read(query, range, line, |line| lines.push(line))
            .await?;
        Ok(sum(lines))
    }

    /// The same of some destinations only, told as (system, name).
    pub async fn rollups_of(
        &self,
        range: TimeRange,
        places: &[(String, String)],
    ) -> Result<Vec<Rollup>, StoreError> {
        let texts = |pick: fn(&(String, String)) -> &String| -> Vec<String> {
            let texts = places.iter().map(pick);
            texts.map(|text| storable(text).into_owned()).collect()
        };
        let (systems, names) = (texts(|place| &place.0), texts(|place| &place.1));
        let asked: std::collections::HashSet<(&str, &str)> = systems
            .iter()
            .zip(&names)
            .map(|(system, name)| (system.as_str(), name.as_str()))
            .collect();
        let query = within(OF, range).bind(&systems).bind(&names);
        let mut lines = Vec::new();
        self.read(query, range, line, |line| {
            if asked.contains(&(&line.system, &line.destination)) {
                lines.push(line);
            }
        })
        .await?;
        Ok(sum(lines))
    }

    /// The lines of `range` with their minutes added up: each starts with the range.
    pub async fn rollup_totals(&self, range: TimeRange) -> Result<Vec<Rollup>, StoreError> {
        let mut totals: HashMap<i64, Rollup> = HashMap::new();
        let query = within(READ, range);
        self.read(query, range, line, |mut line| {
            line.minute = range.from;
            totals
                .entry(line.key())
                .and_modify(|total| total.add(&line))
                .or_insert(line);
        })
        .await?;
        Ok(sum(totals.into_values()))
    }

    /// By system, name, role and operation.
    pub async fn destination_sums(
        &self,
        range: TimeRange,
    ) -> Result<Vec<DestinationSum>, StoreError> {
        let mut sums: HashMap<(String, String, i16, i16), DestinationSum> = HashMap::new();
        self.read(within(SUMS, range), range, summed, |new| {
            let key = (
                new.system.clone(),
                new.destination.clone(),
                role_code(new.role),
                operation_code(new.operation),
            );
            sums.entry(key)
                .and_modify(|sum| {
                    sum.spans += new.spans;
                    sum.failed += new.failed;
                    sum.last_at = sum.last_at.max(new.last_at);
                })
                .or_insert(new);
        })
        .await?;
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(sums.into_iter().map(|(_, sum)| sum).collect())
    }

    /// Row by row: `read` those that are folded, lines of commits that are not.
    async fn read<T: From<Rollup>>(
        &self,
        query: PgQuery<'_>,
        range: TimeRange,
        read: fn(&PgRow) -> Result<T, StoreError>,
        mut each: impl FnMut(T),
    ) -> Result<(), StoreError> {
        let mut rows = query.fetch(&self.pool);
        while let Some(row) = rows.try_next().await.during("read roll-ups")? {
            match row.try_get::<Option<&[u8]>, _>(0).during("read roll-ups")? {
                Some(packed) => unpack(packed)?
                    .into_iter()
                    .filter(|line| range.from <= line.minute && line.minute < range.to)
                    .for_each(|line| each(line.into())),
                None => each(read(&row)?),
            }
        }
        Ok(())
    }
}

type PgQuery<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn within(sql: &'static str, range: TimeRange) -> PgQuery<'static> {
    let first: Option<Date> = day_of(range.from).previous_day();
    sqlx::query(sql)
        .bind(range.from.to_offset_date_time())
        .bind(range.to.to_offset_date_time())
        .bind(first)
        .bind(day_of(range.to).saturating_add(Duration::DAY))
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
            group: row.try_get("group_name")?,
        };
        Ok((line, row.try_get("durations")?))
    };
    let (mut line, durations) = read().during("read roll-ups")?;
    line.durations = postcard::from_bytes(&durations)
        .map_err(|error| StoreError::internal("read roll-ups", error))?;
    Ok(line)
}

fn summed(row: &PgRow) -> Result<DestinationSum, StoreError> {
    let read = || -> Result<DestinationSum, sqlx::Error> {
        Ok(DestinationSum {
            system: row.try_get("system")?,
            destination: row.try_get("destination")?,
            role: role_of(row.try_get("role")?),
            operation: operation_of(row.try_get("operation")?),
            spans: row.try_get::<i64, _>("spans")? as u64,
            failed: row.try_get::<i64, _>("failed")? as u64,
            last_at: Timestamp::from_unix_nanos(row.try_get("last_at")?),
        })
    };
    read().during("read roll-ups")
}

impl From<Rollup> for DestinationSum {
    fn from(line: Rollup) -> Self {
        Self {
            system: line.system,
            destination: line.destination,
            role: line.role,
            operation: line.operation,
            spans: line.spans,
            failed: line.failed,
            last_at: line.last_at,
        }
    }
}
