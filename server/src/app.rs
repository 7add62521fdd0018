//! The one module that names everything: builds the parts from the configuration, in order, and
//! stops them in the reverse one.

mod background;
mod index;
mod known;
mod polling;
mod process;
mod reads;
mod shelves;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use waybill_broker::{BrokerAdapter, Dialects, registry};
use waybill_model::cluster::BrokerWords;
use waybill_model::problem::{Code, Problem};
use waybill_model::status::ComponentState;
use waybill_store::Store;

use crate::api::{AppState, Events, Parts, Settings, router};
use crate::audit::Audit;
use crate::auth::Auth;
use crate::clock;
use crate::config::{Config, ProcessRole};
use crate::database::{Database, store_problem};
use crate::failures::Failures;
use crate::health::Health;
use crate::ingest::{self, Ingest, ToStore};
use crate::journey::SearchAttributes;
use crate::listener;
use crate::postgres::{self, Layout, write_private};
use crate::query::Query;
use crate::searches::Searches;
use crate::tasks::Tasks;
use crate::tls;

use process::ThisProcess;

/// Requests in flight have this long; senders give up after ten seconds.
const DRAIN: Duration = Duration::from_secs(6);
const TASKS_END: Duration = Duration::from_secs(2);

/// A running Waybill.
pub struct App {
    config: Config,
    addresses: Addresses,
    setup_link: Option<String>,
    process: Arc<ThisProcess>,
    database: Database,
    ingest: Option<Ingest>,
    web: Option<JoinHandle<()>>,
    stop_web: CancellationToken,
    tasks: Tasks,
}

/// What is listened on; `None` where this process has not that role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    pub web: Option<SocketAddr>,
    pub otlp_grpc: Option<SocketAddr>,
    pub otlp_http: Option<SocketAddr>,
}

/// What most parts are built from.
struct Core {
    store: Store,
    dialects: Dialects,
    search: Arc<SearchAttributes>,
    auth: Auth,
    audit: Audit,
    events: Events,
    query: Query,
}

impl App {
    /// Returns when everything listens. Port 0 takes a free one.
    pub async fn start(config: Config) -> Result<Self, Problem> {
        Self::start_with(config, registry::adapters()).await
    }

    /// The same with these adapters alone.
    pub async fn start_with(
        mut config: Config,
        adapters: Vec<BrokerAdapter>,
    ) -> Result<Self, Problem> {
        let health = Health::default();
        postgres::refuse_if_in_use(&config)?;
        let web = bind_web(&mut config).await?;
        probe_ingest(&config).await?;
        let database = Database::start(&config, health.component("postgres")).await?;
        match Self::build(config, &adapters, health, web, &database).await {
            Ok(built) => Ok(built.into_app(database)),
            Err(problem) => {
                // The first problem is the one worth telling.
                if let Err(second) = database.close().await {
                    tracing::error!("{second}");
                }
                Err(problem)
            }
        }
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// As browsers reach it, without a trailing slash.
    pub fn public_url(&self) -> &str {
        &self.config.server.public_url
    }

    /// Where the first administrator is made; `None` once there is one.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    pub fn health(&self) -> &Health {
        &self.process.health
    }

    /// The keys of a configuration read again that need a restart to be taken over.
    pub fn reload(&self, new: &Config) -> Vec<&'static str> {
        let old = &self.config;
        [
            ("data_dir", old.data_dir != new.data_dir),
            ("server", old.server != new.server),
            ("ingest", old.ingest != new.ingest),
            ("database", old.database != new.database),
            ("retention", old.retention != new.retention),
            ("search", old.search != new.search),
            ("owner", old.owners != new.owners),
            ("cluster", old.clusters != new.clusters),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
    }

