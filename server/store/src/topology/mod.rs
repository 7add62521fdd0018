//! What brokers told last: the whole topology of each cluster, packed, and a narrow line for each
//! destination and group, so that lists of many thousands are paged in SQL.

mod ends;
mod key;
mod lines;
mod list_destinations;
mod list_groups;
mod packed;
mod poll_state;

use waybill_model::access::Sight;
use waybill_model::judgement::GroupJudgement;
use waybill_model::messaging::DestinationRole;
use waybill_model::reading::PartitionEnds;
use waybill_model::time::Timestamp;
use waybill_model::topology::DestinationKind;

pub(crate) use key::hash;
pub use key::{destination_key, group_key, place_key};
pub use lines::LineChanges;
pub use list_destinations::{
    DestinationFilter, DestinationPlace, DestinationSort, ListedDestination,
};
pub use list_groups::{GroupFilter, GroupPlace, GroupSort};

#[cfg(feature = "testing")]
pub(crate) use {
    ends::STATEMENTS as ENDS_STATEMENTS, lines::STATEMENTS as LINE_STATEMENTS,
    list_destinations::STATEMENTS as DESTINATION_STATEMENTS,
    list_groups::STATEMENTS as GROUP_STATEMENTS, packed::STATEMENTS as PACKED_STATEMENTS,
    poll_state::STATEMENTS as POLL_STATEMENTS,
};

/// What lists tell of a destination that a broker told.
#[derive(Clone, Debug, PartialEq)]
pub struct DestinationLine {
    pub cluster: String,
    /// As in `messaging.system`.
    pub system: String,
    pub namespace: Option<String>,
    pub name: String,
    pub kind: DestinationKind,
    pub role: DestinationRole,
    /// `None` where it has none.
    pub partitions: Option<u64>,
    /// Messages that it holds.
    pub depth_messages: Option<u64>,
    /// The greatest of its groups; `None` where that of any is not known.
    pub lag_messages: Option<u64>,
    pub in_per_s: Option<f64>,
    pub out_per_s: Option<f64>,
    pub consumers: Option<u64>,
    pub stored_bytes: Option<u64>,
    pub groups: u64,
    pub findings: u64,
    /// Names of what its dead letters go to; `None`: nobody told.
    pub dead_letters: Option<Vec<String>>,
    /// When the figures were told; `None`: at the cluster's last good reading.
    pub figures_at: Option<Timestamp>,
    /// The broker leaves it out since then, while it cannot tell everything.
    pub missing_since: Option<Timestamp>,
    /// When a counter was last seen to grow by what came in; `None`: no counter was told.
    pub received_at: Option<Timestamp>,
    /// The same of what was taken for good; `None` beside a `received_at`: nothing ever was.
    pub taken_at: Option<Timestamp>,
    /// Since when it holds what it holds now.
    pub held_since: Option<Timestamp>,
    /// Whether everything that ever came was taken for good.
    pub all_taken: Option<bool>,
    /// By partition, as far as they were read. Written with the line and read apart
    /// ([`destination_ends`](crate::Store::destination_ends)): a line that was read has none.
    pub ends: Vec<PartitionEnds>,
}

/// What lists tell of a group that a broker told.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupLine {
    pub cluster: String,
    pub system: String,
    pub namespace: Option<String>,
    pub name: String,
    /// The broker's word.
    pub kind: String,
    pub state: Option<String>,
    pub coordinator: Option<String>,
    pub members: Option<u64>,
    /// Names, sorted.
    pub destinations: Vec<String>,
    pub partitions: u64,
    /// `None` where it is not known on every partition.
    pub lag_messages: Option<u64>,
    /// On the partitions where it is known.
    pub lag_known_messages: u64,
    pub unknown_partitions: u64,
    pub out_per_s: Option<f64>,
    pub figures_at: Option<Timestamp>,
    pub missing_since: Option<Timestamp>,
    /// `None`: nobody has judged it.
    pub judged: Option<GroupJudgement>,
}

impl DestinationLine {
    pub fn key(&self) -> i64 {
        destination_key(
            &self.cluster,
            self.namespace.as_deref(),
            self.kind,
            &self.name,
        )
    }

    pub fn place(&self) -> i64 {
        place_key(&self.system, &self.name)
    }
}

impl GroupLine {
    pub fn key(&self) -> i64 {
        group_key(&self.cluster, self.namespace.as_deref(), &self.name)
    }
}

const KINDS: [DestinationKind; 4] = [
    DestinationKind::Topic,
    DestinationKind::Queue,
    DestinationKind::Exchange,
    DestinationKind::Stream,
];

fn kind_code(kind: DestinationKind) -> i16 {
    KINDS.iter().position(|k| *k == kind).unwrap_or(0) as i16
}

fn kind_of(code: i16) -> DestinationKind {
    let at = usize::try_from(code).unwrap_or(0);
    KINDS.get(at).copied().unwrap_or_default()
}

/// Two columns of patterns as LIKE takes them; `None`: everything is seen.
pub(crate) fn sights(sights: Option<&[Sight]>) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let column = |pick: fn(&Sight) -> &str| {
        sights.map(|all| {
            all.iter()
                .map(|one| crate::text::like_pattern(pick(one)))
                .collect()
        })
    };
    (
        column(|sight| &sight.cluster),
        column(|sight| &sight.resource),
    )
}
