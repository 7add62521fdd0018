//! Where a group stands, as far as it is known.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Why a lag is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LagGap {
    /// Nobody told where the partition ends.
    NoHead,
    /// The group never committed, and nobody told where the partition begins.
    NoOldest,
    /// The group's position lies behind the end of the partition: it was cut, or made again under
    /// its name.
    BeyondEnd,
}

/// One group on one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartitionPosition {
    pub destination: String,
    pub partition: String,
    /// `None`: the group never committed here.
    pub committed: Option<i64>,
    pub head: Option<i64>,
    /// In messages.
    #[serde(rename = "lag")]
    pub lag_messages: Option<u64>,
    /// Set exactly where the lag is `None`.
    pub gap: Option<LagGap>,
}

/// Where one partition begins and ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartitionEnds {
    pub partition: String,
    /// Offset of the oldest message kept; read more seldom than the head.
    pub low: Option<i64>,
    /// Offset that the next message gets; where there are transactions, the end that readers of
    /// committed messages see.
    pub head: Option<i64>,
}

/// A stretch of time of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stretch {
    /// Start of the stretch.
    pub at: Timestamp,
    /// `None`: not known at any time of the stretch.
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub last: Option<i64>,
}
