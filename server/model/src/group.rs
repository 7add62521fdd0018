//! Groups as the API tells them: who reads, and how far behind.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::access::Sight;
use crate::reading::{PartitionPosition, Stretch};
use crate::reference::{Hex, RefError, unhex};
use crate::time::Timestamp;
use crate::topology::{Member, Unknown};

/// Written `gr-<hex of cluster>-<hex of name>`, with `-<hex of namespace>` where it has one: opaque
/// to whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupId {
    pub cluster: String,
    pub namespace: Option<String>,
    pub name: String,
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gr-{}-{}", Hex(&self.cluster), Hex(&self.name))?;
        match &self.namespace {
            Some(namespace) => write!(f, "-{}", Hex(namespace)),
            None => Ok(()),
        }
    }
}

impl FromStr for GroupId {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let rest = text.strip_prefix("gr-").ok_or(RefError)?;
        let mut parts = rest.split('-');
        let mut next = || parts.next().map(unhex).transpose();
        let (cluster, name) = (next()?.ok_or(RefError)?, next()?.ok_or(RefError)?);
        let namespace = next()?;
        match parts.next() {
            None => Ok(Self {
                cluster,
                namespace,
                name,
            }),
            Some(_) => Err(RefError),
        }
    }
}

/// What a list of groups is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupQuery {
    pub cluster: Option<String>,
    /// The name of one that it reads.
    pub destination: Option<String>,
    /// Part of the name.
    pub q: Option<String>,
    /// In the broker's word.
    pub state: Option<String>,
    pub sort: GroupSort,
    pub limit: u32,
    pub cursor: Option<String>,
    /// What the caller sees; `None`: everything.
    pub sights: Option<Vec<Sight>>,
}

/// By name, or the greatest first and then by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupSort {
    #[default]
    Name,
    Lag,
    Members,
    Out,
}

impl GroupSort {
    /// As addresses write them.
    pub const WORDS: &[(&'static str, Self)] = &[
        ("name", Self::Name),
        ("lag", Self::Lag),
        ("members", Self::Members),
        ("out", Self::Out),
    ];
}

/// What list and page tell alike. What is null stands in `unknown`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupSummary {
    pub id: String,
    pub cluster: String,
    pub system: String,
    pub namespace: Option<String>,
    pub name: String,
    /// In the broker's words.
    pub kind: String,
    pub state: Option<String>,
    pub coordinator: Option<String>,
    /// What it reads, by name.
    pub destinations: Vec<String>,
    /// Over all its partitions; null where that of any is not known.
    pub lag_messages: Option<u64>,
    /// On the partitions where it is known: the lag is at least this.
    pub lag_known_messages: u64,
    pub unknown_partitions: u64,
    pub lag_ms: Option<f64>,
    pub verdict: Option<String>,
    pub drain_ms: Option<f64>,
    pub retention_loss_ms: Option<f64>,
    /// Messages that it takes, from its last two readings.
    pub out_per_s: Option<f64>,
    /// Share of what it took in the last hour that spans tell of, 0 to 1.
    pub coverage: Option<f64>,
    /// When the figures were read.
    pub as_of: Option<Timestamp>,
    /// The figures are older than two intervals, or the broker left this group out.
    pub stale: bool,
    /// The broker leaves it out since then, while it cannot tell everything.
    pub missing_since: Option<Timestamp>,
    /// Members that are null because nobody has said.
    pub unknown: Vec<String>,
    /// Why, where the broker or the poll tells it.
    pub reasons: Vec<Unknown>,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupLine {
    #[serde(flatten)]
    pub group: GroupSummary,
    /// How many.
    pub members: Option<u64>,
    /// How many it has a position on.
    pub partitions: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupPage {
    #[serde(flatten)]
    pub group: GroupSummary,
    pub members: Option<Vec<Member>>,
    /// Share of the time, 0 to 1, in which its consumers could take a message at once.
    pub consumer_capacity: Option<f64>,
    /// By destination, then by number; null while no position was read.
    pub partitions: Option<Vec<PartitionPosition>>,
    /// When the positions were read. They hold until `as_of`, except in a cluster in which more than
    /// 100,000 positions move between two readings: there groups are written in turn, and
    /// `lag_messages` is newer than the positions.
    pub changed_at: Option<Timestamp>,
}

/// The lag of one group over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LagSeries {
    pub id: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub step_ms: u64,
    /// When the cluster was last read.
    pub as_of: Option<Timestamp>,
    pub stale: bool,
    /// A point a step, oldest first; null where the cluster was not read, or the lag is not known.
    pub points: Vec<Stretch>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written() {
        for namespace in [None, Some(""), Some("/"), Some("a-b")] {
            let id = GroupId {
                cluster: "east-1".into(),
                namespace: namespace.map(str::to_owned),
                name: "billing <é>".into(),
            };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["gr-", "gr-61", "gr-61-zz", "gr-61-62-63-64", "d-61-62"] {
            assert!(text.parse::<GroupId>().is_err(), "{text}");
        }
    }
}
