//! The one-time link that makes the first administrator. It ends when an administrator exists.

use waybill_model::access::Role;

use crate::accounts;
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::sha256;

statements! {
    REPLACE = "INSERT INTO setup_link (secret_hash) VALUES ($1)
            ON CONFLICT (one) DO UPDATE SET secret_hash = EXCLUDED.secret_hash, created_at = now()";
    FITS = "SELECT EXISTS (SELECT FROM setup_link WHERE secret_hash = $1)
            AND NOT EXISTS (SELECT FROM account WHERE role = 'admin')";
    REMOVE = "DELETE FROM setup_link";
}

impl Store {
    /// The link before is dead. `Conflict`: an administrator exists.
    pub async fn set_setup_link(&self, secret: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await.during("make setup link")?;
        accounts::lock(&mut tx).await?;
        if accounts::other_admins(&mut tx, 0).await? > 0 {
            return Err(StoreError::conflict("an administrator exists"));
        }
        sqlx::query(REPLACE)
            .bind(sha256(secret.as_bytes()))
            .execute(&mut *tx)
            .await
            .during("make setup link")?;
        tx.commit().await.during("make setup link")
    }

    pub async fn setup_link_fits(&self, secret: &str) -> Result<bool, StoreError> {
        sqlx::query_scalar(FITS)
            .bind(sha256(secret.as_bytes()))
            .fetch_one(&self.pool)
            .await
            .during("check setup link")
    }

    /// Makes the first administrator and ends the link, both or neither. `None`: the link does not
    /// fit, was used, or an administrator exists.
    pub async fn use_setup_link(
        &self,
        secret: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.begin().await.during("use setup link")?;
        accounts::lock(&mut tx).await?;
        let fits: bool = sqlx::query_scalar(FITS)
            .bind(sha256(secret.as_bytes()))
            .fetch_one(&mut *tx)
            .await
            .during("use setup link")?;
        if !fits {
            return Ok(None);
        }
        let id = accounts::create(&mut tx, name, Role::Admin, password_hash).await?;
        sqlx::query(REMOVE)
            .execute(&mut *tx)
            .await
            .during("use setup link")?;
        tx.commit().await.during("use setup link")?;
        Ok(Some(id))
    }
}
