//! `[cluster.settings]` of this adapter.
//!
//! ```toml
//! amqp = "amqps://mq1:5671"            # one or a list
//! management = "https://mq1:15671/mq"  # one or a list, with the path prefix if there is one
//! prometheus = ["http://mq1:15692"]    # optional, one a node: counts cost the broker 1/40 there
//! user = "waybill"
//! password = "…"
//! tls = { ca = "ca.pem", cert = "waybill.pem", key = "waybill.key" }
//! vhosts = ["/", "shop-*"]             # all, where left out
//! limits = { answer_bytes = 33554432 }
//! ```
//!
//! No message names a value: an address may carry a password.

mod fields;

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use waybill_model::problem::Problem;

use crate::adapter::Settings;
use fields::Fields;

const KNOWN: &[&str] = &[
    "amqp",
    "management",
    "prometheus",
    "user",
    "password",
    "tls",
    "vhosts",
    "limits",
];
/// Full answers about 20,000 queues are about this long.
const ANSWER_BYTES: u64 = 32 * 1024 * 1024;
const LEAST_ANSWER_BYTES: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) struct RabbitSettings {
    pub amqp: Vec<Endpoint>,
    pub management: Vec<Endpoint>,
    pub prometheus: Vec<Endpoint>,
    /// For every address without its own.
    pub credentials: Option<Credentials>,
    pub tls: TlsFiles,
    pub vhosts: VhostFilter,
    pub limits: Limits,
}

/// An address, with user and password taken out of it.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// Never with user information, query or fragment.
    pub url: Url,
    pub credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// PEM files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsFiles {
    /// Trusted instead of the system's authorities.
    pub ca: Option<PathBuf>,
    /// The client's certificate with its chain, and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of one answer, decoded.
    pub answer_bytes: u64,
}

impl RabbitSettings {
    /// # Errors
    /// `ConfigInvalid`, naming the cluster and the key, never the value.
    pub fn read(cluster: &str, settings: &Settings) -> Result<Self, Problem> {
        let fields = Fields::new(format!("cluster {cluster:?}, settings"), settings, KNOWN)?;
        let amqp = endpoints(&fields, "amqp", &["amqp", "amqps"])?;
        let management = endpoints(&fields, "management", &["http", "https"])?;
        let prometheus = endpoints(&fields, "prometheus", &["http", "https"])?;
        let credentials = credentials(&fields, &amqp)?;
        if let Some(without) = management.iter().position(|e| e.credentials.is_none())
            && credentials.is_none()
        {
            return Err(fields.wrong(
                "user",
                &format!("address {} of management has no user", without + 1),
                "Name user and password of an account with the tag monitoring.",
            ));
        }
        Ok(Self {
            amqp,
            management,
            prometheus,
            credentials,
            tls: tls(&fields)?,
            vhosts: VhostFilter(fields.texts("vhosts")?),
            limits: limits(&fields)?,
        })
    }

    /// `host:port` of the AMQP listeners, as spans may name them.
    pub fn addresses(&self) -> Vec<String> {
        let address = |endpoint: &Endpoint| {
            let default = if endpoint.url.scheme() == "amqps" {
                5671
            } else {
                5672
            };
            let port = endpoint.url.port().unwrap_or(default);
            Some(format!("{}:{port}", endpoint.url.host_str()?))
        };
        self.amqp.iter().filter_map(address).collect()
    }
}

fn endpoints(
    fields: &Fields<'_>,
    key: &'static str,
    schemes: &[&str],
) -> Result<Vec<Endpoint>, Problem> {
    let hint = format!("Write it as {}://host:port.", schemes.join(":// or "));
    let mut endpoints = Vec::new();
    for (index, text) in fields.texts(key)?.iter().enumerate() {
        let wrong = |why: &str| fields.wrong(key, &format!("address {}: {why}", index + 1), &hint);
        let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !schemes.contains(&url.scheme()) {
            return Err(wrong("another kind of address is wanted here"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("the host is missing"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("nothing may follow the path"));
        }
        let credentials = user_information(&url).map_err(wrong)?;
        if url.set_username("").is_err() || url.set_password(None).is_err() {
            return Err(wrong("user and password cannot be read"));
        }
        endpoints.push(Endpoint { url, credentials });
    }
    Ok(endpoints)
}

fn user_information(url: &Url) -> Result<Option<Credentials>, &'static str> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| "user and password are not UTF-8 once decoded")
    };
    Ok(Some(Credentials {
        user: decode(url.username())?,
        password: decode(url.password().unwrap_or_default())?,
    }))
}

fn credentials(fields: &Fields<'_>, amqp: &[Endpoint]) -> Result<Option<Credentials>, Problem> {
    let hint = "User and password belong together.";
    match (fields.text("user")?, fields.text("password")?) {
        (Some(user), Some(password)) => Ok(Some(Credentials { user, password })),
        (None, None) => Ok(amqp.iter().find_map(|e| e.credentials.clone())),
        (Some(_), None) => Err(fields.wrong("password", "is missing", hint)),
        (None, Some(_)) => Err(fields.wrong("user", "is missing", hint)),
    }
}

fn tls(fields: &Fields<'_>) -> Result<TlsFiles, Problem> {
    let Some(tls) = fields.table("tls", &["ca", "cert", "key"])? else {
        return Ok(TlsFiles::default());
    };
    let path = |key| Ok::<_, Problem>(tls.text(key)?.map(PathBuf::from));
    let hint = "A client certificate needs both its chain and its key.";
    let identity = match (path("cert")?, path("key")?) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (Some(_), None) => return Err(tls.wrong("key", "is missing", hint)),
        (None, Some(_)) => return Err(tls.wrong("cert", "is missing", hint)),
    };
    Ok(TlsFiles {
        ca: path("ca")?,
        identity,
    })
}

fn limits(fields: &Fields<'_>) -> Result<Limits, Problem> {
    let table = fields.table("limits", &["answer_bytes"])?;
    let asked = table
        .as_ref()
        .map(|table| table.number("answer_bytes"))
        .transpose()?
        .flatten();
    let answer_bytes = asked.unwrap_or(ANSWER_BYTES);
    if let Some(table) = &table
        && answer_bytes < LEAST_ANSWER_BYTES
    {
        return Err(table.wrong(
            "answer_bytes",
            "is too small for any answer",
            "Allow 65536 or more.",
        ));
    }
    Ok(Limits { answer_bytes })
}

/// Which virtual hosts are looked at. `*` in a pattern is any run of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VhostFilter(Vec<String>);

impl VhostFilter {
    pub fn takes(&self, vhost: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| matches(pattern, vhost))
    }

    /// Those named without a pattern: they are expected to be there.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .map(String::as_str)
            .filter(|p| !p.contains('*'))
    }
}

/// Linear in pattern × text: a hostile name costs no more.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
#[path = "settings/settings_tests.rs"]
mod tests;