    /// Takes nothing new, finishes what is under way, stops the database last.
    pub async fn shutdown(self) -> Result<(), Problem> {
        self.stop_web.cancel();
        let ingest = async {
            if let Some(ingest) = self.ingest {
                ingest.shutdown().await;
            }
        };
        let web = async {
            if let Some(web) = self.web {
                // A panic in it was logged; the rest must stop all the same.
                let _ = web.await;
            }
        };
        tokio::join!(ingest, web);
        if !self.tasks.stop(TASKS_END).await {
            tracing::warn!("a background task did not end in time; its work is repeated at start");
        }
        self.database.close().await
    }

    async fn build(
        config: Config,
        adapters: &[BrokerAdapter],
        health: Health,
        web: Option<TcpListener>,
        database: &Database,
    ) -> Result<Built, Problem> {
        let core = core(&config, adapters, database.store()).await?;
        say_idle_roles(&config, &health);
        let ingest = start_ingest(&config, &core, &health).await?;
        let process = Arc::new(ThisProcess::new(
            health,
            core.store.clone(),
            ingest.as_ref().map(Ingest::meter),
        ));
        let tasks = Tasks::default();
        background::start(&tasks, &config, &core, &process.health);
        polling::start(&tasks, &config, adapters, &core, &process.health)?;
        let setup_link = setup_link(&config, &core.auth).await?;
        let mut addresses = Addresses {
            web: None,
            otlp_grpc: ingest.as_ref().and_then(|ingest| ingest.otlp_grpc()),
            otlp_http: ingest.as_ref().and_then(|ingest| ingest.otlp_http()),
        };
        let stop_web = core.events.stop();
        let web = match web {
            Some(listener) => {
                addresses.web = listener.local_addr().ok();
                Some(start_web(
                    &config,
                    known::words(adapters),
                    core,
                    process.clone(),
                    listener,
                    stop_web.clone(),
                )?)
            }
            None => None,
        };
        Ok(Built {
            config,
            addresses,
            setup_link,
            process,
            ingest,
            web,
            stop_web,
            tasks,
        })
    }
}

/// All of an [`App`] but its database.
struct Built {
    config: Config,
    addresses: Addresses,
    setup_link: Option<String>,
    process: Arc<ThisProcess>,
    ingest: Option<Ingest>,
    web: Option<JoinHandle<()>>,
    stop_web: CancellationToken,
    tasks: Tasks,
}

impl Built {
    fn into_app(self, database: Database) -> App {
        App {
            config: self.config,
            addresses: self.addresses,
            setup_link: self.setup_link,
            process: self.process,
            database,
            ingest: self.ingest,
            web: self.web,
            stop_web: self.stop_web,
            tasks: self.tasks,
        }
    }
}

/// First of all: a port in use is told before anything is started. A public address that was
/// derived from port 0 gets the port that was taken.
async fn bind_web(config: &mut Config) -> Result<Option<TcpListener>, Problem> {
    if !config.has_role(ProcessRole::Web) {
        return Ok(None);
    }
    let listener = listener::bind("server.listen", config.server.listen).await?;
    if let Ok(address) = listener.local_addr()
        && let Some(host) = config.server.public_url.strip_suffix(":0")
    {
        config.server.public_url = format!("{host}:{}", address.port());
    }
    Ok(Some(listener))
}

async fn probe_ingest(config: &Config) -> Result<(), Problem> {
    if config.has_role(ProcessRole::Ingest) {
        listener::bind("ingest.otlp_grpc", config.ingest.otlp_grpc).await?;
        listener::bind("ingest.otlp_http", config.ingest.otlp_http).await?;
    }
    Ok(())
}

async fn core(config: &Config, adapters: &[BrokerAdapter], store: &Store) -> Result<Core, Problem> {
    let migrated = store.migrate().await.map_err(store_problem)?;
    for name in &migrated.applied {
        tracing::info!(name, "migration applied");
    }
    let store = store.clone();
    let dialects = Dialects::of(adapters);
    let search = Arc::new(SearchAttributes::new(&config.search.attributes));
    let audit = Audit::new(store.clone());
    let auth = Auth::new(store.clone(), audit.clone(), config.server.is_https())?;
    let query = Query::new(
        store.clone(),
        dialects.clone(),
        search.clone(),
        known::clusters(config),
        known::owners(config),
    )
    .with_shelves(shelves::of(config, adapters)?)
    .with_judges(known::judges(adapters));
    Ok(Core {
        store,
        dialects,
        search,
        auth,
        audit,
        events: Events::until(CancellationToken::new()),
        query,
    })
}

