//! From spans to journeys. Pure: no clock, no I/O, the same answer in whatever order spans come.

#[cfg(test)]
mod fixture;
pub mod terms;

pub use terms::{SearchAttributes, terms};
