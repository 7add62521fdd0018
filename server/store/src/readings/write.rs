//! Keeping what was read.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::{Date, OffsetDateTime};
use waybill_model::time::Timestamp;

use super::{GroupSample, ReadingBatch, ReadingRollup, packed};
use crate::connect::Store;
use crate::error::{During, StoreError, code};
use crate::text::{day_of, storable};

statements! {
    SAMPLES = "INSERT INTO group_reading (day, group_key, at, partitions, lag_messages, payload)
            SELECT * FROM unnest($1::date[], $2::bigint[], $3::timestamptz[], $4::integer[], $5::bigint[],
                $6::bytea[])
            ON CONFLICT DO NOTHING";
    SUPERSEDED = "DELETE FROM group_reading WHERE (group_key, at, day) IN
            (SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::date[]))
            AND day BETWEEN $4 AND $5";
    /// Two pollers that took turns within a minute both have seen a part of it.
    MINUTES = "INSERT INTO reading_minute AS old (day, object, start, least, greatest, last, received, removed)
            SELECT * FROM unnest($1::date[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[],
                $6::bigint[], $7::bigint[], $8::bigint[])
            ON CONFLICT (object, start, day) DO UPDATE SET
                least = least(old.least, EXCLUDED.least), greatest = greatest(old.greatest, EXCLUDED.greatest),
                last = EXCLUDED.last, received = old.received + EXCLUDED.received,
                removed = old.removed + EXCLUDED.removed";
    HOURS = "INSERT INTO reading_hour AS old (day, object, start, least, greatest, last, received, removed)
            SELECT * FROM unnest($1::date[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[],
                $6::bigint[], $7::bigint[], $8::bigint[])
            ON CONFLICT (object, start, day) DO UPDATE SET
                least = least(old.least, EXCLUDED.least), greatest = greatest(old.greatest, EXCLUDED.greatest),
                last = EXCLUDED.last, received = old.received + EXCLUDED.received,
                removed = old.removed + EXCLUDED.removed";
    READ_MINUTES = "INSERT INTO cluster_minute AS old (day, cluster, start, readings)
            SELECT day, $2, start, readings
            FROM unnest($1::date[], $3::timestamptz[], $4::integer[]) AS u(day, start, readings)
            ON CONFLICT (cluster, start, day) DO UPDATE SET readings = old.readings + EXCLUDED.readings";
}

impl Store {
    /// All or none; the tables of a day are made where they are missing.
    pub async fn save_readings(
        &self,
        cluster: &str,
        batch: &ReadingBatch,
    ) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut samples = Vec::with_capacity(batch.samples.len());
        for sample in &batch.samples {
            samples.push(packed::pack(&sample.partitions)?);
            // Many thousands of partitions take a while; others are let go on between.
            tokio::task::yield_now().await;
        }
        match self.try_save_readings(cluster, batch, &samples).await {
            // No partition of the day.
            Err(error) if code(&error).as_deref() == Some("23514") => {
                for day in days(batch) {
                    self.ensure_day(day).await?;
                }
                self.try_save_readings(cluster, batch, &samples).await
            }
            other => other,
        }
        .during("save readings")
    }

    async fn try_save_readings(
        &self,
        cluster: &str,
        batch: &ReadingBatch,
        payloads: &[Vec<u8>],
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        if !batch.samples.is_empty() {
            samples(&mut tx, &batch.samples, payloads).await?;
        }
        drop_superseded(&mut tx, &batch.superseded).await?;
        rollups(&mut tx, MINUTES, &batch.minutes).await?;
        rollups(&mut tx, HOURS, &batch.hours).await?;
        if !batch.read_minutes.is_empty() {
            let minutes = &batch.read_minutes;
            sqlx::query(READ_MINUTES)
                .bind(
                    minutes
                        .iter()
                        .map(|(at, _)| day_of(*at))
                        .collect::<Vec<_>>(),
                )
                .bind(storable(cluster))
                .bind(
                    minutes
                        .iter()
                        .map(|(at, _)| at.to_offset_date_time())
                        .collect::<Vec<_>>(),
                )
                .bind(
                    minutes
                        .iter()
                        .map(|(_, n)| small(u64::from(*n)))
                        .collect::<Vec<_>>(),
                )
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await
    }
}

fn days(batch: &ReadingBatch) -> Vec<Date> {
    let rollups = batch
        .minutes
        .iter()
        .chain(&batch.hours)
        .map(|line| line.start);
    let samples = batch.samples.iter().map(|sample| sample.at);
    let minutes = batch.read_minutes.iter().map(|(at, _)| *at);
    let mut days: Vec<Date> = rollups.chain(samples).chain(minutes).map(day_of).collect();
    days.sort_unstable();
    days.dedup();
    days
}

async fn samples(
    tx: &mut PgConnection,
    samples: &[GroupSample],
    payloads: &[Vec<u8>],
) -> Result<(), sqlx::Error> {
    let lags = samples.iter().map(|sample| sample.lag_messages.map(whole));
    let partitions = samples
        .iter()
        .map(|sample| small(sample.partitions.len() as u64));
    sqlx::query(SAMPLES)
        .bind(
            samples
                .iter()
                .map(|sample| day_of(sample.at))
                .collect::<Vec<_>>(),
        )
        .bind(
            samples
                .iter()
                .map(|sample| sample.group)
                .collect::<Vec<_>>(),
        )
        .bind(
            samples
                .iter()
                .map(|sample| sample.at.to_offset_date_time())
                .collect::<Vec<_>>(),
        )
        .bind(partitions.collect::<Vec<_>>())
        .bind(lags.collect::<Vec<_>>())
        .bind(payloads)
        .execute(tx)
        .await
        .map(drop)
}

async fn drop_superseded(
    tx: &mut PgConnection,
    rows: &[(i64, Timestamp)],
) -> Result<(), sqlx::Error> {
    let days: Vec<Date> = rows.iter().map(|(_, at)| day_of(*at)).collect();
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else {
        return Ok(());
    };
    let times = rows.iter().map(|(_, at)| at.to_offset_date_time());
    sqlx::query(SUPERSEDED)
        .bind(rows.iter().map(|(group, _)| *group).collect::<Vec<_>>())
        .bind(times.collect::<Vec<_>>())
        .bind(&days)
        .bind(first)
        .bind(last)
        .execute(tx)
        .await
        .map(drop)
}

async fn rollups(
    tx: &mut PgConnection,
    sql: &'static str,
    lines: &[ReadingRollup],
) -> Result<(), sqlx::Error> {
    if lines.is_empty() {
        return Ok(());
    }
    let lines = &folded(lines)[..];
    let figure =
        |pick: fn(&ReadingRollup) -> Option<i64>| lines.iter().map(pick).collect::<Vec<_>>();
    let starts: Vec<OffsetDateTime> = lines
        .iter()
        .map(|line| line.start.to_offset_date_time())
        .collect();
    sqlx::query(sql)
        .bind(
            lines
                .iter()
                .map(|line| day_of(line.start))
                .collect::<Vec<_>>(),
        )
        .bind(lines.iter().map(|line| line.object).collect::<Vec<_>>())
        .bind(starts)
        .bind(figure(|line| line.least))
        .bind(figure(|line| line.greatest))
        .bind(figure(|line| line.last))
        .bind(figure(|line| line.received.map(whole)))
        .bind(figure(|line| line.removed.map(whole)))
        .execute(tx)
        .await
        .map(drop)
}

/// A row is written once in a statement.
fn folded(lines: &[ReadingRollup]) -> Vec<ReadingRollup> {
    let mut folded: BTreeMap<(i64, Timestamp), ReadingRollup> = BTreeMap::new();
    for line in lines {
        folded
            .entry((line.object, line.start))
            .and_modify(|sum| sum.add(line))
            .or_insert(*line);
    }
    folded.into_values().collect()
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn small(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
