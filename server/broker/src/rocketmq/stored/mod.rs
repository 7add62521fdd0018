//! Messages as brokers store them and hand them over (`MessageDecoder` of `rocketmq-common`): one after
//! the other, each with its length. Every part is hostile.
//!
//! [`message`] takes one apart, [`flags`] says what its bits mean, [`properties`] reads its names and
//! values, [`body`] unfolds it, [`id`] is where it lies as its id tells.

pub(super) mod body;
pub(super) mod flags;
pub(super) mod id;
pub(super) mod message;
pub(super) mod properties;

#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod recorded_tests;
#[cfg(test)]
pub(super) mod written;
