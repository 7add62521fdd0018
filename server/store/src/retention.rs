//! Retention: whole days go, by age and by disk. Audit lines and accounts never do.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use time::{Date, OffsetDateTime};
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::partition::{DAILY, partition_name};
use crate::text::{day_of, now};

statements! {
    SIZE = "SELECT pg_database_size(current_database())";
    /// A drop waits for readers at most this long, because writers would wait behind it.
    PATIENCE = "SELECT set_config('lock_timeout', '2s', true)";
    /// A batch, so that no lock is held for long; the task comes again while batches are full.
    DROP_TROUBLED = "DELETE FROM troubled_journey WHERE key IN (
            SELECT key FROM troubled_journey WHERE updated_at < $1 ORDER BY updated_at LIMIT 10000)";
    OLDEST_TROUBLED = "DELETE FROM troubled_journey WHERE key IN (
            SELECT key FROM troubled_journey ORDER BY updated_at LIMIT 10000)";
    /// Written with each of its failures, so none is left of one that was not written for longer.
    DROP_PLACES = "DELETE FROM failure_place WHERE seen_at < $1";
    DROP_SESSIONS = "DELETE FROM session WHERE expires_at < $1
            OR last_used_at + make_interval(secs => idle_seconds) < $1";
}

/// As the statements have it.
const TROUBLED_A_BATCH: u64 = 10_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Days are dropped once all of them is older.
    pub age: Option<Duration>,
    /// Rows of troubled journeys that were not written for longer go.
    pub troubled: Option<Duration>,
    /// Bytes of the whole database: above it the oldest days go, then troubled rows. The day of
    /// today always stays.
    pub max_disk: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Days that were dropped, as 2026-11-23.
    pub dropped_days: Vec<String>,
    pub dropped_troubled: u64,
    /// A batch was full: more rows may be too old.
    pub more: bool,
    /// What the database holds now.
    pub bytes_on_disk: u64,
}

impl Store {
    pub async fn retention_once(&self, policy: RetentionPolicy) -> Result<Retained, StoreError> {
        self.retention_at(policy, now()).await
    }

    /// The same with the clock given.
    pub async fn retention_at(
        &self,
        policy: RetentionPolicy,
        now: Timestamp,
    ) -> Result<Retained, StoreError> {
        let today = day_of(now);
        let mut retained = Retained::default();
        let mut days = self.days().await?;
        days.retain(|day| *day < today);
        days.reverse();
        let before = |age: Duration| now.to_offset_date_time().checked_sub(age.try_into().ok()?);
        if let Some(end) = policy.age.and_then(before) {
            while days.last().is_some_and(|day| is_over(*day, end)) {
                self.drop_oldest(&mut days, &mut retained).await?;
            }
        }
        if let Some(end) = policy.troubled.and_then(before) {
            retained.dropped_troubled += self.drop_troubled(DROP_TROUBLED, Some(end)).await?;
            retained.more = retained.dropped_troubled >= TROUBLED_A_BATCH;
            if !retained.more {
                self.drop_troubled(DROP_PLACES, Some(end)).await?;
            }
        }
        if let Some(most) = policy.max_disk {
            while self.bytes_on_disk().await? > most && !days.is_empty() {
                self.drop_oldest(&mut days, &mut retained).await?;
            }
            if self.bytes_on_disk().await? > most {
                retained.dropped_troubled += self.drop_troubled(OLDEST_TROUBLED, None).await?;
            }
        }
        sqlx::query(DROP_SESSIONS)
            .bind(now.to_offset_date_time())
            .execute(&self.pool)
            .await
            .during("drop ended sessions")?;
        retained.bytes_on_disk = self.bytes_on_disk().await?;
        Ok(retained)
    }

    pub(crate) async fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        let size: i64 = sqlx::query_scalar(SIZE)
            .fetch_one(&self.pool)
            .await
            .during("measure database")?;
        Ok(size.max(0) as u64)
    }

    /// `days` newest first.
    async fn drop_oldest(
        &self,
        days: &mut Vec<Date>,
        retained: &mut Retained,
    ) -> Result<(), StoreError> {
        if let Some(day) = days.pop() {
            self.drop_day(day).await.during("drop partition")?;
            retained.dropped_days.push(day.to_string());
        }
        Ok(())
    }

    async fn drop_day(&self, day: Date) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        sqlx::query(PATIENCE).execute(&mut *tx).await?;
        for parent in DAILY {
            let sql = format!("DROP TABLE IF EXISTS {}", partition_name(parent, day));
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    async fn drop_troubled(
        &self,
        sql: &'static str,
        before: Option<OffsetDateTime>,
    ) -> Result<u64, StoreError> {
        let mut query = sqlx::query(sql);
        if let Some(before) = before {
            query = query.bind(before);
        }
        query
            .execute(&self.pool)
            .await
            .during("drop troubled journeys")
            .map(|done| done.rows_affected())
    }
}

fn is_over(day: Date, end: OffsetDateTime) -> bool {
    day.next_day().is_some_and(|next| next <= end.date())
}
