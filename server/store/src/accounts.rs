//! Accounts: names, roles and password hashes (argon2, made by the caller).
//!
//! Changes that could leave no administrator run under one lock, and are refused if they would.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use waybill_model::access::Role;
use waybill_model::time::Timestamp;
use waybill_model::view::UserLine;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, storable};

statements! {
    LOCK = "SELECT pg_advisory_xact_lock(7766554404)";
    LIST = "SELECT id, name, role, password_hash, created_at, last_seen_at FROM account ORDER BY lower(name)";
    BY_NAME = "SELECT id, name, role, password_hash, created_at, last_seen_at FROM account
            WHERE lower(name) = lower($1)";
    BY_ID = "SELECT id, name, role, password_hash, created_at, last_seen_at FROM account WHERE id = $1";
    CREATE = "INSERT INTO account (name, role, password_hash) VALUES ($1, $2, $3) RETURNING id";
    OTHER_ADMINS = "SELECT count(*) FROM account WHERE role = 'admin' AND id <> $1";
    SET_ROLE = "UPDATE account SET role = $2 WHERE id = $1";
    SET_PASSWORD = "WITH ended AS (DELETE FROM session WHERE account_id = $1)
            UPDATE account SET password_hash = $2 WHERE id = $1";
    REMOVE = "DELETE FROM account WHERE id = $1";
    SEEN = "UPDATE account SET last_seen_at = $2
            WHERE id = $1 AND (last_seen_at IS NULL OR last_seen_at < $2::timestamptz - interval '1 minute')";
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: i64,
    pub name: String,
    pub role: Role,
    /// Argon2 in PHC form.
    pub password_hash: String,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

impl Store {
    /// By name.
    pub async fn accounts(&self) -> Result<Vec<UserLine>, StoreError> {
        let rows = sqlx::query(LIST)
            .fetch_all(&self.pool)
            .await
            .during("list accounts")?;
        rows.iter()
            .map(|row| {
                let account = account(row)?;
                Ok(UserLine {
                    id: account.id,
                    name: account.name,
                    role: account.role,
                    created_at: account.created_at,
                    last_seen_at: account.last_seen_at,
                })
            })
            .collect()
    }

    /// Upper and lower case are the same name.
    pub async fn account_by_name(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(BY_NAME)
            .bind(storable(name))
            .fetch_optional(&self.pool)
            .await
            .during("read account")?;
        row.as_ref().map(account).transpose()
    }

    pub async fn account(&self, id: i64) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(BY_ID)
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .during("read account")?;
        row.as_ref().map(account).transpose()
    }

    /// `Conflict` when the name is taken, or is empty or longer than 200 characters.
    pub async fn create_account(
        &self,
        name: &str,
        role: Role,
        password_hash: &str,
    ) -> Result<i64, StoreError> {
        let mut connection = self.pool.acquire().await.during("create account")?;
        create(&mut connection, name, role, password_hash).await
    }

    /// False: no such account. `Conflict`: it is the last administrator.
    pub async fn set_role(&self, id: i64, role: Role) -> Result<bool, StoreError> {
        let mut tx = self.begin().await.during("set role")?;
        if role != Role::Admin {
            refuse_last_admin(&mut tx, id).await?;
        }
        let done = sqlx::query(SET_ROLE)
            .bind(id)
            .bind(role.name())
            .execute(&mut *tx)
            .await
            .during("set role")?;
        tx.commit().await.during("set role")?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends every session of the account. False: no such account.
    pub async fn set_password(&self, id: i64, password_hash: &str) -> Result<bool, StoreError> {
        sqlx::query(SET_PASSWORD)
            .bind(id)
            .bind(password_hash)
            .execute(&self.pool)
            .await
            .during("set password")
            .map(|done| done.rows_affected() > 0)
    }

    /// With its sessions, tokens and grants. False: no such account. `Conflict`: it is the last
    /// administrator.
    pub async fn remove_account(&self, id: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await.during("remove account")?;
        refuse_last_admin(&mut tx, id).await?;
        let done = sqlx::query(REMOVE)
            .bind(id)
            .execute(&mut *tx)
            .await
            .during("remove account")?;
        tx.commit().await.during("remove account")?;
        Ok(done.rows_affected() > 0)
    }

    /// Written at most once a minute.
    pub async fn account_seen(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(SEEN)
            .bind(id)
            .bind(at.to_offset_date_time())
            .execute(&self.pool)
            .await
            .during("note account")
            .map(|_| ())
    }

    pub async fn has_admin(&self) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await.during("count admins")?;
        other_admins(&mut connection, 0)
            .await
            .map(|count| count > 0)
    }
}

/// Serialises what depends on how many administrators there are, until the transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(LOCK)
        .execute(tx)
        .await
        .during("lock accounts")
        .map(|_| ())
}

pub(crate) async fn create(
    connection: &mut PgConnection,
    name: &str,
    role: Role,
    password_hash: &str,
) -> Result<i64, StoreError> {
    if !(1..=200).contains(&name.chars().count()) {
        return Err(StoreError::conflict("a name has 1 to 200 characters"));
    }
    sqlx::query_scalar(CREATE)
        .bind(storable(name))
        .bind(role.name())
        .bind(password_hash)
        .fetch_one(connection)
        .await
        .during("create account")
}

/// Ids start at 1: 0 asks for all of them.
pub(crate) async fn other_admins(
    connection: &mut PgConnection,
    id: i64,
) -> Result<i64, StoreError> {
    sqlx::query_scalar(OTHER_ADMINS)
        .bind(id)
        .fetch_one(connection)
        .await
        .during("count admins")
}

async fn refuse_last_admin(tx: &mut PgConnection, id: i64) -> Result<(), StoreError> {
    lock(tx).await?;
    let row = sqlx::query(BY_ID)
        .bind(id)
        .fetch_optional(&mut *tx)
        .await
        .during("read account")?;
    let is_admin = match &row {
        Some(row) => account(row)?.role == Role::Admin,
        None => false,
    };
    if is_admin && other_admins(tx, id).await? == 0 {
        return Err(StoreError::conflict("the last administrator must stay"));
    }
    Ok(())
}

fn account(row: &PgRow) -> Result<Account, StoreError> {
    let read = || -> Result<(Account, String), sqlx::Error> {
        let account = Account {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            role: Role::Viewer,
            password_hash: row.try_get("password_hash")?,
            created_at: instant(row.try_get("created_at")?),
            last_seen_at: row
                .try_get::<Option<OffsetDateTime>, _>("last_seen_at")?
                .map(instant),
        };
        Ok((account, row.try_get("role")?))
    };
    let (mut account, role) = read().during("read account")?;
    account.role = role_named(&role)?;
    Ok(account)
}

/// A role this binary does not know is an error, never a guess.
pub(crate) fn role_named(name: &str) -> Result<Role, StoreError> {
    Role::from_name(name)
        .ok_or_else(|| StoreError::internal("read role", format!("unknown role {name:?}")))
}
