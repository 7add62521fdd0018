//! The whole application over HTTP and gRPC, on a real Postgres and real brokers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure ends the test")]

mod access;
mod demo;
mod destinations;
mod failures;
mod finding;
mod fourth_broker;
mod ingest;
mod journeys;
mod live;
mod masking;
mod observed;
mod order;
mod otlp_tls;
mod power;
mod probe;
mod recordings;
mod reliability;
mod search;
mod signals;
