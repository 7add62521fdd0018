//! Destinations as the API tells them: what spans say, and by name what only a broker could.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::messaging::{DestinationKind, DestinationRole};
use crate::reference::{Hex, RefError, unhex};
use crate::time::Timestamp;
use crate::view::TrafficPoint;

/// Written `d-<hex of system>-<hex of name>`: opaque to whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DestinationId {
    pub system: String,
    pub name: String,
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d-{}-{}", Hex(&self.system), Hex(&self.name))
    }
}

impl FromStr for DestinationId {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let rest = text.strip_prefix("d-").ok_or(RefError)?;
        let (system, name) = rest.split_once('-').ok_or(RefError)?;
        Ok(Self {
            system: unhex(system)?,
            name: unhex(name)?,
        })
    }
}

/// What a list of destinations is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DestinationQuery {
    /// Part of the name.
    pub q: Option<String>,
    pub system: Option<String>,
    pub cluster: Option<String>,
    pub kind: Option<KindFilter>,
    pub sort: DestinationSort,
    pub limit: u32,
    pub cursor: Option<String>,
    /// Patterns of names that the caller may see; `None`: all.
    pub visible: Option<Vec<String>>,
}

/// By kind, or by role where the role is no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindFilter {
    Kind(DestinationKind),
    Role(DestinationRole),
}

/// By name, or the greatest first and then by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DestinationSort {
    #[default]
    Name,
    Published,
    Processed,
    Failed,
}

/// One line of the list. What is null stands in `unknown`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationItem {
    pub id: String,
    pub system: String,
    pub destination: String,
    /// The only configured cluster of the system; null: unassigned.
    pub cluster: Option<String>,
    pub kind: Option<DestinationKind>,
    /// What its name tells that it is for.
    pub role: DestinationRole,
    pub published_per_s: f64,
    pub processed_per_s: f64,
    /// Failed processings in the window.
    pub failed: u64,
    /// Processing time; null where nothing was processed.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Start of the latest span.
    pub last_at: Timestamp,
    /// When the figures were read.
    pub as_of: Timestamp,
    /// The figures are older than they should be.
    pub stale: bool,
    /// Messages waiting.
    pub depth: Option<u64>,
    pub partitions: Option<u64>,
    /// Names of the destinations that its dead letters go to.
    pub dead_letters: Option<Vec<String>>,
    /// Share of its messages that spans tell of, 0 to 1.
    pub coverage: Option<f64>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Destination {
    #[serde(flatten)]
    pub line: DestinationItem,
    /// The window of all figures: whole minutes.
    pub from: Timestamp,
    pub to: Timestamp,
    pub window_ms: u64,
    /// A point a minute, the quiet ones too, oldest first.
    pub series: Vec<TrafficPoint>,
    pub publishers: Vec<Publisher>,
    pub consumers: Vec<Consumer>,
    /// Groups that spans name; the broker may know others.
    pub groups: Vec<GroupItem>,
    pub latency: Latency,
    /// Configuration that matters.
    pub config: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Publisher {
    pub service: String,
    pub per_s: f64,
    pub failed: u64,
    /// 0 to 1.
    pub failed_share: f64,
    /// Of sending.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub last_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Consumer {
    pub service: String,
    /// Null where its spans do not name it.
    pub group: Option<String>,
    /// `false`: its spans tell that it received, and not what it did.
    pub processes: bool,
    pub per_s: f64,
    pub failed: u64,
    /// 0 to 1.
    pub failed_share: f64,
    /// Of processing.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub last_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupItem {
    pub name: String,
    /// Services whose spans name it.
    pub services: Vec<String>,
    pub lag_messages: Option<u64>,
    pub lag_ms: Option<f64>,
    pub unknown: Vec<&'static str>,
}

/// Of all services together; null where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Latency {
    pub publish: Option<Percentiles>,
    pub process: Option<Percentiles>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

/// What is asked of a window: its ends where they were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written() {
        for name in ["orders", "", "a-b/é <x>"] {
            let id = DestinationId {
                system: "kafka".into(),
                name: name.into(),
            };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["0", "d-", "d-zz-00", "c-00-11", "d-6b"] {
            assert!(text.parse::<DestinationId>().is_err(), "{text}");
        }
    }
}
