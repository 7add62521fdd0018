//! What Waybill knows of brokers. Read this first.
//!
//! # The contract
//!
//! A broker is one folder and one line in [`registry`]. Its folder gives a [`BrokerAdapter`]: a
//! descriptor (name, label, the words its people use) and facets. A facet is an `Option`: where an
//! adapter has none, Waybill offers nothing and says why. Outside an adapter's folder nobody
//! compares a broker's name.
//!
//! The facets that exist today:
//!
//! - [`Dialect`] turns the attributes that a client library put on a span into [`Facts`], the
//!   canonical messaging words. It is pure, cheap (it runs for every span that arrives) and never
//!   guesses: what a span does not say is `None`. A dialect answers `None` for a span of its broker
//!   only when the span is no messaging span at all; a span about no message (an acknowledgement, a
//!   prefetch setting) is [`Operation::Settle`] or [`Operation::Other`].
//!
//! - [`adapter::Observe`], reached through [`adapter::Connect`], reads a cluster and changes nothing
//!   in it: no request that writes, commits, joins, declares or requeues. What it could not read is
//!   told as unknown, with the reason, beside what it could.
//!
//! Looking at stored messages and acting on a broker are facets of their own; they are added to
//! [`BrokerAdapter`] with the first code that performs them, not before.
//!
//! What all instrumentations share (the names of attributes over ten years of the convention)
//! is neutral and lives in [`convention`]; what a library does in its own way lives in the
//! dialect of its broker, with the library named.
//!
//! This crate sees the words of `waybill-model` and nothing else of Waybill.

pub mod adapter;
pub mod convention;
mod kafka;
mod rabbitmq;
pub mod registry;
mod rocketmq;
pub mod roles;

pub use adapter::{BrokerAdapter, Capability, Dialect, Habits, Vocabulary};
pub use registry::Dialects;

pub use messaging::{DestinationRole, Facts, Operation};
use waybill_model::messaging;
