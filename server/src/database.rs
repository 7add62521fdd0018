//! The way to the configured database: a named server, or the private one, started if nobody runs
//! it yet.

use waybill_model::problem::{Code, Problem};
use waybill_model::status::ComponentState;
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
            Some(_) => {
                // A named server is nobody's child: how it is, `database` tells.
                component.set(ComponentState::Off, None);
                None
            }
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
    Store::connect(options).await.map_err(|error| {
        // Whoever starts a server or a command is told why: a wrong password, a closed port.
        let cause = innermost(&error);
        let mut problem = store_problem(error);
        problem.message = format!("{}: {cause}", problem.message);
        problem
    })
}

/// What a person is told; the chain of causes is the log's business.
pub fn store_problem(error: StoreError) -> Problem {
    let message = error.to_string();
    match error {
        StoreError::Unavailable { .. } => {
            tracing::debug!(cause = innermost(&error), "{message}");
            Problem::new(
                Code::StoreUnavailable,
                message,
                "Try again shortly; if it stays, look at the database and at database.url.",
            )
        }
        StoreError::DatabaseNewer { .. } => Problem::new(
            Code::DatabaseNewer,
            message,
            "Run the Waybill that migrated it, or a newer one; this one changed nothing.",
        ),
        StoreError::Conflict { .. } => {
            Problem::new(Code::Conflict, message, "Look at what is there already.")
        }
        StoreError::Internal { .. } => {
            tracing::error!(cause = innermost(&error), "{message}");
            Problem::new(Code::Internal, message, "The log says more.")
        }
    }
}

fn innermost(error: &StoreError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
