//! Kinds of failure, added up.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::failure::FailureEvidence;
use waybill_model::journey::JourneySummary;
use waybill_model::time::Timestamp;

use super::{
    Among, FailedJourneys, FailedStep, Failure, FailureFilter, FailureOrder, Place, Said,
    failure_key, state_of,
};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, like_anywhere, storable, time};
use crate::topology::sights;

statements! {
    /// Narrow rows are added up by place, and only what is listed is told in words.
    LIST = "WITH fitting AS MATERIALIZED (
                SELECT place, failure, fingerprint FROM failure_place
                WHERE ($1::bigint IS NULL OR failure = $1) AND ($2::text IS NULL OR cluster = $2)
                AND ($3::text IS NULL OR destination = $3) AND ($4::text IS NULL OR group_name = $4)
                AND ($5::text IS NULL OR error_type ILIKE $5 OR first_frame ILIKE $5 OR message ILIKE $5)
                AND ($6::text[] IS NULL OR EXISTS (
                    SELECT FROM unnest($6::text[], $7::text[]) AS s(c, r)
                    WHERE coalesce(cluster, '') LIKE s.c AND coalesce(destination, '') LIKE s.r))
            ), cells AS MATERIALIZED (
                SELECT place, count(*) AS attempts, min(at) AS first_at, max(at) AS last_at
                FROM failed_attempt
                WHERE ($1::bigint IS NULL OR failure = $1) AND at >= $8 AND at < $9 GROUP BY place
            ), sums AS (
                SELECT fingerprint, CASE $10::smallint
                    WHEN 1 THEN sum(attempts)::bigint
                    WHEN 2 THEN (extract(epoch FROM min(first_at)) * 1000000)::bigint
                    ELSE (extract(epoch FROM max(last_at)) * 1000000)::bigint END AS value
                FROM fitting JOIN cells USING (place) GROUP BY fingerprint
            ), page AS MATERIALIZED (
                SELECT fingerprint, value, g.owner, g.note, g.muted_until, g.changed_by, g.changed_at
                FROM sums LEFT JOIN failure_group g USING (fingerprint)
                WHERE ($11::boolean IS NULL OR $11 = coalesce(g.muted_until > $12, false))
                AND ($13::bigint IS NULL OR value < $13
                    OR (value = $13 AND fingerprint COLLATE \"C\" < $14 COLLATE \"C\"))
                ORDER BY value DESC, fingerprint COLLATE \"C\" DESC LIMIT $15
            )
            SELECT page.*, p.place, p.evidence, p.error_type, p.first_frame, p.system, p.cluster,
                p.destination, p.group_name, p.service, p.version, p.cause, p.cause_sentence, p.message,
                p.seen_at, c.attempts, c.first_at, c.last_at
            FROM page JOIN fitting f USING (fingerprint) JOIN cells c ON c.place = f.place
            JOIN failure_place p ON p.place = f.place
            ORDER BY page.value DESC, page.fingerprint COLLATE \"C\" DESC, c.attempts DESC, p.place";
    JOURNEYS = "SELECT failure, state, count(*) AS journeys FROM (
                SELECT DISTINCT failure, state, journey FROM failed_attempt
                WHERE ($4::bigint IS NULL OR failure = $4) AND (place IN (SELECT unnest($1::bigint[]))) IS TRUE AND at >= $2 AND at < $3) AS each_once
            GROUP BY failure, state";
    STEPS = "SELECT failure, date_bin(make_interval(secs => $5), at, $2) AS step, count(*) AS attempts
            FROM failed_attempt
            WHERE ($4::bigint IS NULL OR failure = $4) AND (place IN (SELECT unnest($1::bigint[]))) IS TRUE AND at >= $2 AND at < $3 GROUP BY failure, step";
    RECENT = "SELECT j.summary FROM (
                SELECT key, max(at) AS at FROM failed_attempt
                WHERE ($4::bigint IS NULL OR failure = $4) AND (place IN (SELECT unnest($1::bigint[]))) IS TRUE AND at >= $2 AND at < $3
                GROUP BY key ORDER BY max(at) DESC, key LIMIT $5) AS latest
            JOIN troubled_journey j USING (key) ORDER BY latest.at DESC, key";
}

impl Store {
    /// Kinds of failure with their places, in the filter's order.
    pub async fn failures(
        &self,
        filter: &FailureFilter,
        limit: u32,
    ) -> Result<Vec<Failure>, StoreError> {
        let text = |value: &Option<String>| value.as_deref().map(|v| storable(v).into_owned());
        let (clusters, resources) = sights(filter.sights.as_deref());
        let after = filter.after.as_ref();
        let rows = sqlx::query(LIST)
            .persistent(false)
            .bind(filter.fingerprint.as_deref().map(failure_key))
            .bind(text(&filter.cluster))
            .bind(text(&filter.destination))
            .bind(text(&filter.group))
            .bind(filter.q.as_deref().map(like_anywhere))
            .bind(clusters)
            .bind(resources)
            .bind(filter.from.to_offset_date_time())
            .bind(filter.to.to_offset_date_time())
            .bind(order_code(filter.sort))
            .bind(filter.muted.map(|(muted, _)| muted))
            .bind(filter.muted.map(|(_, now)| now.to_offset_date_time()))
            .bind(after.map(|after| after.value))
            .bind(after.map(|after| storable(&after.fingerprint).into_owned()))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .during("list failures")?;
        let mut failures: Vec<Failure> = Vec::new();
        for row in &rows {
            add(&mut failures, row).during("list failures")?;
        }
        Ok(failures)
    }

