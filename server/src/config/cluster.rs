//! `[[cluster]]`: each checked, and its settings read by the adapter of its broker.

use std::time::Duration;

use serde::de::Deserialize;
use serde_json::Value as Json;
use toml::Value;
use waybill_broker::settings::{Settings, nearest};
use waybill_broker::{BrokerAdapter, Capability};
use waybill_model::problem::{Code, Problem};

use super::raw::RawCluster;
use super::resolve::wrong;
use super::source::Environment;
use super::value::{SecretSource, Span};
use super::{Cluster, Resolved};

pub(super) fn clusters(
    raw: Vec<RawCluster>,
    environment: &Environment,
    adapters: &[BrokerAdapter],
) -> Result<Vec<Cluster>, Problem> {
    let mut clusters: Vec<Cluster> = Vec::with_capacity(raw.len());
    for raw in raw {
        if clusters.iter().any(|other| other.name == raw.name) {
            let key = format!("cluster {:?}, name", raw.name);
            return Err(wrong(&key, "stands twice: names are unique"));
        }
        clusters.push(cluster(raw, adapters, environment)?);
    }
    Ok(clusters)
}

fn cluster(
    raw: RawCluster,
    adapters: &[BrokerAdapter],
    environment: &Environment,
) -> Result<Cluster, Problem> {
    let name = &raw.name;
    let in_cluster = |key: &str| format!("cluster {name:?}, {key}");
    if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
        return Err(wrong(&in_cluster("name"), "1 to 64 printable characters"));
    }
    if let Some(colour) = &raw.colour {
        let digits = colour.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong(
                &in_cluster("colour"),
                &format!("{colour:?} is not like \"#b5179e\""),
            ));
        }
    }
    let poll_interval = raw
        .poll_interval
        .map_or(Duration::from_secs(5), |Span(time)| time);
    if poll_interval < Duration::from_secs(1) {
        return Err(wrong(&in_cluster("poll_interval"), "at least 1s"));
    }
    let managed = raw.managed.unwrap_or(true);
    let schema_registry = raw
        .schema_registry
        .map(|raw| super::registry::resolve(raw, environment))
        .transpose()
        .map_err(|(key, error)| wrong(&in_cluster(&format!("schema_registry.{key}")), &error))?;
    let adapter = adapters.iter().find(|adapter| adapter.name == raw.broker);
    let (resolved, addresses, capabilities) = match adapter {
        Some(adapter) => {
            let settings = settings(&raw.settings, environment)
                .map_err(|(key, error)| wrong(&in_cluster(&key), &error))?;
            let addresses = addresses(adapter, name, &settings)?;
            let capabilities = adapter.capabilities();
            let names = capabilities.iter().map(|c| c.name()).collect();
            (settings, addresses, names)
        }
        // Spans may be of brokers that no adapter speaks with; the convention's names are read.
        None if !managed => {
            let journeys = vec![Capability::Journeys.name()];
            (Settings::new(), Vec::new(), journeys)
        }
        None => return Err(unknown_broker(&in_cluster("broker"), &raw.broker, adapters)),
    };
    Ok(Cluster {
        name: raw.name,
        broker: raw.broker,
        site: raw.site,
        colour: raw.colour,
        poll_interval,
        actions: raw.actions,
        managed,
        schema_registry,
        settings: raw.settings,
        resolved: Resolved(resolved),
        addresses,
        capabilities,
    })
}

/// Read by what speaks with the cluster, where there is such a thing: it knows all of its settings.
fn addresses(
    adapter: &BrokerAdapter,
    name: &str,
    settings: &Settings,
) -> Result<Vec<String>, Problem> {
    match (&adapter.connect, adapter.addresses) {
        (Some(connect), _) => Ok(connect.cluster(name, settings)?.addresses()),
        (None, Some(addresses)) => addresses(settings).map_err(|problem| Problem {
            message: format!("cluster {name:?}, settings: {}", problem.message),
            ..problem
        }),
        (None, None) => Ok(Vec::new()),
    }
}

fn unknown_broker(key: &str, broker: &str, adapters: &[BrokerAdapter]) -> Problem {
    let known = || adapters.iter().map(|adapter| adapter.name);
    let hint = match nearest(broker, known()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!(
            "Known: {}. With managed = false a cluster of any other is named by its spans.",
            known().collect::<Vec<_>>().join(", ")
        ),
    };
    Problem::new(
        Code::ConfigInvalid,
        format!("{key}: `{broker}` is not known here"),
        hint,
    )
}

/// The table as an adapter takes it, secrets read where they stand; else the key and what is wrong.
fn settings(table: &toml::Table, environment: &Environment) -> Result<Settings, (String, String)> {
    resolved("settings", table, environment)
}

fn resolved(
    path: &str,
    table: &toml::Table,
    environment: &Environment,
) -> Result<Settings, (String, String)> {
    let entry = |(key, value): (&String, &Value)| {
        let path = format!("{path}.{key}");
        let value = match value {
            Value::Table(inner) if names_a_secret(inner) => {
                secret(value, environment).map_err(|error| (path, error))?
            }
            Value::Table(inner) => Json::Object(resolved(&path, inner, environment)?),
            other => serde_json::to_value(other).map_err(|error| (path, error.to_string()))?,
        };
        Ok((key.clone(), value))
    };
    table.iter().map(entry).collect()
}

/// `{ env = … }` or `{ file = … }`, and nothing else.
fn names_a_secret(table: &toml::Table) -> bool {
    table.len() == 1 && ["env", "file"].iter().any(|key| table.contains_key(*key))
}

fn secret(value: &Value, environment: &Environment) -> Result<Json, String> {
    SecretSource::deserialize(value.clone())
        .map_err(|error| error.message().to_owned())?
        .resolve(|name| environment.get(name).cloned())
        .map(|secret| Json::String(secret.expose().to_owned()))
}

#[cfg(test)]
#[path = "cluster_tests/mod.rs"]
mod tests;