async fn start_ingest(
    config: &Config,
    core: &Core,
    health: &Health,
) -> Result<Option<Ingest>, Problem> {
    let component = health.component("ingest");
    if !config.has_role(ProcessRole::Ingest) {
        component.set(ComponentState::Off, None);
        return Ok(None);
    }
    let defaults = ingest::Settings::default();
    let settings = ingest::Settings {
        otlp_grpc: Some(config.ingest.otlp_grpc),
        otlp_http: Some(config.ingest.otlp_http),
        tls: config.ingest.tls.clone(),
        require_token: config.ingest.require_token,
        limits: ingest::Limits {
            request_bytes: config.ingest.max_request_bytes as usize,
            logs_without_trace: config.ingest.logs_without_trace,
            ..defaults.limits
        },
        in_flight_bytes: config.ingest.queue_bytes as usize,
        ..defaults
    };
    let parts = ingest::Parts {
        appender: Arc::new(ToStore::new(core.store.clone(), clock::now)),
        indexer: Arc::new(index::SpanIndex::new(
            core.dialects.clone(),
            core.search.clone(),
        )),
        tokens: Arc::new(index::IngestTokens(core.auth.clone())),
    };
    let seed = getrandom::u64().map_err(|error| {
        Problem::new(
            Code::Internal,
            format!("the system gives no random bytes: {error}"),
            "Check /dev/urandom.",
        )
    })?;
    let ingest = Ingest::start(settings, parts, clock::now(), seed).await?;
    component.set(ComponentState::Ok, None);
    Ok(Some(ingest))
}

fn start_web(
    config: &Config,
    words: BTreeMap<String, BrokerWords>,
    core: Core,
    process: Arc<ThisProcess>,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, Problem> {
    let component = process.health.component("web");
    let acceptor = config
        .server
        .tls
        .as_ref()
        .map(|files| tls::acceptor("server.tls", files, tls::WEB))
        .transpose()?;
    let state = AppState::new(Parts {
        failures: Failures::new(core.store.clone(), core.audit.clone()),
        searches: Searches::new(core.store, core.audit.clone()),
        auth: core.auth,
        audit: core.audit,
        reads: Arc::new(reads::FromQuery(core.query)),
        process,
        events: core.events,
        settings: Settings::new(&config.server, config.clusters.clone(), words),
    });
    let router = router(state);
    component.set(ComponentState::Ok, None);
    Ok(tokio::spawn(async move {
        listener::serve(listener, acceptor, router, stop, DRAIN).await;
        component.set(ComponentState::Off, None);
    }))
}

/// A fresh one at each start until somebody used it; also in a file, for those who see no terminal.
async fn setup_link(config: &Config, auth: &Auth) -> Result<Option<String>, Problem> {
    if !config.has_role(ProcessRole::Web) {
        return Ok(None);
    }
    let file = Layout::new(&config.data_dir).setup_link();
    let Some(path) = auth.setup_link().await? else {
        // Left from before; it leads nowhere any more.
        let _ = std::fs::remove_file(file);
        return Ok(None);
    };
    let link = format!("{}{path}", config.server.public_url);
    if config.data_dir.is_dir() {
        write_private(&file, &format!("{link}\n"), None)?;
    }
    Ok(Some(link))
}

fn say_idle_roles(config: &Config, health: &Health) {
    for (role, name) in [(ProcessRole::Act, "act"), (ProcessRole::Detect, "detect")] {
        health.component(name).set(ComponentState::Off, None);
        // Said only to who asked for it by name.
        if config.has_role(role) && config.roles != ProcessRole::ALL {
            tracing::warn!(role = role.name(), "this role has no work yet");
        }
    }
}
