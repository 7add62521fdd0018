use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;

use super::params::Params;
use super::{Answer, AppState};
use crate::config::ActionLevel;

/// A cluster as the configuration names it, or a system that only spans name.
#[derive(Clone, Serialize, ToSchema)]
pub struct Cluster {
    pub id: String,
    pub name: String,
    pub broker: String,
    pub site: Option<String>,
    pub colour: Option<String>,
    /// `off`, `replay` or `all`.
    pub actions: &'static str,
    /// `false`: only spans tell of it.
    pub managed: bool,
    /// Stands in the configuration.
    pub configured: bool,
    pub version: Option<String>,
    pub nodes: Option<Vec<String>>,
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
            colour: cluster.colour.clone(),
            actions: match cluster.actions {
                ActionLevel::Off => "off",
                ActionLevel::Replay => "replay",
                ActionLevel::All => "all",
            },
            managed: cluster.managed,
            configured: true,
            version: None,
            nodes: None,
            unknown: vec!["version", "nodes"],
        })
        .collect();
    let mut systems: Vec<String> = state
        .reads
        .overview()
        .await?
        .destinations
        .into_iter()
        .map(|line| line.system)
        .filter(|system| !clusters.iter().any(|cluster| cluster.broker == *system))
        .collect();
    systems.sort();
    systems.dedup();
    clusters.extend(systems.into_iter().map(|system| Cluster {
        id: format!("spans:{system}"),
        name: system.clone(),
        broker: system,
        site: None,
        colour: None,
        actions: "off",
        managed: false,
        configured: false,
        version: None,
        nodes: None,
        unknown: vec!["site", "colour", "version", "nodes"],
    }));
    Ok(clusters)
}
