//! The schema's version: migrations run under an advisory lock; a newer database is refused.

use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};

use crate::connect::Store;
use crate::error::{During, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// What `migrate` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the migrations that ran now; empty on a database that was up to date.
    pub applied: Vec<String>,
    /// The version that the database has now.
    pub version: i64,
}

impl Store {
    /// Brings the schema to this binary's version and makes the partitions of today and tomorrow.
    pub async fn migrate(&self) -> Result<Migrated, StoreError> {
        let pending = self.pending_migrations().await?;
        // A connection of its own: the migrator keeps its lock when it fails, until this one ends.
        let mut connection = self.pool.acquire().await.during("migrate")?.detach();
        MIGRATIONS.run(&mut connection).await.map_err(refused)?;
        connection.close().await.during("migrate")?;
        self.ensure_partitions(crate::text::now()).await?;
        Ok(Migrated {
            applied: pending,
            version: known(),
        })
    }

    /// Names of migrations that would run; refuses a database that is newer.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        let applied = self.applied_versions().await?;
        if let Some(found) = applied.iter().copied().max().filter(|v| *v > known()) {
            return Err(StoreError::DatabaseNewer {
                found,
                known: known(),
            });
        }
        Ok(MIGRATIONS
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .map(|migration| {
                let name = migration.description.replace(' ', "_");
                format!("{:04}_{name}", migration.version)
            })
            .collect())
    }

    /// Not in a `statements!` list: its table exists only after the first migration.
    async fn applied_versions(&self) -> Result<Vec<i64>, StoreError> {
        let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&self.pool)
            .await
            .during("read schema version")?;
        if !exists {
            return Ok(Vec::new());
        }
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(&self.pool)
            .await
            .during("read schema version")
    }
}

fn known() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => StoreError::DatabaseNewer {
            found,
            known: known(),
        },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            match Err::<(), _>(error).during("migrate") {
                Err(error) => error,
                Ok(()) => StoreError::internal("migrate", "no error"),
            }
        }
        other => StoreError::internal("migrate", other),
    }
}
