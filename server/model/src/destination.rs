//! Destinations as the API tells them: what spans say, and by name what only a broker could.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::access::Sight;
use crate::messaging::{DestinationKind, DestinationRole};
use crate::reference::{Hex, RefError, unhex};
use crate::time::Timestamp;
use crate::topology::{DestinationKind as PlaceKind, Finding, Partition, Route, Setting, Unknown};
use crate::view::TrafficPoint;

/// Written `d-<hex of system>-<hex of name>`, and where that could be several,
/// `-<hex of cluster>-<kind>` and `-<hex of namespace>` after it: opaque to whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DestinationId {
    pub system: String,
    pub name: String,
    /// Which of those that spans would name so.
    pub exact: Option<Exact>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exact {
    pub cluster: String,
    pub kind: PlaceKind,
    pub namespace: Option<String>,
}

impl DestinationId {
    /// As spans name it.
    pub fn of_spans(system: &str, name: &str) -> Self {
        Self {
            system: system.to_owned(),
            name: name.to_owned(),
            exact: None,
        }
    }
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d-{}-{}", Hex(&self.system), Hex(&self.name))?;
        let Some(exact) = &self.exact else {
            return Ok(());
        };
        write!(f, "-{}-{}", Hex(&exact.cluster), kind_word(exact.kind))?;
        match &exact.namespace {
            Some(namespace) => write!(f, "-{}", Hex(namespace)),
            None => Ok(()),
        }
    }
}

const KINDS: [PlaceKind; 4] = [
    PlaceKind::Topic,
    PlaceKind::Queue,
    PlaceKind::Exchange,
    PlaceKind::Stream,
];

fn kind_word(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Topic => "topic",
        PlaceKind::Queue => "queue",
        PlaceKind::Exchange => "exchange",
        PlaceKind::Stream => "stream",
    }
}

