//! Groups as the API tells them: who reads, and how far behind.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::access::Sight;
use crate::journey::{AttemptError, JourneyState};
use crate::judgement::{
    Cause, GroupEvent, HotPartition, LagSource, LossBy, MoreConsumers, Verdict,
};
use crate::reading::{PartitionPosition, Stretch};
use crate::reference::{Hex, RefError, unhex};
use crate::time::Timestamp;
use crate::topology::{Member, Setting, Unknown};

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
    pub verdict: Option<Verdict>,
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
    LagTime,
}

impl GroupSort {
    /// As addresses write them.
    pub const WORDS: &[(&'static str, Self)] = &[
        ("name", Self::Name),
        ("lag", Self::Lag),
        ("members", Self::Members),
        ("out", Self::Out),
        ("lag_ms", Self::LagTime),
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
    /// Since the oldest message was written that waits, as of `as_of`; 0 where none does.
    pub lag_ms: Option<f64>,
    pub lag_source: Option<LagSource>,
    pub verdict: Option<Verdict>,
    /// The rule that decided; null where it keeps up.
    pub cause: Option<Cause>,
    /// Since when it stands, or when it went back.
    pub since: Option<Timestamp>,
    /// Until nothing waits any more, at the rates of the last readings; null with a reason where it never
    /// drains.
    pub drain_ms: Option<f64>,
    /// Until the first message is dropped that was not read; null with a reason where none will be.
    pub retention_loss_ms: Option<f64>,
    pub loss_by: Option<LossBy>,
    /// Messages that come, over what it reads.
    pub in_per_s: Option<f64>,
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
    /// What decides how its members read, where the broker tells.
    pub config: Vec<Setting>,
    /// Share of the time, 0 to 1, in which its consumers could take a message at once.
    pub consumer_capacity: Option<f64>,
    /// By destination, then by number; null while no position was read.
    pub partitions: Option<Vec<GroupPartition>>,
    /// Whether more members would drain it sooner; null where nothing waits, or it is not known.
    pub more_consumers: Option<MoreConsumers>,
    /// A partition that takes more than its part.
    pub hot: Option<HotPartition>,
    /// Times that its members were seen to change within two minutes.
    pub rebalances: u64,
    /// What it stands before, where it stands: the worst partitions, at most three.
    pub head_of_line: Vec<HeadOfLine>,
    /// When the positions were read. They hold until `as_of`, except in a cluster in which more than
    /// 100,000 positions move between two readings: there groups are written in turn, and
    /// `lag_messages` is newer than the positions.
    pub changed_at: Option<Timestamp>,
}

/// Where a group stands on one partition, and what is judged of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupPartition {
    #[serde(flatten)]
    pub position: PartitionPosition,
    /// Null where nothing is judged yet, and of partitions beyond the worst hundred.
    pub verdict: Option<Verdict>,
    pub cause: Option<Cause>,
    pub since: Option<Timestamp>,
    /// The position that it went back from.
    pub back_from: Option<i64>,
    /// The member that was given it.
    pub member: Option<String>,
    pub lag_ms: Option<f64>,
    pub lag_source: Option<LagSource>,
    pub in_per_s: Option<f64>,
    pub out_per_s: Option<f64>,
    pub drain_ms: Option<f64>,
    pub retention_loss_ms: Option<f64>,
    /// The first message that waits, where the partition is in trouble.
    pub head_of_line: Option<HeadOfLine>,
}

/// The first message that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeadOfLine {
    pub destination: String,
    pub partition: String,
    /// Of the message: at the position, or after it where compaction removed what lay there.
    pub offset: i64,
    /// By the broker; null where it was not asked, or did not answer in time.
    pub written_at: Option<Timestamp>,
    pub size_bytes: Option<u64>,
    /// Id of its journey; null where no span tells of it.
    pub journey: Option<String>,
    pub state: Option<JourneyState>,
    /// As spans tell it.
    pub key: Option<String>,
    /// Of this group, as far as spans tell.
    pub attempts: u64,
    pub last_attempt_at: Option<Timestamp>,
    pub error: Option<AttemptError>,
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
    /// What happened to the group meanwhile, the newest first, at most 200.
    pub events: Vec<GroupEvent>,
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
