//! What is judged of a group: whether it keeps up, why not, and what comes of it. Kept with its line,
//! so members are only ever added.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Burrow's words, from best to worst: a group has the worst of its partitions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It keeps up, or catches up.
    Ok,
    /// Nothing can be said: not enough readings, or no position.
    #[default]
    Unknown,
    /// It moves and falls behind all the same.
    Warning,
    /// It takes nothing any more.
    Stopped,
    /// It is at work and does not come past one position.
    Stalled,
    /// Its position went back.
    Rewound,
}

impl Verdict {
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Unknown,
        Self::Warning,
        Self::Stopped,
        Self::Stalled,
        Self::Rewound,
    ];
    /// As addresses and JSON write them.
    pub const WORDS: &[(&'static str, Self)] = &[
        ("ok", Self::Ok),
        ("unknown", Self::Unknown),
        ("warning", Self::Warning),
        ("stopped", Self::Stopped),
        ("stalled", Self::Stalled),
        ("rewound", Self::Rewound),
    ];

    pub fn word(self) -> &'static str {
        let named = Self::WORDS.iter().find(|(_, verdict)| *verdict == self);
        named.map_or("unknown", |(word, _)| word)
    }

    pub fn is_trouble(self) -> bool {
        self > Self::Unknown
    }
}

/// The rule that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Less is taken than comes.
    Slow,
    /// Its members changed again and again.
    Rebalancing,
    /// It has no member.
    NoMember,
    /// It has members, and none of them was given this partition.
    Unassigned,
    /// A member lives; spans tell that it tried the message before this one, and not this one.
    Paused,
    /// It never took anything.
    NeverConsumed,
    /// A member lives and does not come past this message; spans do not say why.
    NoProgress,
    /// Attempts at the message failed.
    PoisonHead,
    /// The message was processed, and the position not moved past it.
    NotCommitting,
    /// The position was set back.
    WentBack,
    /// Fewer than three readings since it has a position.
    FewReadings,
    /// It has no position that its lag could be told of.
    NoPosition,
    /// It is not meant to keep up: a reader of the broker's own, or a queue of retries or dead letters
    /// without consumers.
    ByDesign,
}

/// What a lag in time was told from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LagSource {
    /// When the end of the partition passed the position, between two readings.
    HeadHistory,
    /// The time of the stored message at the position.
    RecordTime,
    /// The time of the oldest message, as the broker tells it.
    HeadMessage,
    /// What has come since the end was where the position is, by the broker's counters.
    Counters,
    /// Lag over the rate at which messages come.
    Rate,
}

/// Why there is a forecast, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Drain {
    #[default]
    NotEnoughData,
    /// Nothing waits.
    Drained,
    Drains,
    /// It never drains: the slowest partition grows by so many messages a second, 0 where it stands.
    Grows {
        per_s: f64,
    },
}

/// Whether more members would drain it sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MoreConsumers {
    /// Members share partitions that are behind.
    Help,
    /// Every partition has a member of its own.
    NoPartitionFree,
    /// One partition holds nearly all of the lag.
    OnePartition,
}

/// What decides when messages are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LossBy {
    /// The oldest offset went on between readings at this rate.
    OldestAdvances,
    /// The age at which messages may be dropped.
    Age,
    /// The size from which messages may be dropped.
    Size,
    /// The position lies before the oldest message: what lay between is gone.
    Lost,
}

/// One partition. `None` is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartitionJudgement {
    pub destination: String,
    pub partition: String,
    pub verdict: Verdict,
    pub cause: Option<Cause>,
    /// Since when it stands, or when it went back.
    pub since: Option<Timestamp>,
    pub committed: Option<i64>,
    /// The position that it came back from.
    pub back_from: Option<i64>,
    /// The member that it was given to.
    pub member: Option<String>,
    /// When the oldest message that waits was written.
    pub behind_since: Option<Timestamp>,
    pub lag_source: Option<LagSource>,
    pub in_per_s: Option<f64>,
    pub out_per_s: Option<f64>,
    pub drain_ms: Option<f64>,
    /// When the first message is dropped that was not read.
    pub loss_at: Option<Timestamp>,
    pub loss_by: Option<LossBy>,
}

/// A partition that takes more than its part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HotPartition {
    pub destination: String,
    pub partition: String,
    /// Of all lag, 0 to 1.
    pub lag_share: Option<f64>,
    /// Of all that comes, 0 to 1.
    pub in_share: Option<f64>,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupJudgement {
    pub verdict: Verdict,
    pub cause: Option<Cause>,
    pub since: Option<Timestamp>,
    pub behind_since: Option<Timestamp>,
    pub lag_source: Option<LagSource>,
    pub in_per_s: Option<f64>,
    pub drain: Drain,
    pub drain_ms: Option<f64>,
    pub more_consumers: Option<MoreConsumers>,
    pub loss_at: Option<Timestamp>,
    pub loss_by: Option<LossBy>,
    pub hot: Option<HotPartition>,
    /// Times that its members changed within the last two minutes, as far as topologies were read.
    pub rebalances: u64,
    /// Those that are behind or in trouble, the worst first, at most [`Self::MOST_PARTITIONS`].
    pub partitions: Vec<PartitionJudgement>,
}

impl GroupJudgement {
    pub const MOST_PARTITIONS: usize = 100;

    /// The one that decided.
    pub fn worst(&self) -> Option<&PartitionJudgement> {
        let first = self.partitions.first()?;
        (first.verdict == self.verdict).then_some(first)
    }
}

/// What happened to a group, for its chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupEvent {
    pub at: Timestamp,
    pub kind: GroupEventKind,
    /// Of one destination; its partition where it is of one.
    pub destination: Option<String>,
    pub partition: Option<String>,
    /// Positions before and after.
    pub from: Option<i64>,
    pub to: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupEventKind {
    /// Members came, went, or were given other partitions.
    Rebalance,
    /// A position went back.
    Rewind,
    /// The destination is another one under its name.
    MadeAgain,
}

impl GroupEventKind {
    pub const WORDS: &[(&'static str, Self)] = &[
        ("rebalance", Self::Rebalance),
        ("rewind", Self::Rewind),
        ("made_again", Self::MadeAgain),
    ];

    pub fn word(self) -> &'static str {
        let named = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        named.map_or("rebalance", |(word, _)| word)
    }
}
