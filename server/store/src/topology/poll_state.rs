//! How the polling of each cluster goes.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::cluster::{PollState, Refusal};
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, storable};

statements! {
    /// What was told once stays while nobody tells it anew.
    SAVE = "INSERT INTO cluster_poll AS old (cluster, system, interval_ms, topology_every_ms, topology_at,
                readings_at, refused_at, refused_reason, refused_detail, refused_hint, missing_rights)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (cluster) DO UPDATE SET system = EXCLUDED.system,
                interval_ms = EXCLUDED.interval_ms, topology_every_ms = EXCLUDED.topology_every_ms,
                topology_at = coalesce(EXCLUDED.topology_at, old.topology_at),
                readings_at = coalesce(EXCLUDED.readings_at, old.readings_at),
                refused_at = EXCLUDED.refused_at, refused_reason = EXCLUDED.refused_reason,
                refused_detail = EXCLUDED.refused_detail, refused_hint = EXCLUDED.refused_hint,
                missing_rights = coalesce(EXCLUDED.missing_rights, old.missing_rights)";
    READ = "SELECT cluster, system, interval_ms, topology_every_ms, topology_at, readings_at, refused_at,
                refused_reason, refused_detail, refused_hint, missing_rights
            FROM cluster_poll ORDER BY cluster";
}

impl Store {
    pub async fn save_poll_state(&self, state: &PollState) -> Result<(), StoreError> {
        let refused = state.refused.as_ref();
        let text = |pick: fn(&Refusal) -> &String| refused.map(|r| storable(pick(r)).into_owned());
        let rights = match &state.missing_rights {
            Some(rights) => Some(
                serde_json::to_string(rights)
                    .map_err(|error| StoreError::internal("save poll state", error))?,
            ),
            None => None,
        };
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_offset_date_time);
        sqlx::query(SAVE)
            .bind(storable(&state.cluster))
            .bind(storable(&state.system))
            .bind(i64::try_from(state.interval_ms).unwrap_or(i64::MAX))
            .bind(i64::try_from(state.topology_every_ms).unwrap_or(i64::MAX))
            .bind(time(state.topology_at))
            .bind(time(state.readings_at))
            .bind(time(refused.map(|refused| refused.at)))
            .bind(text(|refused| &refused.reason))
            .bind(text(|refused| &refused.detail))
            .bind(text(|refused| &refused.hint))
            .bind(rights)
            .execute(&self.pool)
            .await
            .during("save poll state")
            .map(|_| ())
    }

    /// Of all clusters that were ever polled, also those that are configured no more.
    pub async fn poll_states(&self) -> Result<Vec<PollState>, StoreError> {
        let rows = sqlx::query(READ).fetch_all(&self.pool).await;
        let rows = rows.during("read poll states")?;
        rows.iter()
            .map(state)
            .collect::<Result<_, _>>()
            .during("read poll states")
    }
}

fn state(row: &PgRow) -> Result<PollState, sqlx::Error> {
    let time = |name: &str| -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(row.try_get::<Option<OffsetDateTime>, _>(name)?.map(instant))
    };
    let text = |name: &str| -> Result<String, sqlx::Error> {
        Ok(row.try_get::<Option<String>, _>(name)?.unwrap_or_default())
    };
    let refused = match time("refused_at")? {
        Some(at) => Some(Refusal {
            reason: text("refused_reason")?,
            detail: text("refused_detail")?,
            hint: text("refused_hint")?,
            at,
        }),
        None => None,
    };
    let rights: Option<String> = row.try_get("missing_rights")?;
    Ok(PollState {
        cluster: row.try_get("cluster")?,
        system: row.try_get("system")?,
        interval_ms: row.try_get::<i64, _>("interval_ms")?.max(0) as u64,
        topology_every_ms: row.try_get::<i64, _>("topology_every_ms")?.max(0) as u64,
        topology_at: time("topology_at")?,
        readings_at: time("readings_at")?,
        refused,
        missing_rights: rights.and_then(|rights| serde_json::from_str(&rights).ok()),
    })
}
