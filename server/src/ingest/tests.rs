//! The receivers over real sockets, with failures put where the store would be.

mod durability;
mod hostile;
mod protocol;
mod support;
