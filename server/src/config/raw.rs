//! The file as it is written: every key optional, every unknown key refused.

use std::path::PathBuf;

use serde::Deserialize;

use super::value::{Network, SecretSource, Size, Span};
use super::{ActionLevel, LogFormat};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub data_dir: Option<PathBuf>,
    pub server: RawServer,
    pub ingest: RawIngest,
    pub database: RawDatabase,
    pub retention: RawRetention,
    pub search: RawSearch,
    pub telemetry: RawTelemetry,
    pub owner: Vec<RawOwner>,
    pub cluster: Vec<RawCluster>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawServer {
    pub listen: Option<String>,
    pub public_url: Option<String>,
    pub tls: Option<RawTls>,
    pub trusted_proxies: Vec<Network>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawIngest {
    pub otlp_grpc: Option<String>,
    pub otlp_http: Option<String>,
    pub tls: Option<RawTls>,
    pub require_token: Option<bool>,
    pub max_request_bytes: Option<Size>,
    pub queue_bytes: Option<Size>,
    pub logs_without_trace: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDatabase {
    pub url: Option<SecretSource>,
    pub bin_dir: Option<PathBuf>,
    pub pool_size: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRetention {
    pub spans: Option<Span>,
    pub troubled: Option<Span>,
    pub audit: Option<Span>,
    pub max_disk: Option<Size>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSearch {
    pub attributes: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTelemetry {
    pub otlp_endpoint: Option<String>,
    pub log: Option<String>,
    pub log_format: Option<LogFormat>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOwner {
    pub r#match: RawMatch,
    pub team: String,
    pub runbook: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMatch {
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub service: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCluster {
    pub name: String,
    pub broker: String,
    pub site: Option<String>,
    pub colour: Option<String>,
    pub poll_interval: Option<Span>,
    #[serde(default)]
    pub actions: ActionLevel,
    pub managed: Option<bool>,
    pub schema_registry: Option<RawSchemaRegistry>,
    #[serde(default)]
    pub settings: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchemaRegistry {
    pub url: String,
    pub user: Option<String>,
    pub password: Option<SecretSource>,
    pub ca: Option<PathBuf>,
}
