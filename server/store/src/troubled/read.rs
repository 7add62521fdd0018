//! Reading troubled journeys.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::failure::FailureEvidence;
use waybill_model::journey::Cause;
use waybill_model::time::Timestamp;

use super::write::key_of;
use super::{Troubled, TroubledAttempt, TroubledCursor, TroubledFilter, TroubledRow, state_name};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, like_anywhere, storable};

statements! {
    LIST = "SELECT key, services, error_type, error_message, fingerprint, evidence, started_at, updated_at, summary
            FROM troubled_journey
            WHERE started_at >= $1 AND started_at < $2
            AND ($3::timestamptz IS NULL OR (started_at, key) < ($3, $4::bytea))
            AND ($5::text[] IS NULL OR state = ANY($5)) AND ($6::text IS NULL OR cluster = $6)
            AND ($7::text IS NULL OR destination = $7 OR $7 = ANY(destinations)) AND ($8::text IS NULL OR $8 = ANY(groups))
            AND ($9::text IS NULL OR $9 = ANY(services)) AND ($10::text IS NULL OR message_key = $10)
            AND ($11::text IS NULL OR message_id = $11) AND ($12::text IS NULL OR fingerprint = $12)
            AND ($13::text IS NULL OR error_message ILIKE $13 OR error_type ILIKE $13)
            AND ($14::double precision IS NULL OR total_ms >= $14)
            AND ($15::double precision IS NULL OR total_ms <= $15)
            AND ($17::timestamptz IS NULL OR fingerprint IS NULL OR NOT EXISTS (
                SELECT FROM failure_group g
                WHERE g.fingerprint = troubled_journey.fingerprint AND g.muted_until > $17))
            AND (NOT $18::boolean OR overtaken_by <> '{}')
            ORDER BY started_at DESC, key DESC LIMIT $16";
    ONE = "SELECT key, services, destinations, error_type, error_message, fingerprint, evidence, started_at, updated_at, summary
            FROM troubled_journey WHERE key = $1";
    ATTEMPTS = "SELECT group_name, n, started_at, destination, service, instance, version, error_type,
                first_frame, message, delay_before_ms, fingerprint, evidence, cause
            FROM troubled_attempt WHERE key = $1 ORDER BY position";
}

impl Store {
    /// Newest start first, at most `limit`.
    pub async fn troubled(
        &self,
        filter: &TroubledFilter,
        limit: u32,
    ) -> Result<Vec<TroubledRow>, StoreError> {
        let from = filter.from.unwrap_or(Timestamp::from_unix_nanos(i64::MIN));
        let to = filter.to.unwrap_or(Timestamp::from_unix_nanos(i64::MAX));
        let before = filter.before.as_ref();
        let text = |value: &Option<String>| value.as_deref().map(|v| storable(v).into_owned());
        let states: Vec<&str> = filter.states.iter().map(|s| state_name(*s)).collect();
        let states = Some(states).filter(|states| !states.is_empty());
        let rows = sqlx::query(LIST)
            .bind(from.to_offset_date_time())
            .bind(to.to_offset_date_time())
            .bind(before.map(|cursor| cursor.started_at.to_offset_date_time()))
            .bind(before.map(|cursor| cursor.key.clone()))
            .bind(states)
            .bind(text(&filter.cluster))
            .bind(text(&filter.destination))
            .bind(text(&filter.group))
            .bind(text(&filter.service))
            .bind(text(&filter.key))
            .bind(text(&filter.message_id))
            .bind(text(&filter.fingerprint))
            .bind(filter.text.as_deref().map(like_anywhere))
            .bind(filter.min_ms)
            .bind(filter.max_ms)
            .bind(i64::from(limit))
            .bind(filter.not_muted_at.map(Timestamp::to_offset_date_time))
            .bind(filter.overtaken)
            .fetch_all(&self.pool)
            .await
            .during("list troubled journeys")?;
        rows.iter()
            .map(|row| row_of(row).map(|(row, _)| row))
            .collect()
    }

    /// One with its retry history.
    pub async fn troubled_journey(&self, id: &str) -> Result<Option<Troubled>, StoreError> {
        let key = key_of(id);
        let row = sqlx::query(ONE)
            .bind(&key)
            .fetch_optional(&self.pool)
            .await
            .during("read troubled journey")?;
        let Some(row) = row else { return Ok(None) };
        let destinations = row
            .try_get("destinations")
            .during("read troubled journey")?;
        let (row, error_message) = row_of(&row)?;
        let attempts = sqlx::query(ATTEMPTS)
            .bind(&key)
            .fetch_all(&self.pool)
            .await
            .during("read attempts")?;
        Ok(Some(Troubled {
            summary: row.summary,
            services: row.services,
            destinations,
            error_type: row.error_type,
            error_message,
            fingerprint: row.fingerprint,
            evidence: row.evidence,
            updated_at: row.updated_at,
            attempts: attempts
                .iter()
                .map(attempt)
                .collect::<Result<_, _>>()
                .during("read attempts")?,
        }))
    }
}

fn row_of(row: &PgRow) -> Result<(TroubledRow, Option<String>), StoreError> {
    let summary: &str = row.try_get("summary").during("read troubled journey")?;
    let summary = serde_json::from_str(summary)
        .map_err(|error| StoreError::internal("read troubled journey", error))?;
    let read = move || -> Result<(TroubledRow, Option<String>), sqlx::Error> {
        let troubled = TroubledRow {
            summary,
            services: row.try_get("services")?,
            error_type: row.try_get("error_type")?,
            fingerprint: row.try_get("fingerprint")?,
            evidence: evidence(row)?,
            updated_at: instant(row.try_get::<OffsetDateTime, _>("updated_at")?),
            cursor: TroubledCursor {
                started_at: instant(row.try_get("started_at")?),
                key: row.try_get("key")?,
            },
        };
        Ok((troubled, row.try_get("error_message")?))
    };
    read().during("read troubled journey")
}

fn attempt(row: &PgRow) -> Result<TroubledAttempt, sqlx::Error> {
    let cause: Option<String> = row.try_get("cause")?;
    Ok(TroubledAttempt {
        group: row.try_get("group_name")?,
        n: row.try_get::<i32, _>("n")?.max(0) as u32,
        started_at: instant(row.try_get("started_at")?),
        destination: row.try_get("destination")?,
        service: row.try_get("service")?,
        instance: row.try_get("instance")?,
        version: row.try_get("version")?,
        error_type: row.try_get("error_type")?,
        first_frame: row.try_get("first_frame")?,
        message: row.try_get("message")?,
        delay_before_ms: row.try_get("delay_before_ms")?,
        fingerprint: row.try_get("fingerprint")?,
        evidence: evidence(row)?,
        cause: cause.map(|rule| Cause {
            rule,
            sentence: String::new(),
        }),
    })
}

fn evidence(row: &PgRow) -> Result<Option<FailureEvidence>, sqlx::Error> {
    let name: Option<&str> = row.try_get("evidence")?;
    Ok(name.and_then(FailureEvidence::from_name))
}
