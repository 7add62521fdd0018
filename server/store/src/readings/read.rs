//! Reading what was kept.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::reading::PartitionPosition;
use waybill_model::time::{TimeRange, Timestamp};

use super::{GroupSample, ReadingRollup, packed};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{count, day_of, instant, storable};

statements! {
    SAMPLE = "SELECT at, lag_messages, payload FROM group_reading
            WHERE group_key = $1 ORDER BY at DESC LIMIT 1";
    SAMPLES = "SELECT asked.group_key, newest.payload FROM unnest($1::bigint[]) AS asked(group_key)
            CROSS JOIN LATERAL (SELECT payload FROM group_reading one
                WHERE one.group_key = asked.group_key ORDER BY at DESC LIMIT 1) newest";
    RECENT = "SELECT asked.group_key, recent.at, recent.lag_messages, recent.payload
            FROM unnest($1::bigint[]) AS asked(group_key)
            CROSS JOIN LATERAL (SELECT at, lag_messages, payload FROM group_reading one
                WHERE one.group_key = asked.group_key AND one.at >= $2 AND one.partitions <= $4
                ORDER BY at DESC LIMIT $3) recent
            ORDER BY recent.at";
    MINUTES = "SELECT object, start, least, greatest, last, received, removed FROM reading_minute
            WHERE object = $1 AND day BETWEEN $4 AND $5 AND start >= $2 AND start < $3 ORDER BY start";
    HOURS = "SELECT object, start, least, greatest, last, received, removed FROM reading_hour
            WHERE object = $1 AND day BETWEEN $4 AND $5 AND start >= $2 AND start < $3 ORDER BY start";
    READ_MINUTES = "SELECT start FROM cluster_minute
            WHERE cluster = $1 AND day BETWEEN $4 AND $5 AND start >= $2 AND start < $3 ORDER BY start";
    MOVED = "SELECT object, sum(received)::bigint AS received, sum(removed)::bigint AS removed,
                coalesce(array_agg(start) FILTER (WHERE received IS NULL), '{}') AS received_unknown,
                coalesce(array_agg(start) FILTER (WHERE removed IS NULL), '{}') AS removed_unknown
            FROM reading_minute
            WHERE object = ANY($1) AND day BETWEEN $4 AND $5 AND start >= $2 AND start < $3
            GROUP BY object";
}

/// Messages that moved over some minutes, in those where it is known; `None`: in none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub object: i64,
    pub received: Option<u64>,
    pub removed: Option<u64>,
    /// Minutes that are not in the sums.
    pub received_unknown: Vec<Timestamp>,
    pub removed_unknown: Vec<Timestamp>,
}

impl Store {
    /// The newest; it holds until something changes.
    pub async fn group_sample(&self, group: i64) -> Result<Option<GroupSample>, StoreError> {
        let row = sqlx::query(SAMPLE)
            .bind(group)
            .fetch_optional(&self.pool)
            .await
            .during("read group")?;
        let Some(row) = row else { return Ok(None) };
        let read = || -> Result<(Timestamp, Option<u64>, &[u8]), sqlx::Error> {
            let lag: Option<i64> = row.try_get(1)?;
            Ok((
                instant(row.try_get::<OffsetDateTime, _>(0)?),
                lag.map(|lag| lag.max(0) as u64),
                row.try_get(2)?,
            ))
        };
        let (at, lag_messages, payload) = read().during("read group")?;
        Ok(Some(GroupSample {
            group,
            at,
            lag_messages,
            partitions: packed::unpack(payload)?,
        }))
    }

    /// The newest `each` of every group since then, oldest first; none of groups on more than
    /// `partitions`.
    pub async fn recent_samples(
        &self,
        groups: &[i64],
        since: Timestamp,
        each: u32,
        partitions: u32,
    ) -> Result<Vec<GroupSample>, StoreError> {
        let rows = sqlx::query(RECENT)
            .bind(groups)
            .bind(since.to_offset_date_time())
            .bind(i64::from(each))
            .bind(i64::from(partitions))
            .fetch_all(&self.pool)
            .await
            .during("read recent positions")?;
        let one = |row: &PgRow| -> Result<(i64, OffsetDateTime, Option<i64>), sqlx::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let mut samples = Vec::with_capacity(rows.len());
        for row in &rows {
            let (group, at, lag) = one(row).during("read recent positions")?;
            let payload: &[u8] = row.try_get(3).during("read recent positions")?;
            samples.push(GroupSample {
                group,
                at: instant(at),
                lag_messages: lag.map(|lag| lag.max(0) as u64),
                partitions: packed::unpack(payload)?,
            });
        }
        Ok(samples)
    }

