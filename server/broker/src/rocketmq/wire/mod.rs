//! The remoting protocol (`RemotingCommand` of `rocketmq-remoting`), over connections of our own.
//!
//! From the outside in: [`pool`] keeps a connection an address and opens it again; [`connection`]
//! asks one thing at a time under a deadline; [`allowed`] is the list of what can be asked at all,
//! [`command`] gives it names; [`frame`] puts a request into bytes and takes an answer apart, whose
//! [`header`] comes in two forms; [`acl`] signs. What can go wrong and how it is told is in
//! [`failure`] and [`transport_failure`].

mod acl;
pub(super) mod allowed;
pub(super) mod command;
pub(super) mod connection;
pub(super) mod dial;
pub(super) mod failure;
pub(super) mod frame;
mod header;
pub(super) mod pool;
mod transport_failure;

#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
pub(super) mod peer_tests;
#[cfg(test)]
pub(super) mod recorded;
