//! The way to the database.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};

use crate::blocks::probe::Filters;
use crate::error::{During, StoreError};

statements! {
    PING = "SELECT 1";
}

/// Where the database is and how many connections may be held.
#[derive(Clone)]
pub struct ConnectOptions {
    target: PgConnectOptions,
    max_connections: u32,
    acquire_timeout: Duration,
}

impl ConnectOptions {
    /// `postgres://user:password@host:port/database?…`
    pub fn url(url: &str) -> Result<Self, StoreError> {
        PgConnectOptions::from_str(url)
            .map(Self::of)
            .map_err(|error| StoreError::internal("read database url", error))
    }

    /// A server on this machine, by the folder of its socket.
    pub fn socket(
        folder: impl Into<PathBuf>,
        port: u16,
        user: &str,
        password: &str,
        database: &str,
    ) -> Self {
        Self::of(
            PgConnectOptions::new_without_pgpass()
                .socket(folder.into())
                .port(port)
                .username(user)
                .password(password)
                .database(database),
        )
    }

    fn of(target: PgConnectOptions) -> Self {
        Self {
            target,
            max_connections: 8,
            acquire_timeout: Duration::from_secs(5),
        }
    }

    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long a caller waits for a free connection before it is told `Unavailable`.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }
}

/// Never the password.
impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("host", &self.target.get_host())
            .field("socket", &self.target.get_socket())
            .field("database", &self.target.get_database())
            .finish_non_exhaustive()
    }
}

/// A handle on the database; clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) filters: Filters,
}

impl Store {
    /// Opens one connection at once, so that a wrong address shows here. Connections commit
    /// synchronously whatever the server's default is, and plan each statement once.
    pub async fn connect(options: ConnectOptions) -> Result<Self, StoreError> {
        let target = options.target.application_name("waybill").options([
            ("synchronous_commit", "on"),
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            ("timezone", "UTC"),
            ("idle_in_transaction_session_timeout", "60s"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_with(target)
            .await
            .during("connect")?;
        Ok(Self {
            pool,
            filters: Filters::default(),
        })
    }

    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query(PING)
            .execute(&self.pool)
            .await
            .during("ping")
            .map(|_| ())
    }

    /// A transaction that whoever asks for it may let go at any moment.
    ///
    /// The driver (sqlx 0.9.0) leaves a session in its transaction where the wait for its beginning is
    /// let go: what is written in that session next is answered and not committed, and holds its
    /// locks. So that nobody can let go of it, the wait is a task of its own.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin().await });
        // The runtime ends.
        begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Waits for statements in flight, then closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// For tests that break things on purpose.
    #[cfg(feature = "testing")]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}
