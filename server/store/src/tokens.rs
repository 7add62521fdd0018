//! Tokens: for the API, speaking for an account, and for ingest, write-only. Only the SHA-256 of a
//! secret is stored.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::access::Role;
use waybill_model::time::Timestamp;
use waybill_model::view::{TokenLine, TokenPurpose};

use crate::accounts::role_named;
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, sha256, storable};

statements! {
    CREATE = "INSERT INTO token (secret_hash, name, purpose, account_id, role, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    READ = "SELECT id, name, purpose, account_id, role, last_used_at FROM token
            WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2)";
    USED = "UPDATE token SET last_used_at = $2 WHERE id = $1";
    LIST = "SELECT t.id, t.name, t.purpose, a.name AS account, coalesce(t.role, a.role) AS role, t.created_at, t.last_used_at, t.expires_at
            FROM token t LEFT JOIN account a ON a.id = t.account_id ORDER BY t.id DESC";
    REVOKE = "DELETE FROM token WHERE id = $1";
}

#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    pub name: &'a str,
    pub purpose: TokenPurpose,
    /// Required for the API.
    pub account_id: Option<i64>,
    /// What it may do at most, within its account's rights; `None`: all that the account may.
    pub role: Option<Role>,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: i64,
    pub name: String,
    pub purpose: TokenPurpose,
    pub account_id: Option<i64>,
    pub role: Option<Role>,
}

impl Store {
    /// `Conflict` where an API token names no account, or the name is empty or longer than 200
    /// characters.
    pub async fn create_token(&self, token: NewToken<'_>, secret: &str) -> Result<i64, StoreError> {
        if token.purpose == TokenPurpose::Api && token.account_id.is_none() {
            return Err(StoreError::conflict("an API token belongs to an account"));
        }
        if !(1..=200).contains(&token.name.chars().count()) {
            return Err(StoreError::conflict("a name has 1 to 200 characters"));
        }
        sqlx::query_scalar(CREATE)
            .bind(sha256(secret.as_bytes()))
            .bind(storable(token.name))
            .bind(purpose_name(token.purpose))
            .bind(token.account_id)
            .bind(token.role.map(Role::name))
            .bind(token.expires_at.map(Timestamp::to_offset_date_time))
            .fetch_one(&self.pool)
            .await
            .during("create token")
    }

    /// The living token with this secret; its use is noted at most once a minute.
    pub async fn token(&self, secret: &str, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let now = now.to_offset_date_time();
        let row = sqlx::query(READ)
            .bind(sha256(secret.as_bytes()))
            .bind(now)
            .fetch_optional(&self.pool)
            .await
            .during("read token")?;
        let Some(row) = row else { return Ok(None) };
        let token = token(&row)?;
        let used: Option<OffsetDateTime> = row.try_get("last_used_at").during("read token")?;
        if used.is_none_or(|used| now - used > time::Duration::MINUTE) {
            sqlx::query(USED)
                .bind(token.id)
                .bind(now)
                .execute(&self.pool)
                .await
                .during("note token")?;
        }
        Ok(Some(token))
    }

    /// Newest first.
    pub async fn tokens(&self) -> Result<Vec<TokenLine>, StoreError> {
        let rows = sqlx::query(LIST)
            .fetch_all(&self.pool)
            .await
            .during("list tokens")?;
        rows.iter().map(line).collect()
    }

    /// False: no such token.
    pub async fn revoke_token(&self, id: i64) -> Result<bool, StoreError> {
        sqlx::query(REVOKE)
            .bind(id)
            .execute(&self.pool)
            .await
            .during("revoke token")
            .map(|done| done.rows_affected() > 0)
    }
}

fn token(row: &PgRow) -> Result<Token, StoreError> {
    let read = || -> Result<(Token, Option<String>), sqlx::Error> {
        let token = Token {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            purpose: purpose(row.try_get("purpose")?),
            account_id: row.try_get("account_id")?,
            role: None,
        };
        Ok((token, row.try_get("role")?))
    };
    let (mut token, role) = read().during("read token")?;
    token.role = role.as_deref().map(role_named).transpose()?;
    Ok(token)
}

fn line(row: &PgRow) -> Result<TokenLine, StoreError> {
    let read = || -> Result<(TokenLine, Option<String>), sqlx::Error> {
        let line = TokenLine {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            purpose: purpose(row.try_get("purpose")?),
            user: row.try_get("account")?,
            role: None,
            created_at: instant(row.try_get("created_at")?),
            last_used_at: optional(row.try_get("last_used_at")?),
            expires_at: optional(row.try_get("expires_at")?),
        };
        Ok((line, row.try_get("role")?))
    };
    let (mut line, role) = read().during("list tokens")?;
    line.role = role.as_deref().map(role_named).transpose()?;
    Ok(line)
}

fn optional(at: Option<OffsetDateTime>) -> Option<Timestamp> {
    at.map(instant)
}

/// The column allows two words; what is not the API's may only write.
fn purpose(name: &str) -> TokenPurpose {
    match name {
        "api" => TokenPurpose::Api,
        _ => TokenPurpose::Ingest,
    }
}

fn purpose_name(purpose: TokenPurpose) -> &'static str {
    match purpose {
        TokenPurpose::Api => "api",
        TokenPurpose::Ingest => "ingest",
    }
}
