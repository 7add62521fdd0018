//! The map as the API tells it: services, destinations and groups, and what flows between them, as
//! spans and brokers tell it together.

use serde::Serialize;

use crate::messaging::DestinationRole;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Map {
    pub as_of: Timestamp,
    /// The window of all figures of spans: whole minutes.
    pub from: Timestamp,
    pub to: Timestamp,
    pub window_ms: u64,
    pub nodes: Vec<MapNode>,
    pub edges: Vec<MapFlow>,
    /// Whether brokers are told of: their figures are of now, so only in a window that ends now.
    pub with_brokers: bool,
}

/// Who tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MapSource {
    /// In the window.
    Spans,
    /// At its last reading.
    Broker,
}

/// `id` is what edges name it by; that of a destination is its id everywhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
        role: DestinationRole,
        told_by: Vec<MapSource>,
        /// As its broker counts; null where no broker tells.
        in_per_s: Option<f64>,
        out_per_s: Option<f64>,
        depth: Option<u64>,
        /// The greatest of its groups.
        lag_messages: Option<u64>,
    },
    /// A consumer group, as the broker names it.
    Group {
        id: String,
        system: String,
        cluster: Option<String>,
        name: String,
        told_by: Vec<MapSource>,
        /// As GET /groups/{id} takes it; null where no broker tells of it.
        group_id: Option<String>,
        members: Option<u64>,
        /// On everything that it reads.
        lag_messages: Option<u64>,
    },
}

impl MapNode {
    pub fn id(&self) -> &str {
        match self {
            Self::Service { id, .. } | Self::Destination { id, .. } | Self::Group { id, .. } => id,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Service { name, .. }
            | Self::Destination { name, .. }
            | Self::Group { name, .. } => name,
        }
    }

    /// Empty for services, which only spans name.
    pub fn told_by(&self) -> &[MapSource] {
        match self {
            Self::Service { .. } => &[],
            Self::Destination { told_by, .. } | Self::Group { told_by, .. } => told_by,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MapEdgeKind {
    Publishes,
    Consumes,
    Retries,
    DeadLetters,
    /// The broker leads messages on, as its bindings say.
    Routes,
}

/// From a service to a destination, from a destination to the service that consumes it; where only
/// the broker tells, from a destination to a group, or from a destination to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MapFlow {
    pub kind: MapEdgeKind,
    /// Ids of nodes.
    pub from: String,
    pub to: String,
    /// The id of the group that a consumer reads for; null where its spans do not name it, and where
    /// the edge leads to the group itself.
    pub via: Option<String>,
    /// Null: only the broker tells of it.
    pub service: Option<String>,
    pub system: String,
    /// Set where the broker tells of it.
    pub cluster: Option<String>,
    pub destination: String,
    pub group: Option<String>,
    pub told_by: Vec<MapSource>,
    pub per_s: Option<f64>,
    /// Whose rate it is: the broker's where spans tell of less than half of it.
    pub per_s_by: Option<MapSource>,
    /// Share of failures among spans, 0 to 1.
    pub failed_share: Option<f64>,
    /// Of sending or of processing; null where no span tells how long it took.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Of a consumer's group here.
    pub lag_messages: Option<u64>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
}

impl MapFlow {
    /// Names what is null and could be known: only consumers have groups and lag, and `via` where a
    /// service reads for one.
    pub fn name_unknown(&mut self) {
        let consumes = self.kind == MapEdgeKind::Consumes;
        let untold = [
            ("via", consumes && self.group.is_none()),
            ("service", self.service.is_none()),
            ("group", consumes && self.group.is_none()),
            ("per_s", self.per_s.is_none()),
            ("failed_share", self.failed_share.is_none()),
            ("p50_ms", self.p50_ms.is_none()),
            ("p99_ms", self.p99_ms.is_none()),
            ("lag_messages", consumes && self.lag_messages.is_none()),
        ];
        let untold = untold.into_iter();
        self.unknown = untold
            .filter_map(|(name, untold)| untold.then_some(name))
            .collect();
    }

    /// Only its broker tells of it.
    pub fn is_of_broker(&self) -> bool {
        self.told_by == [MapSource::Broker]
    }
}
