//! What a cluster is made of, as its broker tells it. Whatever the broker did not tell is `None`,
//! with the reason in the `unknown` list of the same object; nothing is ever zero for want of an
//! answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::commits::{Commit, Commits, GroupCommits, Place, Position};
use crate::messaging::DestinationRole;
use crate::time::Timestamp;

/// A member of an object that is `None`, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unknown {
    /// The member's name, as in JSON.
    pub member: String,
    pub why: Why,
    /// The right that is missing, the error, the version: one line of the broker's or of ours.
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The broker answered and left it out.
    Missing,
    /// The broker refused: `detail` names the right.
    Forbidden,
    /// This broker, or this version of it, has no such thing.
    Unsupported,
    /// Asking failed: no answer in time, or one that cannot be read.
    Failed,
    /// Nobody has asked yet.
    NotAsked,
    /// It is ours to conclude, and what was read does not tell it.
    Undetermined,
}

/// One cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// The broker's own id of the cluster.
    pub cluster_id: Option<String>,
    pub version: Option<String>,
    /// Id of the node that decides for the cluster, where the broker has one.
    pub controller: Option<String>,
    /// Client connections that are open now.
    pub connections: Option<u64>,
    /// How many of them are in each state, in the broker's words: `running`, `flow`, `blocked`.
    pub connection_states: Option<BTreeMap<String, u64>>,
    pub nodes: Vec<Node>,
    pub destinations: Vec<Destination>,
    pub groups: Vec<Group>,
    pub routes: Vec<Route>,
    pub unknown: Vec<Unknown>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    /// Unique in the cluster.
    pub id: String,
    pub address: Option<String>,
    /// What it listens on, `protocol address:port`, where a broker tells.
    pub listeners: Vec<String>,
    pub rack: Option<String>,
    /// The broker's words, such as `broker`, `controller`, `disc`.
    pub roles: Vec<String>,
    pub running: Option<bool>,
    pub version: Option<String>,
    /// Partitions or queues that it leads.
    pub leads: Option<u64>,
    pub used_memory_bytes: Option<u64>,
    pub memory_limit_bytes: Option<u64>,
    pub free_disk_bytes: Option<u64>,
    pub stored_bytes: Option<u64>,
    pub uptime_ms: Option<u64>,
    /// What the broker itself calls wrong, in its words.
    pub alarms: Vec<String>,
    pub unknown: Vec<Unknown>,
}

/// A place where messages are put.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Destination {
    /// As spans name it.
    pub name: String,
    /// A virtual host or namespace; `None` where the broker has none.
    pub namespace: Option<String>,
    pub kind: DestinationKind,
    pub role: DestinationRole,
    /// The broker's own id: a destination made again under its name is another one.
    pub id: Option<String>,
    /// The broker's word for its type, such as `quorum`, `classic`, `fanout`.
    pub subtype: Option<String>,
    pub state: Option<String>,
    pub partitions: Vec<Partition>,
    /// Settings that decide what happens to messages: retention, limits, guarantees.
    pub settings: Vec<Setting>,
    /// Age from which messages may be dropped, and bytes of a partition; `None`: no such limit, or
    /// nobody told.
    #[serde(default)]
    pub keeps_ms: Option<u64>,
    #[serde(default)]
    pub keeps_bytes: Option<u64>,
    pub consumers: Option<u64>,
    pub stored_bytes: Option<u64>,
    /// What the topology itself tells is wrong.
    pub findings: Vec<Finding>,
    pub unknown: Vec<Unknown>,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PlaceKind))]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    #[default]
    Topic,
    Queue,
    Exchange,
    Stream,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Partition {
    pub id: String,
    /// Node ids; `None`: it has no leader now (told), or nobody told (then in `unknown`).
    pub leader: Option<String>,
    pub replicas: Vec<String>,
    /// Replicas that hold everything acknowledged.
    pub in_sync: Option<Vec<String>>,
    /// Replicas that may lead without loss although they are not in sync.
    pub eligible: Option<Vec<String>>,
    /// Replicas that may hold the most when none may lead without loss.
    pub last_known_eligible: Option<Vec<String>>,
    pub offline: Option<Vec<String>>,
    pub stored_bytes: Option<u64>,
    pub unknown: Vec<Unknown>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    pub name: String,
    /// As the broker writes it; secrets are `None`.
    pub value: Option<String>,
    /// Where it comes from, in the broker's words: `default`, `topic`, `policy orders`.
    pub source: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    pub kind: FindingKind,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Dead letters or retries come back to where they began, with nothing that ends it.
    Loop,
    /// What it dead-letters to does not exist: such messages are lost.
    MissingTarget,
    /// Dead letters go to an exchange that routes them nowhere.
    Unrouted,
    /// Fewer replicas are in sync than writes ask for.
    UnderMinInSync,
    UnderReplicated,
    NoLeader,
}