impl FromStr for DestinationId {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let parts: Vec<&str> = text.split('-').collect();
        let (system, name, exact) = match *parts.as_slice() {
            ["d", system, name] => (system, name, None),
            ["d", system, name, cluster, kind] => (system, name, Some((cluster, kind, None))),
            ["d", system, name, cluster, kind, namespace] => {
                (system, name, Some((cluster, kind, Some(namespace))))
            }
            _ => return Err(RefError),
        };
        let exact = match exact {
            None => None,
            Some((cluster, kind, namespace)) => Some(Exact {
                cluster: unhex(cluster)?,
                kind: (KINDS.into_iter().find(|known| kind_word(*known) == kind))
                    .ok_or(RefError)?,
                namespace: namespace.map(unhex).transpose()?,
            }),
        };
        Ok(Self {
            system: unhex(system)?,
            name: unhex(name)?,
            exact,
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
    /// What the caller sees; `None`: everything. What no cluster is known of counts as of a cluster
    /// without a name.
    pub sights: Option<Vec<Sight>>,
}

/// By kind, or by role where the role is no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindFilter {
    Kind(DestinationKind),
    Role(DestinationRole),
}

impl KindFilter {
    /// As addresses write them.
    pub const WORDS: &[(&'static str, Self)] = &[
        ("topic", Self::Kind(DestinationKind::Topic)),
        ("queue", Self::Kind(DestinationKind::Queue)),
        ("exchange", Self::Kind(DestinationKind::Exchange)),
        ("stream", Self::Kind(DestinationKind::Stream)),
        ("retry", Self::Role(DestinationRole::Retry)),
        ("dead_letter", Self::Role(DestinationRole::DeadLetter)),
        ("origin", Self::Role(DestinationRole::Origin)),
        ("internal", Self::Role(DestinationRole::Internal)),
    ];
}

/// By name, or the greatest first and then by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DestinationSort {
    #[default]
    Name,
    Published,
    Processed,
    Failed,
    /// What brokers tell; what is not known comes last.
    Depth,
    Lag,
    In,
    Out,
    Partitions,
    Bytes,
}

impl DestinationSort {
    /// As addresses write them.
    pub const WORDS: &[(&'static str, Self)] = &[
        ("name", Self::Name),
        ("published", Self::Published),
        ("processed", Self::Processed),
        ("failed", Self::Failed),
        ("depth", Self::Depth),
        ("lag", Self::Lag),
        ("in", Self::In),
        ("out", Self::Out),
        ("partitions", Self::Partitions),
        ("bytes", Self::Bytes),
    ];
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationItem {
    #[serde(flatten)]
    pub line: DestinationSummary,
    /// How many.
    pub partitions: Option<u64>,
    pub consumers: Option<u64>,
}

/// What list and page tell alike. What is null stands in `unknown`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationSummary {
    pub id: String,
    pub system: String,
    pub destination: String,
    /// Whose broker tells of it; else the only configured cluster of the system. Null: unassigned.
    pub cluster: Option<String>,
    /// Virtual host or namespace, where the broker has them.
    pub namespace: Option<String>,
    pub kind: Option<DestinationKind>,
    /// What it is for, as its broker or its name tells.
    pub role: DestinationRole,
    /// Spans of the window.
    pub published_per_s: f64,
    pub processed_per_s: f64,
    /// Failed processings in the window.
    pub failed: u64,
    /// Processing time; null where nothing was processed.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Start of the latest span; null where the window has none.
    pub last_at: Option<Timestamp>,
    /// When the broker's figures were read; where no broker tells of it, the spans.
    pub as_of: Option<Timestamp>,
    /// The figures are older than two intervals, or the broker left it out.
    pub stale: bool,
    /// The broker leaves it out since then, while it cannot tell everything.
    pub missing_since: Option<Timestamp>,
    /// Messages that it holds.
    pub depth: Option<u64>,
    /// The greatest of its groups.
    pub lag_messages: Option<u64>,
    /// As its broker tells, from its last two readings. What goes out is what groups took together.
    pub in_per_s: Option<f64>,
    pub out_per_s: Option<f64>,
    pub stored_bytes: Option<u64>,
    pub group_count: Option<u64>,
    pub finding_count: Option<u64>,
    /// Names of the destinations that its dead letters go to.
    pub dead_letters: Option<Vec<String>>,
    /// Share of the messages of the last hour that spans tell of, 0 to 1.
    pub coverage: Option<f64>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Destination {
    #[serde(flatten)]
    pub line: DestinationSummary,
    /// The window of all figures: whole minutes.
    pub from: Timestamp,
    pub to: Timestamp,
    pub window_ms: u64,
    /// A point a minute, the quiet ones too, oldest first.
    pub series: Vec<TrafficPoint>,
    /// The same minutes as its broker tells them; null where no broker tells of it.
    pub broker_series: Option<Vec<BrokerPoint>>,
    pub publishers: Vec<Publisher>,
    /// As spans tell.
    pub consumers: Vec<Consumer>,
    /// Open on it now, as its broker tells.
    pub consumer_count: Option<u64>,
    /// Of a destination whose consumers are one group: share of the time, 0 to 1, in which they could
    /// take a message at once.
    pub consumer_capacity: Option<f64>,
    /// Groups that spans or its broker name.
    pub groups: Vec<GroupItem>,
    pub latency: Latency,
    /// Configuration that matters.
    pub config: Option<Vec<Setting>>,
    /// In the broker's words.
    pub subtype: Option<String>,
    pub state: Option<String>,
    pub partitions: Option<Vec<PartitionLine>>,
    /// What its topology tells is wrong.
    pub findings: Option<Vec<Finding>>,
    /// What leads to it and from it within the broker.
    pub routes: Option<Vec<Route>>,
    /// When these were read, and whether that is longer ago than two intervals.
    pub topology_as_of: Option<Timestamp>,
    pub topology_stale: Option<bool>,
    /// Why members are null, where the broker tells it.
    pub reasons: Vec<Unknown>,
}

/// A partition, and where its messages stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartitionLine {
    #[serde(flatten)]
    pub partition: Partition,
    /// As in [`PartitionEnds`](crate::reading::PartitionEnds); null where there are no offsets, or
    /// nobody told.
    pub low: Option<i64>,
    pub head: Option<i64>,
}

/// One minute of a destination. Null: not known in this minute, which is no zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BrokerPoint {
    pub at: Timestamp,
    /// Messages that it held: the least, the most, the last reading of the minute.
    pub depth_min: Option<i64>,
    pub depth_max: Option<i64>,
    pub depth_last: Option<i64>,
    /// Messages that came in and went out.
    pub received: Option<u64>,
    pub removed: Option<u64>,
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
    /// Of the group's own page; null where only spans name it.
    pub id: Option<String>,
    pub name: String,
    /// Services whose spans name it.
    pub services: Vec<String>,
    pub state: Option<String>,
    pub members: Option<u64>,
    /// On this destination.
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
            let id = DestinationId::of_spans("kafka", name);
            assert_eq!(id.to_string().parse(), Ok(id.clone()));
            for namespace in [None, Some(""), Some("/")] {
                let exact = DestinationId {
                    exact: Some(Exact {
                        cluster: "east-1".into(),
                        kind: PlaceKind::Exchange,
                        namespace: namespace.map(str::to_owned),
                    }),
                    ..id.clone()
                };
                assert_eq!(exact.to_string().parse(), Ok(exact));
            }
        }
        for text in [
            "0",
            "d-",
            "d-zz-00",
            "c-00-11",
            "d-6b",
            "d-00-11-22-shelf",
            "d-0-1",
        ] {
            assert!(text.parse::<DestinationId>().is_err(), "{text}");
        }
    }
}
