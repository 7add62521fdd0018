//! The whole application over HTTP and gRPC, on a real Postgres and real brokers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure ends the test")]

mod access;
mod demo;
mod durability;
mod ingest;
mod live;
mod power;
mod recordings;
mod search;
