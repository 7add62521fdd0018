//! THE registration list: one line a broker.

use std::sync::Arc;

use bytes::Bytes;
use waybill_model::messaging::{DestinationKind, DestinationRole, Facts};
use waybill_model::span::Span;
use waybill_model::topology::Topology;

use crate::adapter::{BrokerAdapter, CameFrom, Dialect, Habits, Put, Rest};
use crate::convention::{self, Said};
use crate::roles;

pub fn adapters() -> Vec<BrokerAdapter> {
    vec![
        crate::kafka::adapter(),
        crate::rabbitmq::adapter(),
        crate::rocketmq::adapter(),
    ]
}

/// All dialects, asked as one. Cheap to clone.
#[derive(Clone)]
pub struct Dialects {
    dialects: Arc<[Arc<dyn Dialect>]>,
}

impl Dialects {
    pub fn builtin() -> Self {
        Self::with([])
    }

    /// The built-in ones and others besides; the others are asked first.
    pub fn with(custom: impl IntoIterator<Item = Arc<dyn Dialect>>) -> Self {
        let builtin = adapters().into_iter().filter_map(|adapter| adapter.dialect);
        Self {
            dialects: custom.into_iter().chain(builtin).collect(),
        }
    }

    /// Of these adapters alone.
    pub fn of(adapters: &[BrokerAdapter]) -> Self {
        let dialects = adapters
            .iter()
            .filter_map(|adapter| adapter.dialect.clone());
        Self {
            dialects: dialects.collect(),
        }
    }

    /// `None`: not a messaging span. A system that no adapter speaks for is read by the
    /// convention's names alone.
    pub fn facts(&self, span: &Span) -> Option<Facts> {
        let said = Said::of(&span.attributes);
        let dialect = match said.system {
            Some(system) => self.speaking(system),
            // A scope's name is asked only where something else looks like messaging, so that
            // other spans cost no more than one look at their attribute names.
            None if said.any || convention::is_messaging_kind(span.kind) => {
                Some(self.dialects.iter().find(|d| d.claims(span))?)
            }
            None => return None,
        };
        let mut facts = match dialect {
            Some(dialect) => dialect.facts(span, &said)?,
            None => said.facts(said.system?, span),
        };
        // After the dialect: what some brokers' clients write as an id is a position, a header never.
        if facts.message_id.is_none() {
            facts.message_id = said.header_message_id.map(str::to_owned);
        }
        Some(facts)
    }

    pub fn destination_role(&self, system: &str, name: &str) -> DestinationRole {
        match self.speaking(system) {
            Some(dialect) => dialect.destination_role(name),
            None => roles::by_name(name),
        }
    }

    /// `None` where spans cannot tell.
    pub fn destination_kind(&self, system: &str, name: &str) -> Option<DestinationKind> {
        self.speaking(system)?.destination_kind(name)
    }

    /// As [`Dialect::came_from`].
    pub fn came_from(&self, system: &str, headers: &[(String, Option<Bytes>)]) -> Option<CameFrom> {
        self.speaking(system)?.came_from(headers)
    }

    /// As [`Dialect::rests`].
    pub fn rests(&self, system: &str, topology: &Topology, asked: &[Put<'_>]) -> Vec<Option<Rest>> {
        match self.speaking(system) {
            Some(dialect) => dialect.rests(topology, asked),
            None => asked.iter().map(|_| None).collect(),
        }
    }

    pub fn is_lasting_group(&self, system: &str, name: &str) -> bool {
        self.speaking(system)
            .is_none_or(|dialect| dialect.is_lasting_group(name))
    }

    pub fn habits(&self, system: &str) -> Habits {
        match self.speaking(system) {
            Some(dialect) => dialect.habits(),
            None => Habits {
                one_name: false,
                positions: false,
            },
        }
    }

    fn speaking(&self, system: &str) -> Option<&Arc<dyn Dialect>> {
        self.dialects.iter().find(|d| d.speaks(system))
    }
}

#[cfg(test)]
#[path = "registry_tests/mod.rs"]
mod tests;
