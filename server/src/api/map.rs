use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use waybill_model::time::Timestamp;
use waybill_model::view::MapEdge;

use super::params::Params;
use super::{Answer, AppState, scope};
use crate::auth::gate::User;
use crate::clock;

#[derive(Serialize, ToSchema)]
pub struct Map {
    pub as_of: Timestamp,
    /// The window that rates are about, in milliseconds.
    pub window_ms: u64,
    pub nodes: Vec<MapNode>,
    pub edges: Vec<MapEdge>,
}

#[derive(Serialize, ToSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MapNode {
    Service { name: String },
    Destination { system: String, name: String },
}

/// Services and destinations, and what flows between them.
#[utoipa::path(get, path = "/api/v1/map", tag = "destinations", responses((status = 200, body = Map)))]
pub async fn get_map(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Map> {
    Params::parse(query.as_deref(), &[])?;
    let overview = scope::narrow_overview(&caller, state.reads.overview().await?, clock::now());
    let mut nodes = BTreeSet::new();
    for edge in &overview.edges {
        nodes.insert(MapNode::Service {
            name: edge.service.clone(),
        });
        nodes.insert(MapNode::Destination {
            system: edge.system.clone(),
            name: edge.destination.clone(),
        });
    }
    Ok(Json(Map {
        as_of: overview.as_of,
        window_ms: overview.window_ms,
        nodes: nodes.into_iter().collect(),
        edges: overview.edges,
    }))
}
