//! What people say of a kind of failure: whose it is, a note, and until when it is muted.

use waybill_model::failure::FailureChange;
use waybill_model::time::Timestamp;

use super::Said;
use super::read::said;
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::storable;

statements! {
    SAID = "SELECT owner, note, muted_until, changed_by, changed_at FROM failure_group
            WHERE fingerprint = $1";
    CHANGE = "INSERT INTO failure_group AS g (fingerprint, owner, note, muted_until, changed_by, changed_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (fingerprint) DO UPDATE SET
                owner = CASE WHEN $7 THEN EXCLUDED.owner ELSE g.owner END,
                note = CASE WHEN $8 THEN EXCLUDED.note ELSE g.note END,
                muted_until = CASE WHEN $9 THEN EXCLUDED.muted_until ELSE g.muted_until END,
                changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at";
    /// Kinds that are muted and have a message in trouble that began since.
    MUTED = "SELECT count(DISTINCT fingerprint) FROM troubled_journey
            WHERE started_at >= $1 AND state <> ALL($3) AND fingerprint IN (
                SELECT fingerprint FROM failure_group WHERE muted_until > $2)";
}

impl Store {
    pub async fn said_of_failure(&self, fingerprint: &str) -> Result<Option<Said>, StoreError> {
        let row = sqlx::query(SAID)
            .bind(storable(fingerprint))
            .fetch_optional(&self.pool)
            .await
            .during("read failure group")?;
        let read = row.as_ref().map(said).transpose();
        Ok(read.during("read failure group")?.flatten())
    }

    /// Changes what `change` has and leaves the rest.
    pub async fn change_failure(
        &self,
        fingerprint: &str,
        change: &FailureChange,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = |value: &Option<Option<String>>| {
            let value = value.as_ref().and_then(Option::as_deref);
            value.map(|value| storable(value).into_owned())
        };
        let muted_until = change.muted_until.flatten();
        sqlx::query(CHANGE)
            .bind(storable(fingerprint))
            .bind(text(&change.owner))
            .bind(text(&change.note))
            .bind(muted_until.map(Timestamp::to_offset_date_time))
            .bind(storable(by))
            .bind(now.to_offset_date_time())
            .bind(change.owner.is_some())
            .bind(change.note.is_some())
            .bind(change.muted_until.is_some())
            .execute(&self.pool)
            .await
            .during("change failure group")
            .map(|_| ())
    }

    /// Muted kinds of failure that messages begun since `from` are of; messages in these `quiet`
    /// states are in no trouble.
    pub async fn muted_failures(
        &self,
        from: Timestamp,
        now: Timestamp,
        quiet: &[waybill_model::journey::JourneyState],
    ) -> Result<u64, StoreError> {
        let quiet: Vec<&str> = quiet
            .iter()
            .map(|s| crate::troubled::state_name(*s))
            .collect();
        let count: i64 = sqlx::query_scalar(MUTED)
            .bind(from.to_offset_date_time())
            .bind(now.to_offset_date_time())
            .bind(quiet)
            .fetch_one(&self.pool)
            .await
            .during("count muted failures")?;
        Ok(count.max(0) as u64)
    }
}