/// What leads a message from one destination to another within the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Route {
    pub kind: RouteKind,
    pub namespace: Option<String>,
    pub from: String,
    pub to: String,
    pub to_kind: DestinationKind,
    pub routing_key: Option<String>,
    /// How far the broker itself guarantees that nothing is lost on the way.
    pub guarantee: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    Binding,
    DeadLetter,
    /// A dead letter that comes back after a time.
    Retry,
}

/// Who reads: a consumer group, or the consumers of a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    pub name: String,
    pub namespace: Option<String>,
    /// The broker's word, such as `classic`, `consumer`, `share`, `queue`.
    pub kind: String,
    pub state: Option<String>,
    pub coordinator: Option<String>,
    pub members: Option<Vec<Member>>,
    /// What decides how its members read: retries, order, what they subscribe to.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Share of the time, 0 to 1, in which its consumers could take a message at once: below 1 more
    /// consumers, or a larger prefetch, would help.
    pub consumer_capacity: Option<f64>,
    /// A reader of the broker's own: it may stand by design, and is not judged.
    #[serde(default)]
    pub is_brokers_own: bool,
    pub unknown: Vec<Unknown>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    pub id: String,
    pub client_id: Option<String>,
    pub host: Option<String>,
    /// What it is to read now: destination and partitions.
    pub assigned: Option<Vec<(String, Vec<String>)>>,
    /// Messages it may hold unacknowledged.
    pub prefetch: Option<u64>,
    /// Of a log that the broker reads to it: the offset that it was given last.
    pub offset: Option<i64>,
    /// Messages behind the end, as the broker tells.
    pub lag_messages: Option<u64>,
}

/// Where messages stand, read often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    pub heads: Vec<Head>,
    pub commits: Commits,
    pub depths: Vec<Depth>,
    /// Where the figures were read, for a broker that has more than one place to read them.
    pub source: Option<String>,
    pub unknown: Vec<Unknown>,
}

/// One partition: where its messages begin and end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub destination: String,
    pub partition: String,
    /// The offset of the next message; of a log with transactions, of the first message whose
    /// transaction is still open.
    pub head: i64,
    /// The end with what open transactions wrote; asked only where a group stands beyond `head`.
    pub written: Option<i64>,
    /// The oldest offset kept; read seldom.
    pub low: Option<i64>,
    pub at: Timestamp,
}

/// A queue that has no offsets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Depth {
    pub destination: String,
    pub namespace: Option<String>,
    pub ready: Option<u64>,
    pub unacknowledged: Option<u64>,
    pub consumers: Option<u64>,
    /// Counters since the node began; they start again with it.
    pub published_total: Option<u64>,
    pub delivered_total: Option<u64>,
    pub acknowledged_total: Option<u64>,
    pub redelivered_total: Option<u64>,
    /// When the oldest message was published, where publishers say.
    pub head_at: Option<Timestamp>,
    pub at: Timestamp,
    pub unknown: Vec<Unknown>,
}
