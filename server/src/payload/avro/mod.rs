//! Avro, read into JSON: by a schema that a registry told, or by the one that an object container
//! brings. Its numbers of items are claims of a stranger, so every value counts against a budget.
//! Source: avro.apache.org, specification 1.12, "Binary encoding" and "Object container files".

mod container;
mod read;
mod schema;

#[cfg(test)]
mod tests;

pub(super) use container::container;
pub(super) use read::{decode, varint};
pub(super) use schema::Avro;
