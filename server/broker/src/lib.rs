//! What Waybill knows of brokers. Read this first.
//!
//! # The contract
//!
//! A broker is one folder and one line in [`registry`]. Its folder gives a [`BrokerAdapter`]: a
//! descriptor (name, label, the words its people use) and facets. A facet is an `Option`: where an
//! adapter has none, Waybill offers nothing and says why. Outside an adapter's folder nobody
//! compares a broker's name.
//!
//! Three facets exist today:
//!
//! - [`Dialect`] turns the attributes that a client library put on a span into [`Facts`], the
//!   canonical messaging words. It is pure, cheap (it runs for every span that arrives) and never
//!   guesses: what a span does not say is `None`. A dialect answers `None` for a span of its broker
//!   only when the span is no messaging span at all; a span about no message (an acknowledgement, a
//!   prefetch setting) is [`Operation::Settle`] or [`Operation::Other`].
//!
//! - [`Connect`] reads a cluster's settings and gives a [`Cluster`], whose [`Observe`] tells topology
//!   and readings and changes nothing. What a broker did not tell is `None` with the reason beside
//!   it, never 0; where nothing at all could be read, the refusal is named. `conformance` (feature
//!   `testing`) is the suite that every adapter's cluster must pass; `sim` is a cluster that does
//!   what a test says.
//!
//! - [`Browse`] of a [`Cluster`] reads stored messages within a budget and disturbs nothing; where
//!   looking is a delivery, it names the price and refuses. `conformance::reads` and
//!   `conformance::disturbs` are the suites that every one of them must pass.
//!
//! - [`Judge`] is pure: from a topology to the ways in which the cluster's own settings let messages
//!   be lost, each with the setting, one sentence and the change that ends it ([`posture`] builds
//!   them). A setting that is not known makes a destination unjudged, never safe.
//!
//! Below all of them stands `guard`: a request becomes bytes only with its pass, and only what reads
//! is given one. A transport of a new broker takes `guard::Passed` where it writes to its socket.
//!
//! Each decodes its settings table ([`settings`]) with a type of its own and tells the addresses in
//! it, by which spans name a cluster.
//!
//! Acting on a broker is a facet of its own; it is added to [`BrokerAdapter`] with the first code
//! that performs it, not before.
//!
//! What all instrumentations share (the names of attributes over ten years of the convention)
//! is neutral and lives in [`convention`]; what a library does in its own way lives in the
//! dialect of its broker, with the library named.
//!
//! This crate sees the words of `waybill-model` and nothing else of Waybill.

pub mod adapter;
pub mod browse;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod convention;
mod frame;
mod guard;
mod kafka;
mod pause;
pub mod posture;
mod rabbitmq;
pub mod registry;
mod rocketmq;
pub mod roles;
mod secret;
pub mod settings;
mod settings_table;
#[cfg(any(test, feature = "testing"))]
pub mod sim;
mod tls;
mod tls_failure;
mod tls_settings;
pub mod traces;
mod unfold;

pub use adapter::{
    BrokerAdapter, CameFrom, Capability, Cluster, Connect, Dialect, Habits, Judge, MissingRight,
    Observe, Put, Reason, Refused, Rest, RestingQueue, Vocabulary,
};
pub use browse::Browse;
pub use registry::Dialects;
pub use traces::NativeTraces;

pub use messaging::{DestinationRole, Facts, Operation};
use waybill_model::messaging;
