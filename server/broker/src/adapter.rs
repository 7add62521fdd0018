//! An adapter: the descriptor of a broker and the facets that speak with it.

use std::sync::Arc;

use waybill_model::messaging::{DestinationKind, DestinationRole, Facts};
use waybill_model::problem::Problem;
use waybill_model::span::Span;

use crate::convention::Said;
use crate::settings::Settings;

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
    /// Reads the settings table of a cluster: `host:port` of every door that it names, as spans may
    /// name them. Opens no connection. An unknown key is `ConfigInvalid` with the nearest known one.
    pub addresses: fn(&Settings) -> Result<Vec<String>, Problem>,
}

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
}

impl BrokerAdapter {
    pub fn capabilities(&self) -> Vec<Capability> {
        self.dialect.iter().map(|_| Capability::Journeys).collect()
    }
}

impl Capability {
    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Journeys => "journeys",
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

    fn habits(&self) -> Habits;
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
