//! What is behind an attempt that failed or took long, as far as its own spans tell: its error's
//! words first (`wording`), else what it waited for (`dependency`). What its process's metrics tell
//! is `strain`.
//!
//! Rules: `connection_pool_exhausted`, `too_many_connections`, `database_deadlock`,
//! `database_lock_timeout`, `database_statement_timeout`, `connection_refused`, `out_of_memory` by
//! an error; `slow_dependency`, `database_connection_wait` by spans.

mod dependency;
mod statement;
mod wording;

use waybill_model::journey::{Cause, Outcome};
use waybill_model::span::{Span, Value, attribute};

use super::attempts::Try;
use super::graph::Graph;

pub use dependency::percent;

/// An attempt that took less is not slow, in ms.
pub const SLOW_MS: f64 = 1_000.0;

/// No connection of a pool is free.
pub const POOL_EXHAUSTED: &str = "connection_pool_exhausted";
/// A connection is waited for; whether the pool is exhausted is not told.
pub const CONNECTION_WAIT: &str = "database_connection_wait";

pub fn of(graph: &Graph<'_>, t: &Try, outcome: Outcome) -> Option<Cause> {
    let by_error = || {
        let spans = t.nodes.iter().rev().map(|&n| &*graph.nodes[n].span);
        spans.filter_map(by_error).next()
    };
    let failed = (outcome == Outcome::Failed).then(by_error);
    failed.flatten().or_else(|| dependency::of(graph, t))
}

/// All that the span says of its failure: the exception's type, message and stack, and its status.
fn by_error(span: &Span) -> Option<Cause> {
    let exception = span.events.iter().rev().find(|e| e.name == "exception");
    let of_event = |key: &str| {
        let value = attribute(&exception?.attributes, key)?;
        value.as_str()
    };
    let stack = of_event("exception.stacktrace").unwrap_or_default();
    let kind = of_event("exception.type").or_else(|| {
        let told = span.attribute("error.type");
        told.and_then(Value::as_str)
    });
    let message = of_event("exception.message").unwrap_or(&span.status.message);
    wording::of(kind.unwrap_or_default(), message, stack)
}

fn cause(rule: &str, sentence: String) -> Cause {
    Cause {
        rule: rule.to_owned(),
        sentence,
    }
}

#[cfg(test)]
mod tests;
