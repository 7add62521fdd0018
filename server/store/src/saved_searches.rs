//! Searches that people keep, each the query of a page's address.

use sqlx::Row;
use sqlx::postgres::PgRow;
use waybill_model::saved_search::{SavedSearch, SearchToSave};

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, storable};

statements! {
    SEEN = "SELECT s.id, s.account_id, s.name, a.name AS owner, s.shared, s.query, s.created_at, s.changed_at
            FROM saved_search s JOIN account a ON a.id = s.account_id
            WHERE s.account_id = $1 OR s.shared ORDER BY lower(s.name), s.id";
    ONE_SEEN = "SELECT s.id, s.account_id, s.name, a.name AS owner, s.shared, s.query, s.created_at, s.changed_at
            FROM saved_search s JOIN account a ON a.id = s.account_id
            WHERE s.id = $2 AND (s.account_id = $1 OR s.shared)";
    ADD = "INSERT INTO saved_search (account_id, name, shared, query)
            SELECT $1, $2, $3, $4
            WHERE (SELECT count(*) FROM saved_search WHERE account_id = $1) < $5 RETURNING id";
    CHANGE = "UPDATE saved_search SET name = $2, shared = $3, query = $4, changed_at = now() WHERE id = $1";
    REMOVE = "DELETE FROM saved_search WHERE id = $1";
}

impl Store {
    /// The account's own and the shared ones, by name. `may_change` tells who owns it.
    pub async fn saved_searches(&self, account_id: i64) -> Result<Vec<SavedSearch>, StoreError> {
        let rows = sqlx::query(SEEN)
            .bind(account_id)
            .fetch_all(&self.pool)
            .await
            .during("list saved searches")?;
        rows.iter().map(|row| line(row, account_id)).collect()
    }

    /// `None` also where it is another's own.
    pub async fn saved_search(
        &self,
        account_id: i64,
        id: i64,
    ) -> Result<Option<SavedSearch>, StoreError> {
        let row = sqlx::query(ONE_SEEN)
            .bind(account_id)
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .during("read saved search")?;
        row.map(|row| line(&row, account_id)).transpose()
    }

    /// `Conflict` where the account has one of this name, or has `most` already.
    pub async fn add_saved_search(
        &self,
        account_id: i64,
        search: &SearchToSave,
        most: u32,
    ) -> Result<i64, StoreError> {
        let id: Option<i64> = sqlx::query_scalar(ADD)
            .bind(account_id)
            .bind(storable(&search.name))
            .bind(search.shared)
            .bind(storable(&search.query))
            .bind(i64::from(most))
            .fetch_optional(&self.pool)
            .await
            .during("save search")?;
        id.ok_or_else(|| StoreError::conflict(format!("a user keeps at most {most} searches")))
    }

    /// False: no such search. `Conflict` where its owner has another one of this name.
    pub async fn change_saved_search(
        &self,
        id: i64,
        search: &SearchToSave,
    ) -> Result<bool, StoreError> {
        sqlx::query(CHANGE)
            .bind(id)
            .bind(storable(&search.name))
            .bind(search.shared)
            .bind(storable(&search.query))
            .execute(&self.pool)
            .await
            .during("change saved search")
            .map(|done| done.rows_affected() > 0)
    }

    /// False: no such search.
    pub async fn remove_saved_search(&self, id: i64) -> Result<bool, StoreError> {
        sqlx::query(REMOVE)
            .bind(id)
            .execute(&self.pool)
            .await
            .during("remove saved search")
            .map(|done| done.rows_affected() > 0)
    }
}

fn line(row: &PgRow, account_id: i64) -> Result<SavedSearch, StoreError> {
    let read = || -> Result<SavedSearch, sqlx::Error> {
        Ok(SavedSearch {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            owner: row.try_get("owner")?,
            shared: row.try_get("shared")?,
            query: row.try_get("query")?,
            created_at: instant(row.try_get("created_at")?),
            changed_at: instant(row.try_get("changed_at")?),
            may_change: row.try_get::<i64, _>("account_id")? == account_id,
        })
    };
    read().during("read saved search")
}
