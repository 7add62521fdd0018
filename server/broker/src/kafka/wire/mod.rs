//! The admin protocol: requests of the `kafka-protocol` crate over connections of our own.
//!
//! From the outside in: [`pool`] keeps a connection a node and opens it again; [`connection`] asks
//! one thing at a time under a deadline; [`allowed`] is the list of what can be asked at all;
//! [`shape`] looks an answer over before the crate decodes it, or [`commits_answer`] the largest of
//! them; [`crate::frame`] reads no more than the limit. How a connection begins is in [`dial`] (TCP, [`crate::tls`]) and [`sasl`]; what can go wrong and
//! how it is told is in [`failure`] and [`transport_failure`].

pub(super) mod allowed;
mod answer;
pub(super) mod commits_answer;
pub(super) mod connection;
mod cursor;
pub(super) mod dial;
pub(super) mod failure;
pub(super) mod pool;
mod sasl;
mod scram;
pub(super) mod shape;
mod shapes;
mod transport_failure;

#[cfg(test)]
pub(super) mod peer_tests;

pub(super) use shapes::assignment;
