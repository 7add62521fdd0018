//! `[cluster.settings]` of a RocketMQ cluster.
//!
//! ```toml
//! namesrv = ["one.example:9876", "two.example:9876"]
//! controllers = ["one.example:9878"]   # where the cluster has controllers
//! proxies = ["one.example:8080"]       # remoting ports of the proxies: they know who is connected by gRPC
//! access_key = "waybill"
//! secret_key = "…"
//! tls = { ca = "ca.pem", cert = "client.pem", key = "client.key", server_name = "mq.example" }
//! trace_topic = "RMQ_SYS_TRACE_TOPIC"
//! limits = { request_ms = 10000, connect_ms = 5000, answer_bytes = 67108864 }
//! ```
//!
//! `tls = true` trusts what the system trusts. It counts for every server of the cluster, and so does
//! the account.

use std::time::Duration;

use serde_json::Value;
use waybill_model::problem::Problem;

use super::wire::connection::AclAccount;
use crate::secret::Secret;
use crate::settings::door;
use crate::settings_table::Table;
use crate::tls_settings::TlsSettings;

const MEBIBYTE: u64 = 1024 * 1024;
/// Where traces of clients lie unless they are told otherwise (`TopicValidator`).
const TRACE_TOPIC: &str = "RMQ_SYS_TRACE_TOPIC";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RocketSettings {
    /// `host:port`, at least one.
    pub(super) namesrv: Vec<String>,
    pub(super) controllers: Vec<String>,
    /// Remoting ports.
    pub(super) proxies: Vec<String>,
    pub(super) account: Option<AclAccount>,
    pub(super) tls: Option<TlsSettings>,
    pub(super) trace_topic: String,
    pub(super) limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The longest that one request may take.
    pub(super) request: Duration,
    /// The longest that opening a connection may take, TLS included.
    pub(super) connect: Duration,
    /// The largest answer that is read.
    pub(super) answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            answer_bytes: 64 * MEBIBYTE as usize,
        }
    }
}

impl RocketSettings {
    /// # Errors
    /// `ConfigInvalid`: an unknown key (with the nearest known one), a value of the wrong kind, a key
    /// without its secret, a file that is not there. No message repeats a value.
    pub(super) fn read(
        cluster: &str,
        settings: &crate::adapter::Settings,
    ) -> Result<Self, Problem> {
        let known = [
            "namesrv",
            "controllers",
            "proxies",
            "access_key",
            "secret_key",
            "tls",
            "trace_topic",
            "limits",
        ];
        let table = Table::new(cluster, "", settings, &known)?;
        let namesrv = addresses(&table, "namesrv", 9876)?;
        if namesrv.is_empty() {
            return Err(table.wrong("namesrv", EXPECTED));
        }
        Ok(Self {
            namesrv,
            controllers: addresses(&table, "controllers", 9878)?,
            proxies: addresses(&table, "proxies", 8080)?,
            account: account(&table)?,
            tls: TlsSettings::read(cluster, &table)?,
            trace_topic: table.text("trace_topic")?.unwrap_or(TRACE_TOPIC).to_owned(),
            limits: limits(cluster, &table)?,
        })
    }
}

const EXPECTED: &str = "addresses such as [\"one.example:9876\"]";

fn addresses(table: &Table<'_>, key: &str, port: u16) -> Result<Vec<String>, Problem> {
    let wrong = || table.wrong(key, EXPECTED);
    let listed: Vec<&str> = match table.value(key) {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => text.split([',', ';']).map(str::trim).collect(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::trim).ok_or_else(wrong))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(wrong()),
    };
    let doors = listed.into_iter();
    doors
        .map(|text| door(key, text, port).map_err(|_| wrong()))
        .collect()
}

fn account(table: &Table<'_>) -> Result<Option<AclAccount>, Problem> {
    match (table.text("access_key")?, table.text("secret_key")?) {
        (None, None) => Ok(None),
        (Some(access_key), Some(secret)) => Ok(Some(AclAccount {
            access_key: access_key.to_owned(),
            secret_key: Secret::new(secret),
        })),
        (Some(_), None) => Err(table.wrong("secret_key", "the secret of access_key")),
        (None, Some(_)) => Err(table.wrong("access_key", "the name that secret_key belongs to")),
    }
}

fn limits(cluster: &str, outer: &Table<'_>) -> Result<Limits, Problem> {
    let values = match outer.value("limits") {
        None => return Ok(Limits::default()),
        Some(Value::Object(values)) => values,
        Some(_) => return Err(outer.wrong("limits", "a table")),
    };
    let known = ["request_ms", "connect_ms", "answer_bytes"];
    let table = Table::new(cluster, "limits", values, &known)?;
    let usual = Limits::default();
    let ms = |key, default: Duration| {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        table
            .number(key, 100..=300_000, default)
            .map(Duration::from_millis)
    };
    let bytes = table.number(
        "answer_bytes",
        MEBIBYTE..=1024 * MEBIBYTE,
        usual.answer_bytes as u64,
    )?;
    Ok(Limits {
        request: ms("request_ms", usual.request)?,
        connect: ms("connect_ms", usual.connect)?,
        answer_bytes: usize::try_from(bytes).unwrap_or(usual.answer_bytes),
    })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
