//! A database of its own for each test, copied from a migrated template.

use std::sync::OnceLock;

use sqlx::AssertSqlSafe;
use tokio::sync::Mutex;

use super::server::{PostgresServer, ServerOptions, random_hex};
use crate::connect::{ConnectOptions, Store};

/// The one server of this test process, once its template is made.
static SHARED: OnceLock<PostgresServer> = OnceLock::new();
static STARTING: Mutex<()> = Mutex::const_new(());

const TEMPLATE: &str = "waybill_template";

/// Dropped with its database.
pub struct TestDatabase {
    name: String,
    server: &'static PostgresServer,
    store: Store,
}

impl TestDatabase {
    /// Migrated, with the partitions of today and tomorrow.
    pub async fn new() -> Self {
        let server = shared().await;
        Self::create(server, &format!(" TEMPLATE {TEMPLATE}")).await
    }

    /// Without any table.
    pub async fn empty() -> Self {
        Self::create(shared().await, "").await
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// For opening further connections, as another process would.
    pub fn connect_options(&self) -> ConnectOptions {
        self.server.connect_options(&self.name)
    }

    /// For programs that are started by the test.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    #[expect(clippy::expect_used, reason = "a test that has no database has failed")]
    async fn create(server: &'static PostgresServer, template: &str) -> Self {
        let name = format!("test_{}", random_hex(8).expect("random name"));
        run(server, format!("CREATE DATABASE {name}{template}")).await;
        let store = Store::connect(server.connect_options(&name))
            .await
            .expect("connect to the test database");
        Self {
            name,
            server,
            store,
        }
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own: the test's runtime may be ending.
    fn drop(&mut self) {
        let (server, name) = (self.server, self.name.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(run(server, format!("DROP DATABASE {name} WITH (FORCE)")));
            }
        });
    }
}

#[expect(clippy::expect_used, reason = "a test that has no database has failed")]
async fn shared() -> &'static PostgresServer {
    let _alone = STARTING.lock().await;
    if let Some(server) = SHARED.get() {
        return server;
    }
    let server = tokio::task::spawn_blocking(|| PostgresServer::start(ServerOptions::default()))
        .await
        .expect("start Postgres")
        .expect("start Postgres");
    run(&server, format!("CREATE DATABASE {TEMPLATE}")).await;
    let store = Store::connect(server.connect_options(TEMPLATE))
        .await
        .expect("connect to the template");
    store.migrate().await.expect("migrate the template");
    store.close().await;
    SHARED.get_or_init(|| server)
}

#[expect(clippy::expect_used, reason = "a test that has no database has failed")]
async fn run(server: &PostgresServer, sql: String) {
    let store = Store::connect(server.connect_options("postgres").max_connections(1))
        .await
        .expect("connect to Postgres");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(store.pool())
        .await
        .expect("administer Postgres");
    store.close().await;
}
