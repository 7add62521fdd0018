use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::Timestamp;

use super::params::Params;
use super::{Answer, AppState};
use crate::config::ActionLevel;

/// What only a broker tells of itself.
const OF_BROKER: [&str; 6] = [
    "version",
    "nodes",
    "missing_rights",
    "poll_age_ms",
    "as_of",
    "stale",
];

/// A cluster as the configuration names it, or a system that only spans name.
#[derive(Clone, Serialize, ToSchema)]
pub struct Cluster {
    pub id: String,
    pub name: String,
    pub broker: String,
    pub site: Option<String>,
    /// All of its sites; empty where none was named.
    pub sites: Vec<String>,
    pub colour: Option<String>,
    /// `off`, `replay` or `all`.
    pub actions: &'static str,
    /// `false`: only spans tell of it.
    pub managed: bool,
    /// Stands in the configuration.
    pub configured: bool,
    /// `journeys`: its messages are followed by their spans.
    pub capabilities: Vec<&'static str>,
    pub version: Option<String>,
    pub nodes: Option<Vec<String>>,
    pub missing_rights: Option<Vec<String>>,
    /// Since the broker was last read.
    pub poll_age_ms: Option<u64>,
    pub as_of: Option<Timestamp>,
    pub stale: Option<bool>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
}

/// Clusters of the configuration, then systems that only spans name.
#[utoipa::path(
    get, path = "/api/v1/clusters", tag = "clusters",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<Cluster>)),
)]
pub async fn list_clusters(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Answer<Page<Cluster>> {
    let params = Params::parse(query.as_deref(), &["limit", "cursor"])?;
    Ok(Json(params.page(clusters(&state).await?)?))
}

#[utoipa::path(
    get, path = "/api/v1/clusters/{id}", tag = "clusters",
    params(("id" = String, Path)),
    responses((status = 200, body = Cluster)),
)]
pub async fn get_cluster(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Cluster> {
    Params::parse(query.as_deref(), &[])?;
    let found = clusters(&state)
        .await?
        .into_iter()
        .find(|cluster| cluster.id == id);
    Ok(Json(found.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "There is no such cluster.",
            "GET /api/v1/clusters lists them.",
        )
    })?))
}

async fn clusters(state: &AppState) -> Result<Vec<Cluster>, Problem> {
    let mut clusters: Vec<Cluster> = state
        .settings
        .clusters
        .iter()
        .map(|cluster| Cluster {
            id: cluster.name.clone(),
            name: cluster.name.clone(),
            broker: cluster.broker.clone(),
            site: cluster.site.clone(),
            sites: cluster.site.iter().cloned().collect(),
            colour: cluster.colour.clone(),
            actions: match cluster.actions {
                ActionLevel::Off => "off",
                ActionLevel::Replay => "replay",
                ActionLevel::All => "all",
            },
            managed: cluster.managed,
            configured: true,
            capabilities: cluster.capabilities.clone(),
            version: None,
            nodes: None,
            missing_rights: None,
            poll_age_ms: None,
            as_of: None,
            stale: None,
            unknown: OF_BROKER.to_vec(),
        })
        .collect();
    let mut systems = state.reads.systems().await?;
    systems.retain(|system| !clusters.iter().any(|cluster| cluster.broker == *system));
    clusters.extend(systems.into_iter().map(|system| Cluster {
        id: format!("spans:{system}"),
        name: system.clone(),
        broker: system,
        site: None,
        sites: Vec::new(),
        colour: None,
        actions: "off",
        managed: false,
        configured: false,
        capabilities: vec!["journeys"],
        version: None,
        nodes: None,
        missing_rights: None,
        poll_age_ms: None,
        as_of: None,
        stale: None,
        unknown: ["site", "colour"].into_iter().chain(OF_BROKER).collect(),
    }));
    Ok(clusters)
}
