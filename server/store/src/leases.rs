//! Leases: what several processes on one database must not do twice at a time.

use sqlx::Row;
use time::OffsetDateTime;
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::instant;

statements! {
    TAKE = "INSERT INTO lease (name, holder, epoch, expires_at)
            VALUES ($1, $2, 1, now() + make_interval(secs => $3))
            ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at,
                epoch = lease.epoch + (lease.holder <> EXCLUDED.holder)::integer
            WHERE lease.holder = EXCLUDED.holder OR lease.expires_at < now()
            RETURNING epoch, expires_at";
    RELEASE = "UPDATE lease SET expires_at = '-infinity' WHERE name = $1 AND holder = $2";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Grows with each change of holder.
    pub epoch: i64,
    /// By the database's clock.
    pub expires_at: Timestamp,
}

impl Store {
    /// Takes or renews; `None`: somebody else holds it.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        duration: std::time::Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let row = sqlx::query(TAKE)
            .bind(name)
            .bind(holder)
            .bind(duration.as_secs_f64())
            .fetch_optional(&self.pool)
            .await
            .during("take lease")?;
        row.map(|row| {
            Ok(Lease {
                epoch: row.try_get(0)?,
                expires_at: instant(row.try_get::<OffsetDateTime, _>(1)?),
            })
        })
        .transpose()
        .during("take lease")
    }

    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        sqlx::query(RELEASE)
            .bind(name)
            .bind(holder)
            .execute(&self.pool)
            .await
            .during("release lease")
            .map(|_| ())
    }
}
