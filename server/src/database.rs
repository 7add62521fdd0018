//! The way to the configured database: a named server, or the private one, started if nobody runs
//! it yet.

use waybill_model::problem::{Code, Problem};
use waybill_store::{ConnectOptions, Store, StoreError};

use crate::config::Config;
use crate::health::{Component, Health};
use crate::postgres::{self, Address, PrivatePostgres};

#[derive(Debug)]
pub struct Database {
    store: Store,
    /// Ours to stop; `None`: a named server, or one that a running Waybill owns.
    private: Option<PrivatePostgres>,
}

impl Database {
    /// For the server: the private Postgres must be its own.
    pub async fn start(config: &Config, component: Component) -> Result<Self, Problem> {
        let private = match &config.database.url {
            Some(_) => None,
            None => Some(PrivatePostgres::start(config, component).await?),
        };
        let address = private.as_ref().map(PrivatePostgres::address);
        let store = connect(config, address).await?;
        Ok(Self { store, private })
    }

    /// For a command: uses the private Postgres of a server that runs, else starts it until
    /// `close`. The schema is not touched.
    pub async fn open(config: &Config) -> Result<Self, Problem> {
        let running = match &config.database.url {
            Some(_) => None,
            None => postgres::running(config)?,
        };
        match running {
            Some(address) => Ok(Self {
                store: connect(config, Some(&address)).await?,
                private: None,
            }),
            None => Self::start(config, Health::default().component("postgres")).await,
        }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub async fn close(self) -> Result<(), Problem> {
        self.store.close().await;
        match self.private {
            Some(private) => private.stop().await,
            None => Ok(()),
        }
    }
}

/// `address`: of the private Postgres, where no server is named.
pub async fn connect(config: &Config, address: Option<&Address>) -> Result<Store, Problem> {
    let options = match (&config.database.url, address) {
        (Some(url), _) => ConnectOptions::url(url.expose()).map_err(|_| {
            // The driver's words may repeat the password.
            Problem::new(
                Code::ConfigInvalid,
                "database.url is no address of a database",
                "Write it like postgres://user:password@host:5432/database.",
            )
        })?,
        (None, Some(address)) => ConnectOptions::socket(
            &address.socket_dir,
            5432,
            address.user,
            address.password.expose(),
            address.database,
        ),
        (None, None) => {
            return Err(Problem::new(
                Code::StoreUnavailable,
                "the private Postgres does not run",
                "Start it with `waybill serve`.",
            ));
        }
    };
    let options = options.max_connections(config.database.pool_size);
    Store::connect(options).await.map_err(store_problem)
}

/// What a person is told; the chain of causes goes to the log.
pub fn store_problem(error: StoreError) -> Problem {
    let message = error.to_string();
    let cause: &dyn std::error::Error = &error;
    let causes: Vec<String> = std::iter::successors(cause.source(), |cause| cause.source())
        .map(ToString::to_string)
        .collect();
    tracing::debug!(causes = causes.join(": "), "{message}");
    match error {
        StoreError::Unavailable { .. } => Problem::new(
            Code::StoreUnavailable,
            match causes.last() {
                Some(cause) => format!("{message}: {cause}"),
                None => message,
            },
            "Check that the database runs and that database.url names it.",
        ),
        StoreError::DatabaseNewer { .. } => Problem::new(
            Code::DatabaseNewer,
            message,
            "Run the Waybill that migrated it, or a newer one; this one changed nothing.",
        ),
        StoreError::Conflict { .. } => {
            Problem::new(Code::Conflict, message, "Look at what is there already.")
        }
        StoreError::Internal { .. } => {
            tracing::error!(causes = causes.join(": "), "{message}");
            Problem::new(Code::Internal, message, "The log says more.")
        }
    }
}
