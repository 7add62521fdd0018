//! The order system's own Postgres.

use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::migrate::MigrateDatabase as _;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Postgres, Transaction};
use tokio_util::sync::CancellationToken;

/// How long a service without haste waits for a connection.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Connects, creates the database if it is missing, and migrates it. Keeps trying while the server is away.
pub async fn open(
    url: &str,
    connections: u32,
    patience: Duration,
    stop: &CancellationToken,
) -> Result<PgPool> {
    loop {
        match try_open(url, connections, patience).await {
            Ok(pool) => return Ok(pool),
            Err(error) if stop.is_cancelled() => return Err(error),
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "database not ready, trying again"
            ),
        }
        tokio::select! {
            () = stop.cancelled() => anyhow::bail!("stopped before the database was ready"),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn try_open(url: &str, connections: u32, patience: Duration) -> Result<PgPool> {
    // Two services may both find it missing; the slower one's error is then of no interest.
    if !Postgres::database_exists(url)
        .await
        .context("ask for the database")?
        && let Err(error) = Postgres::create_database(url).await
        && !Postgres::database_exists(url).await.unwrap_or(false)
    {
        return Err(error).context("create the database");
    }
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .connect(url)
        .await
        .context("connect to the database")?;
    sqlx::migrate!("./migrations")
        .run(&pool)
        .await
        .context("migrate the database")?;
    Ok(pool)
}

/// Claims a message for `service`; `false`: it was processed before, leave it alone.
///
/// A concurrent claim of the same message waits for this transaction's end.
pub async fn claim(
    transaction: &mut Transaction<'_, Postgres>,
    service: &str,
    message_id: &str,
    order_id: &str,
) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query(
        "INSERT INTO processed (service, message_id, order_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(service)
    .bind(message_id)
    .bind(order_id)
    .execute(&mut **transaction)
    .await?;
    Ok(claimed.rows_affected() == 1)
}