    /// Each message once for a failure.
    pub async fn failed_journeys(
        &self,
        among: &Among<'_>,
    ) -> Result<Vec<FailedJourneys>, StoreError> {
        let read = |row: &PgRow| -> Result<FailedJourneys, sqlx::Error> {
            Ok(FailedJourneys {
                failure: row.try_get("failure")?,
                state: state_of(row.try_get("state")?),
                journeys: row.try_get::<i64, _>("journeys")?.max(0) as u64,
            })
        };
        let rows = among.of(JOURNEYS).fetch_all(&self.pool).await;
        let rows = rows.during("count journeys of failures")?;
        let all: Result<_, _> = rows.iter().map(read).collect();
        all.during("count journeys of failures")
    }

    /// Failed attempts by steps of `step_ms` from `among.from` on; steps without one have no row.
    pub async fn failed_steps(
        &self,
        among: &Among<'_>,
        step_ms: u64,
    ) -> Result<Vec<FailedStep>, StoreError> {
        let read = |row: &PgRow| -> Result<FailedStep, sqlx::Error> {
            Ok(FailedStep {
                failure: row.try_get("failure")?,
                at: instant(row.try_get::<OffsetDateTime, _>("step")?),
                attempts: row.try_get::<i64, _>("attempts")?.max(0) as u64,
            })
        };
        let query = among.of(STEPS).bind(step_ms as f64 / 1_000.0);
        let rows = query.fetch_all(&self.pool).await;
        let rows = rows.during("read trends of failures")?;
        let all: Result<_, _> = rows.iter().map(read).collect();
        all.during("read trends of failures")
    }

    /// Messages with such an attempt, the latest attempt first.
    pub async fn recently_failed(
        &self,
        among: &Among<'_>,
        limit: u32,
    ) -> Result<Vec<JourneySummary>, StoreError> {
        let query = among.of(RECENT).bind(i64::from(limit));
        let rows = query.fetch_all(&self.pool).await;
        let rows = rows.during("list failed journeys")?;
        let read = |row: &PgRow| {
            let summary: &str = row.try_get("summary").during("list failed journeys")?;
            serde_json::from_str(summary)
                .map_err(|error| StoreError::internal("list failed journeys", error))
        };
        rows.iter().map(read).collect()
    }
}

impl Among<'_> {
    fn of(
        &self,
        sql: &'static str,
    ) -> sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments> {
        // Planned with its values: one failure is found by index, many in one pass.
        sqlx::query(sql)
            .persistent(false)
            .bind(self.places)
            .bind(self.from.to_offset_date_time())
            .bind(self.to.to_offset_date_time())
            .bind(self.fingerprint.map(failure_key))
    }
}

fn order_code(order: FailureOrder) -> i16 {
    match order {
        FailureOrder::Last => 0,
        FailureOrder::Attempts => 1,
        FailureOrder::First => 2,
    }
}

/// Rows of one failure stand together.
fn add(failures: &mut Vec<Failure>, row: &PgRow) -> Result<(), sqlx::Error> {
    let fingerprint: String = row.try_get("fingerprint")?;
    let place = place(row)?;
    match failures.last_mut() {
        Some(last) if last.fingerprint == fingerprint => last.places.push(place),
        _ => failures.push(Failure {
            value: row.try_get("value")?,
            said: said(row)?,
            fingerprint,
            places: vec![place],
        }),
    }
    Ok(())
}

/// `None`: nobody said anything.
pub(super) fn said(row: &PgRow) -> Result<Option<Said>, sqlx::Error> {
    let Some(changed_by) = row.try_get("changed_by")? else {
        return Ok(None);
    };
    Ok(Some(Said {
        owner: row.try_get("owner")?,
        note: row.try_get("note")?,
        muted_until: time(row, "muted_until")?,
        changed_by,
        changed_at: instant(row.try_get::<OffsetDateTime, _>("changed_at")?),
    }))
}

fn place(row: &PgRow) -> Result<Place, sqlx::Error> {
    let at = |name| -> Result<Timestamp, sqlx::Error> {
        Ok(instant(row.try_get::<OffsetDateTime, _>(name)?))
    };
    let evidence: Option<&str> = row.try_get("evidence")?;
    Ok(Place {
        id: row.try_get("place")?,
        evidence: evidence.and_then(FailureEvidence::from_name),
        error_type: row.try_get("error_type")?,
        first_frame: row.try_get("first_frame")?,
        system: row.try_get("system")?,
        cluster: row.try_get("cluster")?,
        destination: row.try_get("destination")?,
        group: row.try_get("group_name")?,
        service: row.try_get("service")?,
        version: row.try_get("version")?,
        cause: row.try_get("cause")?,
        cause_sentence: row.try_get("cause_sentence")?,
        message: row.try_get("message")?,
        seen_at: at("seen_at")?,
        attempts: row.try_get::<i64, _>("attempts")?.max(0) as u64,
        first_at: at("first_at")?,
        last_at: at("last_at")?,
    })
}
