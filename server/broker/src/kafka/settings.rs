//! `[cluster.settings]` of a Kafka cluster.
//!
//! ```toml
//! bootstrap = ["one.example:9093", "two.example:9093"]
//! client_id = "waybill"
//! tls = { ca = "ca.pem", cert = "client.pem", key = "client.key", server_name = "kafka.example" }
//! sasl = { mechanism = "SCRAM-SHA-512", user = "waybill", password = "…" }
//! limits = { request_ms = 10000, connect_ms = 5000, answer_bytes = 67108864 }
//! ```
//!
//! `tls = true` trusts what the system trusts. OAUTHBEARER takes `token`, or `token_file`, which is
//! read again for each connection, because tokens end.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use waybill_model::problem::Problem;

use crate::secret::Secret;
use crate::settings::door;
use crate::settings_table::Table;
use crate::tls_settings::TlsSettings;

/// Where an address tells none.
const PORT: u16 = 9092;
const MEBIBYTE: u64 = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KafkaSettings {
    /// `host:port`, at least one.
    pub(super) bootstrap: Vec<String>,
    pub(super) client_id: String,
    pub(super) tls: Option<TlsSettings>,
    pub(super) sasl: Option<Sasl>,
    pub(super) limits: Limits,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sasl {
    Plain {
        user: String,
        password: Secret,
    },
    Scram {
        hash: ScramHash,
        user: String,
        password: Secret,
    },
    OauthBearer(Token),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScramHash {
    Sha256,
    Sha512,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Text(Secret),
    File(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The longest that one request may take.
    pub(super) request: Duration,
    /// The longest that opening a connection may take, TLS and SASL included.
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

impl Sasl {
    /// As in the protocol and in the settings.
    pub(super) fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::Scram {
                hash: ScramHash::Sha256,
                ..
            } => "SCRAM-SHA-256",
            Self::Scram {
                hash: ScramHash::Sha512,
                ..
            } => "SCRAM-SHA-512",
            Self::OauthBearer(_) => "OAUTHBEARER",
        }
    }

    /// Who the broker will take us for, where the settings tell.
    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Self::Plain { user, .. } | Self::Scram { user, .. } => Some(user),
            Self::OauthBearer(_) => None,
        }
    }
}

const MECHANISMS: &str = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER";

impl KafkaSettings {
    /// # Errors
    /// `ConfigInvalid`: an unknown key, a value of the wrong kind, one that lacks its companion, a
    /// file that is not there.
    pub(super) fn read(
        cluster: &str,
        settings: &crate::adapter::Settings,
    ) -> Result<Self, Problem> {
        let known = ["bootstrap", "client_id", "tls", "sasl", "limits"];
        let table = Table::new(cluster, "", settings, &known)?;
        Ok(Self {
            bootstrap: bootstrap(&table)?,
            client_id: table.text("client_id")?.unwrap_or("waybill").to_owned(),
            tls: TlsSettings::read(cluster, &table)?,
            sasl: sasl(cluster, &table)?,
            limits: limits(cluster, &table)?,
        })
    }
}

fn bootstrap(table: &Table<'_>) -> Result<Vec<String>, Problem> {
    let wrong = || table.wrong("bootstrap", "addresses such as [\"broker.example:9092\"]");
    let listed: Vec<&str> = match table.value("bootstrap") {
        Some(Value::String(text)) => text.split([',', ';']).map(str::trim).collect(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::trim).ok_or_else(wrong))
            .collect::<Result<_, _>>()?,
        _ => return Err(wrong()),
    };
    if listed.is_empty() {
        return Err(wrong());
    }
    let doors = listed.into_iter();
    doors
        .map(|text| door("bootstrap", text, PORT).map_err(|_| wrong()))
        .collect()
}

fn sasl(cluster: &str, outer: &Table<'_>) -> Result<Option<Sasl>, Problem> {
    let values = match outer.value("sasl") {
        None => return Ok(None),
        Some(Value::Object(values)) => values,
        Some(_) => return Err(outer.wrong("sasl", "a table")),
    };
    let known = ["mechanism", "user", "password", "token", "token_file"];
    let table = Table::new(cluster, "sasl", values, &known)?;
    let mechanism = table.needed("mechanism", MECHANISMS)?;
    let named = |key: &str| table.needed(key, &format!("{mechanism} asks for it"));
    let foreign: &[&str] = match mechanism {
        "OAUTHBEARER" => &["user", "password"],
        _ => &["token", "token_file"],
    };
    if let Some(key) = foreign.iter().find(|key| table.value(key).is_some()) {
        let message = format!("{mechanism} has no `{key}`");
        return Err(table.problem(&message, "Remove it, or choose another mechanism."));
    }
    let hash = match mechanism {
        "PLAIN" => {
            return Ok(Some(Sasl::Plain {
                user: named("user")?.to_owned(),
                password: Secret::new(named("password")?),
            }));
        }
        "OAUTHBEARER" => return token(&table).map(|token| Some(Sasl::OauthBearer(token))),
        "SCRAM-SHA-256" => ScramHash::Sha256,
        "SCRAM-SHA-512" => ScramHash::Sha512,
        _ => return Err(table.wrong("mechanism", MECHANISMS)),
    };
    Ok(Some(Sasl::Scram {
        hash,
        user: named("user")?.to_owned(),
        password: Secret::new(named("password")?),
    }))
}

fn token(table: &Table<'_>) -> Result<Token, Problem> {
    match (table.text("token")?, table.file("token_file")?) {
        (Some(text), None) => Ok(Token::Text(Secret::new(text))),
        (None, Some(path)) => Ok(Token::File(path)),
        _ => Err(table.wrong("token", "a text, or instead of it a `token_file`")),
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
