//! `schema_registry` of a cluster.

use reqwest::Url;

use super::SchemaRegistry;
use super::raw::RawSchemaRegistry;
use super::source::Environment;

/// # Errors
/// The key, and what is wrong with it.
pub(super) fn resolve(
    raw: RawSchemaRegistry,
    environment: &Environment,
) -> Result<SchemaRegistry, (&'static str, String)> {
    let not_like = || {
        // What it holds is not told: a password may stand in it.
        let rule = "not like https://registry.example:8081, without user, password and query";
        ("url", rule.to_owned())
    };
    let url = Url::parse(&raw.url).map_err(|_| not_like())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() || !is_plain {
        return Err(not_like());
    }
    let password = raw
        .password
        .map(|source| source.resolve(|name| environment.get(name).cloned()))
        .transpose()
        .map_err(|error| ("password", error))?;
    let user = match (raw.user, password) {
        (None, None) => None,
        (Some(user), Some(password)) => Some((user, password)),
        (Some(_), None) => return Err(("password", "is wanted beside user".to_owned())),
        (None, Some(_)) => return Err(("user", "is wanted beside password".to_owned())),
    };
    if let Some(ca) = &raw.ca {
        if url.scheme() != "https" {
            return Err(("ca", "has no use without https".to_owned()));
        }
        std::fs::metadata(ca).map_err(|error| ("ca", format!("{}: {error}", ca.display())))?;
    }
    Ok(SchemaRegistry {
        url: raw.url,
        user,
        ca: raw.ca,
    })
}
