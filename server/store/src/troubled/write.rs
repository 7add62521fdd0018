//! Writing troubled journeys.

use sqlx::PgConnection;
use time::OffsetDateTime;
use waybill_model::failure::FailureEvidence;
use waybill_model::time::Timestamp;

use super::{Troubled, TroubledAttempt, state_name};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{sha256, storable};

statements! {
    /// Lists of groups, services, destinations and ids arrive joined by U+001F.
    UPSERT = "INSERT INTO troubled_journey (key, id, state, system, cluster, destination, groups, services,
                destinations, message_key, message_id, error_type, error_message, fingerprint,
                started_at, updated_at, attempts, total_ms, summary, evidence, overtaken_by)
            SELECT key, id, state, system, cluster, destination,
                string_to_array(groups, E'\\x1f'), string_to_array(services, E'\\x1f'),
                string_to_array(destinations, E'\\x1f'), message_key, message_id, error_type, error_message, fingerprint,
                started_at, updated_at, attempts, total_ms, summary, evidence, string_to_array(overtaken_by, E'\\x1f')
            FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::timestamptz[], $15::timestamptz[], $16::integer[], $17::double precision[], $18::text[],
                $19::text[], $20::text[], $21::text[])
                AS u(key, id, state, system, cluster, destination, groups, services, message_key, message_id,
                    error_type, error_message, fingerprint, started_at, updated_at, attempts, total_ms, summary, destinations, evidence, overtaken_by)
            ON CONFLICT (key) DO UPDATE SET state = EXCLUDED.state, system = EXCLUDED.system,
                cluster = EXCLUDED.cluster, destination = EXCLUDED.destination, groups = EXCLUDED.groups,
                services = EXCLUDED.services, destinations = EXCLUDED.destinations, message_key = EXCLUDED.message_key,
                message_id = EXCLUDED.message_id, error_type = EXCLUDED.error_type,
                error_message = EXCLUDED.error_message, fingerprint = EXCLUDED.fingerprint,
                started_at = EXCLUDED.started_at, updated_at = EXCLUDED.updated_at,
                attempts = EXCLUDED.attempts, total_ms = EXCLUDED.total_ms, summary = EXCLUDED.summary,
                evidence = EXCLUDED.evidence, overtaken_by = EXCLUDED.overtaken_by";
    DROP_ATTEMPTS = "DELETE FROM troubled_attempt WHERE key = ANY($1)";
    ATTEMPTS = "INSERT INTO troubled_attempt (key, position, group_name, n, started_at, destination,
                service, instance, version, error_type, first_frame, message, delay_before_ms, fingerprint, evidence, cause)
            SELECT * FROM unnest($1::bytea[], $2::integer[], $3::text[], $4::integer[], $5::timestamptz[],
                $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                $13::double precision[], $14::text[], $15::text[], $16::text[])";
    FORGET = "DELETE FROM troubled_journey WHERE key = ANY($1)";
}

impl Store {
    /// Writes or replaces, all or none. Of several with one id the last stands.
    pub async fn save_troubled(&self, journeys: &[Troubled]) -> Result<(), StoreError> {
        let mut rows: Vec<(Vec<u8>, &Troubled)> = journeys
            .iter()
            .map(|journey| (key_of(&journey.summary.id), journey))
            .collect();
        // One order for all writers, so that two cannot wait for each other.
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.reverse();
        rows.dedup_by(|later, kept| later.0 == kept.0);
        rows.reverse();
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await.during("save troubled journeys")?;
        upsert(&mut tx, &rows).await?;
        attempts(&mut tx, &rows).await?;
        crate::failures::save(&mut tx, &rows).await?;
        tx.commit().await.during("save troubled journeys")
    }

    /// Removes journeys that turned out well, or merged into another.
    pub async fn forget_troubled(&self, ids: &[String]) -> Result<u64, StoreError> {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| key_of(id)).collect();
        sqlx::query(FORGET)
            .bind(keys)
            .execute(&self.pool)
            .await
            .during("forget troubled journeys")
            .map(|done| done.rows_affected())
    }
}

pub(super) fn key_of(id: &str) -> Vec<u8> {
    sha256(id.as_bytes())
}

type Rows<'a> = [(Vec<u8>, &'a Troubled)];

