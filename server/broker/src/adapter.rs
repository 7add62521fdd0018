//! An adapter: the descriptor of a broker and the facets that speak with it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use waybill_model::messaging::{DestinationKind, DestinationRole, Facts};
use waybill_model::posture::Posture;
use waybill_model::problem::Problem;
use waybill_model::span::Span;
use waybill_model::topology::{Readings, Topology};

use crate::browse::Browse;
use crate::convention::Said;
pub use crate::settings::Settings;
use crate::traces::NativeTraces;

/// Everything Waybill has of one broker.
#[derive(Clone)]
pub struct BrokerAdapter {
    /// As in `messaging.system` and in `[[cluster]] broker = …`.
    pub name: &'static str,
    /// As people write it.
    pub label: &'static str,
    pub vocabulary: Vocabulary,
    /// Reads spans of this broker's clients.
    pub dialect: Option<Arc<dyn Dialect>>,
    /// Speaks with a cluster of this broker.
    pub connect: Option<Arc<dyn Connect>>,
    /// Reads the settings table of a cluster, where there is no `connect`, whose clusters tell it
    /// themselves: `host:port` of every door that it names, as spans may name them. Opens no
    /// connection. An unknown key is `ConfigInvalid` with the nearest known one.
    pub addresses: Option<Addresses>,
    /// Judges how a cluster's own settings let messages be lost. Pure: from what was read of it to
    /// risks. `None`: nothing is judged, and nothing is called safe.
    pub posture: Option<Judge>,
}

/// From a topology to its risks, the gravest first. What is not known is in `unjudged`.
pub type Judge = fn(&Topology) -> Posture;

/// From a settings table to the addresses in it.
pub type Addresses = fn(&Settings) -> Result<Vec<String>, Problem>;

/// The broker's own words for what the model names neutrally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    pub destination: &'static str,
    pub group: &'static str,
    pub partition: &'static str,
    pub offset: &'static str,
}

/// What an adapter can do, told from the facets it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Spans of its clients become journeys.
    Journeys,
    /// Topology, positions and lag are read from the broker.
    Observe,
    /// Stored messages are read from the broker.
    Browse,
}

impl BrokerAdapter {
    pub fn capabilities(&self) -> Vec<Capability> {
        let journeys = self.dialect.iter().map(|_| Capability::Journeys);
        let observe = self.connect.iter().map(|_| Capability::Observe);
        let browse = self.connect.iter().filter(|connect| connect.browses());
        let browse = browse.map(|_| Capability::Browse);
        journeys.chain(observe).chain(browse).collect()
    }
}

impl Capability {
    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Journeys => "journeys",
            Self::Observe => "observe",
            Self::Browse => "browse",
        }
    }
}

/// Spans of one broker's clients, in canonical words.
pub trait Dialect: Send + Sync {
    /// Whether `messaging.system` names this broker.
    fn speaks(&self, system: &str) -> bool;

    /// Whether a span without `messaging.system` is of this broker, told by the library (scope)
    /// that made it, if that is known to leave the system out, or by an attribute of this broker's
    /// own.
    fn claims(&self, span: &Span) -> bool {
        let _ = span;
        false
    }

    /// `said` is what the convention's names give; the dialect corrects and completes it.
    fn facts(&self, span: &Span, said: &Said<'_>) -> Option<Facts>;

    /// What a destination of this broker is for, as far as its name tells.
    fn destination_role(&self, name: &str) -> DestinationRole;

    /// What an ordinary destination of this name is; `None` where spans cannot tell.
    fn destination_kind(&self, name: &str) -> Option<DestinationKind> {
        let _ = name;
        None
    }

    /// Whether a group's name outlives a connection. Generated names do not.
    fn is_lasting_group(&self, name: &str) -> bool {
        let _ = name;
        true
    }

    /// Where messages that clients put to a destination come to rest, by the cluster's own routes.
    /// One answer for each that is asked, in their order; `None` where it cannot be told, and for
    /// brokers whose destinations hold their messages themselves.
    fn rests(&self, topology: &Topology, asked: &[Put<'_>]) -> Vec<Option<Rest>> {
        let _ = topology;
        asked.iter().map(|_| None).collect()
    }

    /// Where the headers of a message say that it lay first, before it was put here to be tried again
    /// or laid aside.
    fn came_from(&self, headers: &[(String, Option<Bytes>)]) -> Option<CameFrom> {
        let _ = headers;
        None
    }

    fn habits(&self) -> Habits;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameFrom {
    pub destination: String,
    pub partition: String,
    pub offset: i64,
}

/// What a client's span tells of where it put a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put<'a> {
    pub destination: &'a str,
    /// As [`Facts::route`].
    pub route: Option<&'a str>,
}

/// Where a message comes to rest; nowhere where there is no queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Of what was asked for.
    pub namespace: Option<String>,
    pub queues: Vec<RestingQueue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestingQueue {
    pub namespace: Option<String>,
    pub name: String,
    /// Messages may leave it although nobody took them: their time is over, or it is full.
    pub lets_go: bool,
    /// Queues that its dead letters come to; `None`: they go where it cannot be told.
    pub dead_letters: Option<Vec<String>>,
}

/// What holds for every message of a broker and decides which evidence counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Producer and consumer spans name one destination alike, so two names are two places.
    /// Not so where one side writes an exchange and the other a queue.
    pub one_name: bool,
    /// Two deliveries at two positions are two messages.
    pub positions: bool,
}

/// From a `[cluster.settings]` table to a cluster that can be asked.
pub trait Connect: Send + Sync {
    /// Reads the settings; opens no connection.
    ///
    /// # Errors
    /// `ConfigInvalid`: an unknown key (with the nearest known one), a value that cannot be read, a
    /// file that is not there.
    fn cluster(&self, name: &str, settings: &Settings) -> Result<Arc<dyn Cluster>, Problem>;

