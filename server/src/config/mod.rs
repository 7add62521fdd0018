//! What Waybill is told: defaults, then a file, then the environment, then flags. A key that is
//! not known is refused with the nearest one that is.

mod cluster;
mod key;
mod raw;
mod registry;
mod resolve;
mod source;
mod value;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use waybill_broker::settings::Settings;

pub use source::{Environment, Overrides, load, load_with, process_environment};
pub use value::{Network, Secret, SecretSource};

/// A span of time as it is written here, such as `5m`; `None` where it is none.
pub fn milliseconds(text: &str) -> Option<i64> {
    let value::Span(time) = text.parse().ok()?;
    i64::try_from(time.as_millis()).ok()
}

/// Everything settled: defaults filled in, secrets read, addresses parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where it was read from, for messages and for SIGHUP.
    pub file: Option<PathBuf>,
    /// Absolute.
    pub data_dir: PathBuf,
    pub roles: Vec<ProcessRole>,
    pub server: Server,
    pub ingest: Ingest,
    pub database: Database,
    pub retention: Retention,
    pub search: Search,
    pub telemetry: Telemetry,
    pub owners: Vec<Owner>,
    pub clusters: Vec<Cluster>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    pub listen: SocketAddr,
    /// As browsers reach it, without a trailing slash.
    pub public_url: String,
    pub tls: Option<Tls>,
    /// Whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<Network>,
}

impl Config {
    pub fn has_role(&self, role: ProcessRole) -> bool {
        self.roles.contains(&role)
    }
}

impl Server {
    /// Cookies are `Secure` and named `__Host-…` exactly when this holds.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// PEM files of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ingest {
    pub otlp_grpc: SocketAddr,
    pub otlp_http: SocketAddr,
    /// Of both receivers.
    pub tls: Option<Tls>,
    pub require_token: bool,
    /// Of one request, once decompressed.
    pub max_request_bytes: u64,
    /// Of everything that waits to be stored; beyond it senders are asked to try again.
    pub queue_bytes: u64,
    /// Log records that belong to no trace are kept, and found by their service.
    pub logs_without_trace: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// `None`: a private Postgres in the data directory.
    pub url: Option<Secret>,
    pub bin_dir: Option<PathBuf>,
    pub pool_size: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Retention {
    pub spans: Duration,
    pub troubled: Duration,
    pub audit: Duration,
    pub max_disk_bytes: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Patterns of span attributes that become search terms; `*` is any run of characters.
    pub attributes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Telemetry {
    /// Where Waybill's own traces go; `None`: nowhere.
    pub otlp_endpoint: Option<String>,
    /// As `RUST_LOG` is written; `None`: what that variable says, else `info`.
    pub log: Option<String>,
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    Human,
    Json,
}

/// Whose destinations these are. All patterns given must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub service: Option<String>,
    pub team: String,
    pub runbook: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    pub name: String,
    /// The adapter's name.
    pub broker: String,
    pub site: Option<String>,
    /// `#rrggbb`.
    pub colour: Option<String>,
    pub poll_interval: Duration,
    pub actions: ActionLevel,
    /// `false`: only spans name it.
    pub managed: bool,
    /// What names the schemas of its messages.
    pub schema_registry: Option<SchemaRegistry>,
    /// As written; the adapter decodes it.
    pub settings: toml::Table,
    /// The same with its secrets read.
    pub resolved: Resolved,
    /// `host:port` of every door that the settings name, as the adapter reads them.
    pub addresses: Vec<String>,
    /// What the adapter can do.
    pub capabilities: Vec<&'static str>,
}

/// Reached by https where `ca` is given, and trusting nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaRegistry {
    /// http or https, without user and password.
    pub url: String,
    pub user: Option<(String, Secret)>,
    /// PEM; the system's own authorities where absent.
    pub ca: Option<PathBuf>,
}

/// Settings as an adapter takes them. Never printed: secrets stand in them.
#[derive(Clone, Default, PartialEq)]
pub struct Resolved(pub Settings);

impl std::fmt::Debug for Resolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What may be written to a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionLevel {
    #[default]
    Off,
    Replay,
    All,
}

/// What one process does. Several processes may share a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum ProcessRole {
    /// Receive telemetry.
    Ingest,
    /// Watch brokers.
    Poll,
    /// Change brokers.
    Act,
    /// Find trouble.
    Detect,
    /// Console and API.
    Web,
}

impl ProcessRole {
    pub const ALL: [Self; 5] = [Self::Ingest, Self::Poll, Self::Act, Self::Detect, Self::Web];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Poll => "poll",
            Self::Act => "act",
            Self::Detect => "detect",
            Self::Web => "web",
        }
    }
}