async fn upsert(tx: &mut PgConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let keys: Vec<&[u8]> = rows.iter().map(|(key, _)| key.as_slice()).collect();
    let summaries = rows
        .iter()
        .map(|(_, row)| serde_json::to_string(&row.summary))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| StoreError::internal("save troubled journeys", error))?;
    let texts = |pick: fn(&Troubled) -> Option<&str>| column(rows.iter().map(|(_, r)| pick(r)));
    let times = |pick: fn(&Troubled) -> Timestamp| -> Vec<OffsetDateTime> {
        rows.iter()
            .map(|(_, row)| pick(row).to_offset_date_time())
            .collect()
    };
    let counts: Vec<i32> = rows
        .iter()
        .map(|(_, r)| r.summary.attempts as i32)
        .collect();
    let totals: Vec<Option<f64>> = rows.iter().map(|(_, r)| r.summary.total_ms).collect();
    let groups: Vec<String> = rows.iter().map(|(_, r)| join(&r.summary.groups)).collect();
    let services: Vec<String> = rows.iter().map(|(_, r)| join(&r.services)).collect();
    let overtaken_by = rows.iter().map(|(_, r)| join(&r.summary.overtaken_by));
    let destinations: Vec<String> = rows.iter().map(|(_, r)| join(&r.destinations)).collect();
    sqlx::query(UPSERT)
        .bind(keys)
        .bind(texts(|r| Some(&r.summary.id)))
        .bind(texts(|r| Some(state_name(r.summary.state))))
        .bind(texts(|r| Some(&r.summary.message.system)))
        .bind(texts(|r| r.summary.message.cluster.as_deref()))
        .bind(texts(|r| r.summary.message.destination.as_deref()))
        .bind(groups)
        .bind(services)
        .bind(texts(|r| r.summary.message.key.as_deref()))
        .bind(texts(|r| r.summary.message.message_id.as_deref()))
        .bind(texts(|r| r.error_type.as_deref()))
        .bind(texts(|r| r.error_message.as_deref()))
        .bind(texts(|r| r.fingerprint.as_deref()))
        .bind(times(|r| r.summary.started_at))
        .bind(times(|r| r.updated_at))
        .bind(counts)
        .bind(totals)
        .bind(summaries)
        .bind(destinations)
        .bind(texts(|r| r.evidence.map(FailureEvidence::name)))
        .bind(overtaken_by.collect::<Vec<String>>())
        .execute(tx)
        .await
        .during("save troubled journeys")
        .map(|_| ())
}

async fn attempts(tx: &mut PgConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let keys: Vec<&[u8]> = rows.iter().map(|(key, _)| key.as_slice()).collect();
    sqlx::query(DROP_ATTEMPTS)
        .bind(keys)
        .execute(&mut *tx)
        .await
        .during("save attempts")?;
    let all: Vec<(&[u8], i32, &TroubledAttempt)> = rows
        .iter()
        .flat_map(|(key, row)| {
            let numbered = (1..).zip(&row.attempts);
            numbered.map(|(position, attempt)| (key.as_slice(), position, attempt))
        })
        .collect();
    let texts =
        |pick: fn(&TroubledAttempt) -> Option<&str>| column(all.iter().map(|(_, _, a)| pick(a)));
    let starts: Vec<OffsetDateTime> = all
        .iter()
        .map(|(_, _, a)| a.started_at.to_offset_date_time())
        .collect();
    sqlx::query(ATTEMPTS)
        .bind(all.iter().map(|(key, _, _)| *key).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, at, _)| *at).collect::<Vec<_>>())
        .bind(texts(|a| a.group.as_deref()))
        .bind(all.iter().map(|(_, _, a)| a.n as i32).collect::<Vec<_>>())
        .bind(starts)
        .bind(texts(|a| a.destination.as_deref()))
        .bind(texts(|a| Some(&a.service)))
        .bind(texts(|a| a.instance.as_deref()))
        .bind(texts(|a| a.version.as_deref()))
        .bind(texts(|a| a.error_type.as_deref()))
        .bind(texts(|a| a.first_frame.as_deref()))
        .bind(texts(|a| a.message.as_deref()))
        .bind(
            all.iter()
                .map(|(_, _, a)| a.delay_before_ms)
                .collect::<Vec<_>>(),
        )
        .bind(texts(|a| a.fingerprint.as_deref()))
        .bind(texts(|a| a.evidence.map(FailureEvidence::name)))
        .bind(texts(|a| Some(&a.cause.as_ref()?.rule)))
        .execute(tx)
        .await
        .during("save attempts")
        .map(|_| ())
}

fn column<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Vec<Option<String>> {
    values
        .map(|value| value.map(|text| storable(text).into_owned()))
        .collect()
}

fn join(items: &[String]) -> String {
    let clean = |item: &String| storable(item).replace('\u{1f}', "\u{fffd}");
    items.iter().map(clean).collect::<Vec<_>>().join("\u{1f}")
}
