//! Grants beside the role: account × action × (cluster, resource pattern) × expiry.

use sqlx::Row;
use time::OffsetDateTime;
use waybill_model::access::{Action, Grant};
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, storable};

statements! {
    ADD = "INSERT INTO access_grant (account_id, action, cluster, resource, expires_at)
            VALUES ($1, $2, $3, $4, $5) RETURNING id";
    OF_ACCOUNT = "SELECT id, action, cluster, resource, expires_at FROM access_grant
            WHERE account_id = $1 ORDER BY id";
    REMOVE = "DELETE FROM access_grant WHERE id = $1";
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredGrant {
    pub id: i64,
    pub grant: Grant,
}

impl Store {
    pub async fn add_grant(&self, account_id: i64, grant: &Grant) -> Result<i64, StoreError> {
        sqlx::query_scalar(ADD)
            .bind(account_id)
            .bind(grant.action.name())
            .bind(storable(&grant.cluster))
            .bind(storable(&grant.resource))
            .bind(grant.expires_at.map(Timestamp::to_offset_date_time))
            .fetch_one(&self.pool)
            .await
            .during("add grant")
    }

    /// Expired ones too: `Grant::allows` decides. An action that this binary does not know gives
    /// nothing.
    pub async fn grants_of(&self, account_id: i64) -> Result<Vec<StoredGrant>, StoreError> {
        let rows = sqlx::query(OF_ACCOUNT)
            .bind(account_id)
            .fetch_all(&self.pool)
            .await
            .during("read grants")?;
        let mut grants = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = || -> Result<Option<StoredGrant>, sqlx::Error> {
                let Some(action) = Action::from_name(row.try_get(1)?) else {
                    return Ok(None);
                };
                Ok(Some(StoredGrant {
                    id: row.try_get(0)?,
                    grant: Grant {
                        action,
                        cluster: row.try_get(2)?,
                        resource: row.try_get(3)?,
                        expires_at: row.try_get::<Option<OffsetDateTime>, _>(4)?.map(instant),
                    },
                }))
            };
            grants.extend(read().during("read grants")?);
        }
        Ok(grants)
    }

    /// False: no such grant.
    pub async fn remove_grant(&self, id: i64) -> Result<bool, StoreError> {
        sqlx::query(REMOVE)
            .bind(id)
            .execute(&self.pool)
            .await
            .during("remove grant")
            .map(|done| done.rows_affected() > 0)
    }
}