    /// The lag of each group on each of the destinations named with it, by its newest sample; `None`
    /// where it is not known on one partition, or it has no position there. Groups without a sample are
    /// absent.
    pub async fn lags_on<'d>(
        &self,
        wanted: &[(i64, &'d str)],
    ) -> Result<HashMap<(i64, &'d str), Option<u64>>, StoreError> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let mut by_group: HashMap<i64, Vec<&str>> = HashMap::new();
        for (group, destination) in wanted {
            by_group.entry(*group).or_default().push(destination);
        }
        let groups: Vec<i64> = by_group.keys().copied().collect();
        let rows = sqlx::query(SAMPLES)
            .bind(&groups)
            .fetch_all(&self.pool)
            .await
            .during("read lags")?;
        let mut lags = HashMap::with_capacity(wanted.len());
        for row in &rows {
            let group: i64 = row.try_get(0).during("read lags")?;
            let payload: &[u8] = row.try_get(1).during("read lags")?;
            for destination in by_group.get(&group).into_iter().flatten() {
                lags.insert((group, *destination), packed::lag_on(payload, destination)?);
            }
        }
        Ok(lags)
    }

    /// Where each group stands on one destination, by its newest sample. Groups without a sample are
    /// absent.
    pub async fn positions_on(
        &self,
        groups: &[i64],
        destination: &str,
    ) -> Result<HashMap<i64, Vec<PartitionPosition>>, StoreError> {
        let rows = sqlx::query(SAMPLES)
            .bind(groups)
            .fetch_all(&self.pool)
            .await
            .during("read positions")?;
        let mut positions = HashMap::with_capacity(rows.len());
        for row in &rows {
            let group: i64 = row.try_get(0).during("read positions")?;
            let payload: &[u8] = row.try_get(1).during("read positions")?;
            let mut all = packed::unpack(payload)?;
            all.retain(|position| position.destination == destination);
            positions.insert(group, all);
        }
        Ok(positions)
    }

    /// Rows that start within `range`: see the table for the minutes that have none.
    pub async fn reading_minutes(
        &self,
        object: i64,
        range: TimeRange,
    ) -> Result<Vec<ReadingRollup>, StoreError> {
        self.rollup_rows(MINUTES, object, range).await
    }

    pub async fn reading_hours(
        &self,
        object: i64,
        range: TimeRange,
    ) -> Result<Vec<ReadingRollup>, StoreError> {
        self.rollup_rows(HOURS, object, range).await
    }

    /// Minutes in which the cluster was read.
    pub async fn read_minutes(
        &self,
        cluster: &str,
        range: TimeRange,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let starts: Vec<OffsetDateTime> = sqlx::query_scalar(READ_MINUTES)
            .bind(storable(cluster))
            .bind(range.from.to_offset_date_time())
            .bind(range.to.to_offset_date_time())
            .bind(day_of(range.from))
            .bind(day_of(range.to))
            .fetch_all(&self.pool)
            .await
            .during("read minutes")?;
        Ok(starts.into_iter().map(instant).collect())
    }

    /// What moved in the minutes of `range`. An object without a row moved nothing that was seen.
    pub async fn moved(&self, objects: &[i64], range: TimeRange) -> Result<Vec<Moved>, StoreError> {
        let rows = sqlx::query(MOVED)
            .bind(objects)
            .bind(range.from.to_offset_date_time())
            .bind(range.to.to_offset_date_time())
            .bind(day_of(range.from))
            .bind(day_of(range.to))
            .fetch_all(&self.pool)
            .await
            .during("read throughput")?;
        let one = |row: &PgRow| -> Result<Moved, sqlx::Error> {
            Ok(Moved {
                object: row.try_get("object")?,
                received: count(row, "received")?,
                removed: count(row, "removed")?,
                received_unknown: instants(row, "received_unknown")?,
                removed_unknown: instants(row, "removed_unknown")?,
            })
        };
        rows.iter()
            .map(one)
            .collect::<Result<_, _>>()
            .during("read throughput")
    }

    async fn rollup_rows(
        &self,
        sql: &'static str,
        object: i64,
        range: TimeRange,
    ) -> Result<Vec<ReadingRollup>, StoreError> {
        let rows = sqlx::query(sql)
            .bind(object)
            .bind(range.from.to_offset_date_time())
            .bind(range.to.to_offset_date_time())
            .bind(day_of(range.from))
            .bind(day_of(range.to))
            .fetch_all(&self.pool)
            .await
            .during("read roll-ups of readings")?;
        let one = |row: &PgRow| -> Result<ReadingRollup, sqlx::Error> {
            Ok(ReadingRollup {
                object: row.try_get("object")?,
                start: instant(row.try_get::<OffsetDateTime, _>("start")?),
                least: row.try_get("least")?,
                greatest: row.try_get("greatest")?,
                last: row.try_get("last")?,
                received: count(row, "received")?,
                removed: count(row, "removed")?,
            })
        };
        rows.iter()
            .map(one)
            .collect::<Result<_, _>>()
            .during("read roll-ups of readings")
    }
}

fn instants(row: &PgRow, name: &str) -> Result<Vec<Timestamp>, sqlx::Error> {
    let times: Vec<OffsetDateTime> = row.try_get(name)?;
    Ok(times.into_iter().map(instant).collect())
}
