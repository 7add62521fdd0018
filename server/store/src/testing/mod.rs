//! A real Postgres for tests: one private server a test process, one database a test.

mod database;
mod row_copy;
mod sample;
mod server;

pub use database::TestDatabase;
pub use row_copy::RowCopy;
pub use sample::Sample;
pub use server::{PostgresServer, ServerOptions, own_cpu_seconds};
