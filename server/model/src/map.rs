//! The map as the API tells it: services, destinations and groups, and what flows between them.

use serde::Serialize;

use crate::time::Timestamp;
use crate::view::MapEdgeKind;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Map {
    pub as_of: Timestamp,
    /// The window of all figures: whole minutes.
    pub from: Timestamp,
    pub to: Timestamp,
    pub window_ms: u64,
    pub nodes: Vec<MapNode>,
    pub edges: Vec<MapFlow>,
}

/// `id` is what edges name it by; that of a destination is its id everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MapNode {
    Service {
        id: String,
        name: String,
    },
    Destination {
        id: String,
        system: String,
        /// Null: unassigned.
        cluster: Option<String>,
        name: String,
    },
    /// A consumer group, as the broker names it.
    Group {
        id: String,
        system: String,
        cluster: Option<String>,
        name: String,
    },
}

impl MapNode {
    pub fn id(&self) -> &str {
        match self {
            Self::Service { id, .. } | Self::Destination { id, .. } | Self::Group { id, .. } => id,
        }
    }
}

/// From a service to a destination, or from a destination to the service that consumes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MapFlow {
    pub kind: MapEdgeKind,
    /// Ids of nodes.
    pub from: String,
    pub to: String,
    /// The id of the group that a consumer reads for; null where its spans do not name it.
    pub via: Option<String>,
    pub service: String,
    pub system: String,
    pub destination: String,
    pub group: Option<String>,
    pub per_s: f64,
    /// Share of failures, 0 to 1.
    pub failed_share: f64,
    /// Of sending or of processing; null where no span tells how long it took.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Of a consumer's group here.
    pub lag_messages: Option<u64>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
}