    /// Whether its clusters have [`Browse`], without opening one. What of a cluster can be read is
    /// told by [`Browse::price`], destination by destination.
    fn browses(&self) -> bool {
        false
    }
}

/// One cluster. Connections are opened when something is asked, and again after they broke: no
/// restart is needed when a broker comes back.
pub trait Cluster: Send + Sync {
    /// `host:port` as spans may name it.
    fn addresses(&self) -> Vec<String>;

    fn observe(&self) -> Option<&dyn Observe>;

    /// `None`: this cluster's messages cannot be looked at from here.
    fn browse(&self) -> Option<&dyn Browse> {
        None
    }

    /// `None`: clients of this broker write no trace of their own to it.
    fn native_traces(&self) -> Option<&dyn NativeTraces> {
        None
    }
}

/// Reads a cluster and changes nothing in it: no request that writes, commits, joins, declares or
/// requeues.
#[async_trait]
pub trait Observe: Send + Sync {
    /// Nodes, destinations, groups, settings. Slow cadence.
    ///
    /// # Errors
    /// Only where nothing at all could be read; what failed in part is told in the topology's
    /// `unknown` lists.
    async fn topology(&self, patience: Duration) -> Result<Topology, Refused>;

    /// Whether a look that costs little shows that the topology has changed since it was last told.
    /// `false`: it shows nothing of the kind; it may have changed all the same.
    async fn has_changed(&self, patience: Duration) -> Result<bool, Refused> {
        let _ = patience;
        Ok(false)
    }

    /// Positions and depths. Quick cadence. What the last topology told may be used.
    async fn readings(&self, patience: Duration) -> Result<Readings, Refused>;

    /// What this user may not read, and how to allow it.
    async fn missing_rights(&self, patience: Duration) -> Result<Vec<MissingRight>, Refused>;
}

pub(crate) fn refuse(reason: Reason, detail: String, hint: &str) -> Refused {
    Refused {
        reason,
        detail,
        hint: hint.to_owned(),
    }
}

/// Nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Refused {
    pub reason: Reason,
    /// For the person: which address, in the broker's or the system's words.
    pub detail: String,
    pub hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time.
    TooSlow,
    /// User, password or token are not accepted.
    WrongCredentials,
    /// The other side's certificate is not trusted, or ours is not.
    WrongCertificate,
    /// Something else listens there.
    NotThisProtocol,
    /// The user has no right to anything of use.
    Forbidden,
    /// An answer that is cut short, too large or against the protocol.
    BadAnswer,
    /// The cluster has no such destination, partition or position.
    NotThere,
    /// It could only be done by disturbing messages: the hint says what to do instead.
    Disturbs,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too slow",
            Self::WrongCredentials => "wrong credentials",
            Self::WrongCertificate => "wrong certificate",
            Self::NotThisProtocol => "another protocol",
            Self::Forbidden => "forbidden",
            Self::BadAnswer => "bad answer",
            Self::NotThere => "not there",
            Self::Disturbs => "would disturb messages",
        })
    }
}

/// A right that observing wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRight {
    /// In the broker's words, such as `Describe on Cluster`.
    pub right: String,
    /// What stays blank without it.
    pub blank: String,
    /// The command of the broker's own tools that grants the least.
    pub grant: String,
}
