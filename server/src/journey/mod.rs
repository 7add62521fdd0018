//! From spans to journeys. Pure: no clock, no I/O, the same answer in whatever order spans come.
//!
//! `graph` holds the spans; `puts` finds which producer spans are one message; `edges` joins
//! consumer spans to them, by what `targets` finds them to name, and `nameless` knows those that
//! name nothing; `hops` says which messages are one journey and which caused another; `trail`,
//! `attempts`, `deliveries`, `cause`, `budget`, `gaps` and `diagnosis` tell it; `rebuild` runs them
//! all, `settle` adds what the broker told of it, and `strain` what the metrics of an attempt's
//! process say. `evidence` says which kind of failure an attempt counts in, `overtaken` which
//! later messages of its key were finished before it.

mod attempts;
mod budget;
pub mod carrier;
mod cause;
mod cluster;
mod deliveries;
mod diagnosis;
mod edges;
pub mod evidence;
pub mod failure;
#[cfg(test)]
mod fixture;
mod gaps;
mod graph;
mod hops;
pub mod masking;
mod message;
mod nameless;
pub mod overtaken;
mod owner;
mod puts;
pub mod reach;
mod rebuild;
mod sampling;
pub mod settle;
pub mod strain;
mod summary;
mod targets;
pub mod terms;
mod told_twice;
mod trail;
mod tried;
mod trouble;

pub use cluster::{Clusters, KnownCluster};
pub use diagnosis::retell;
pub use owner::{OwnerRule, Owners};
pub use rebuild::{Context, Rebuilt, began_at, rebuild};
pub use summary::{cut, summary};
pub use terms::{SearchAttributes, terms};
pub use tried::tries;
pub use trouble::tells_trouble;
