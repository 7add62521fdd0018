//! Sessions of the console. Only the SHA-256 of a secret is stored.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, sha256};

statements! {
    OPEN = "INSERT INTO session (secret_hash, account_id, created_at, last_used_at, authenticated_at, idle_seconds, expires_at)
            VALUES ($1, $2, $3, $3, $3, $4, $5) RETURNING id";
    READ = "SELECT id, account_id, created_at, last_used_at, authenticated_at, expires_at FROM session
            WHERE secret_hash = $1 AND expires_at > $2
            AND last_used_at + make_interval(secs => idle_seconds) > $2";
    USED = "UPDATE session SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2::timestamptz - interval '1 minute'";
    ROTATE = "UPDATE session SET secret_hash = $2, authenticated_at = $3, last_used_at = $3
            WHERE secret_hash = $1 AND expires_at > $3";
    CLOSE = "DELETE FROM session WHERE secret_hash = $1";
    CLOSE_ALL = "DELETE FROM session WHERE account_id = $1";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: i64,
    pub account_id: i64,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// When the password was last given.
    pub authenticated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How long a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLife {
    /// Without use.
    pub idle: Duration,
    /// At most, from its start.
    pub absolute: Duration,
}

impl Store {
    /// `secret`: what the cookie will hold, at least 128 random bits.
    pub async fn open_session(
        &self,
        account_id: i64,
        secret: &str,
        life: SessionLife,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let absolute = i64::try_from(life.absolute.as_millis()).unwrap_or(i64::MAX);
        sqlx::query_scalar(OPEN)
            .bind(sha256(secret.as_bytes()))
            .bind(account_id)
            .bind(now.to_offset_date_time())
            .bind(i64::try_from(life.idle.as_secs()).unwrap_or(i64::MAX))
            .bind(now.plus_ms(absolute).to_offset_date_time())
            .fetch_one(&self.pool)
            .await
            .during("open session")
    }

    /// The session that lives under this secret; its use is noted at most once a minute.
    pub async fn session(
        &self,
        secret: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(READ)
            .bind(sha256(secret.as_bytes()))
            .bind(now.to_offset_date_time())
            .fetch_optional(&self.pool)
            .await
            .during("read session")?;
        let Some(session) = row
            .as_ref()
            .map(session)
            .transpose()
            .during("read session")?
        else {
            return Ok(None);
        };
        if now.ms_since(session.last_used_at) > 60_000.0 {
            sqlx::query(USED)
                .bind(session.id)
                .bind(now.to_offset_date_time())
                .execute(&self.pool)
                .await
                .during("note session")?;
        }
        Ok(Some(session))
    }

    /// Gives the session a new secret after the password was given again; the old one is dead.
    /// False: no such session.
    pub async fn rotate_session(
        &self,
        secret: &str,
        new_secret: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlx::query(ROTATE)
            .bind(sha256(secret.as_bytes()))
            .bind(sha256(new_secret.as_bytes()))
            .bind(now.to_offset_date_time())
            .execute(&self.pool)
            .await
            .during("rotate session")
            .map(|done| done.rows_affected() > 0)
    }

    pub async fn close_session(&self, secret: &str) -> Result<(), StoreError> {
        sqlx::query(CLOSE)
            .bind(sha256(secret.as_bytes()))
            .execute(&self.pool)
            .await
            .during("close session")
            .map(|_| ())
    }

    /// Every session of the account; returns how many there were.
    pub async fn close_sessions(&self, account_id: i64) -> Result<u64, StoreError> {
        sqlx::query(CLOSE_ALL)
            .bind(account_id)
            .execute(&self.pool)
            .await
            .during("close sessions")
            .map(|done| done.rows_affected())
    }
}

fn session(row: &PgRow) -> Result<Session, sqlx::Error> {
    Ok(Session {
        id: row.try_get(0)?,
        account_id: row.try_get(1)?,
        created_at: instant(row.try_get(2)?),
        last_used_at: instant(row.try_get(3)?),
        authenticated_at: instant(row.try_get(4)?),
        expires_at: instant(row.try_get(5)?),
    })
}
