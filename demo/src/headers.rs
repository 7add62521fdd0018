//! Headers of a message, the same over every broker: text to text.

use std::collections::BTreeMap;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde::{Deserialize, Serialize};

const MESSAGE_ID: &str = "message-id";
const ORDER_ID: &str = "order-id";
const CUSTOMER_ID: &str = "customer-id";
const ATTEMPT: &str = "attempt";

/// Names are kept as they are written; a second value of a name replaces the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(BTreeMap<String, String>);

impl Headers {
    /// The headers that every message of this system carries.
    pub fn of(message_id: &str, order_id: &str, customer_id: &str) -> Headers {
        Headers::default()
            .with(MESSAGE_ID, message_id)
            .with(ORDER_ID, order_id)
            .with(CUSTOMER_ID, customer_id)
    }

    /// Headers of the next message about the same order.
    pub fn follow(&self, message_id: &str) -> Headers {
        Headers::of(message_id, self.order_id(), self.customer_id())
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Headers {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn message_id(&self) -> &str {
        self.get(MESSAGE_ID).unwrap_or_default()
    }

    pub fn order_id(&self) -> &str {
        self.get(ORDER_ID).unwrap_or_default()
    }

    pub fn customer_id(&self) -> &str {
        self.get(CUSTOMER_ID).unwrap_or_default()
    }

    /// Which try this delivery is, from 1. Counted by the consumers that publish a retry.
    pub fn attempt(&self) -> u32 {
        self.get(ATTEMPT)
            .and_then(|text| text.parse().ok())
            .unwrap_or(1)
    }

    #[must_use]
    pub fn with_attempt(self, attempt: u32) -> Headers {
        self.with(ATTEMPT, attempt.to_string())
    }

    /// Writes the W3C trace context of `context`, replacing the one that was there.
    #[must_use]
    pub fn with_trace(mut self, context: &Context) -> Headers {
        TraceContextPropagator::new().inject_context(context, &mut self);
        self
    }

    /// The W3C trace context that these headers carry; an empty context if none.
    pub fn trace(&self) -> Context {
        TraceContextPropagator::new().extract_with_context(&Context::new(), self)
    }
}

impl Injector for Headers {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.insert(key.to_owned(), value);
        }
    }
}

impl Extractor for Headers {
    fn get(&self, key: &str) -> Option<&str> {
        Headers::get(self, key)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Headers(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{
        SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    };

    use super::*;

    fn context(span: u64) -> Context {
        Context::new().with_remote_span_context(SpanContext::new(
            TraceId::from(0xabcd_u128),
            SpanId::from(span),
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        ))
    }

    #[test]
    fn the_trace_context_goes_there_and_back() {
        let headers = Headers::of("m-1", "ORD-1", "CUST-1").with_trace(&context(7));
        assert_eq!(
            headers.get("traceparent"),
            Some("00-0000000000000000000000000000abcd-0000000000000007-01")
        );
        assert_eq!(
            headers.trace().span().span_context().span_id(),
            SpanId::from(7)
        );
    }

    #[test]
    fn a_second_injection_replaces_the_first() {
        let headers = Headers::default()
            .with_trace(&context(7))
            .with_trace(&context(8));
        assert_eq!(
            headers.trace().span().span_context().span_id(),
            SpanId::from(8)
        );
    }

    #[test]
    fn no_context_is_no_parent() {
        assert!(!Headers::default().trace().span().span_context().is_valid());
        assert!(
            !Headers::default()
                .with("traceparent", "rubbish")
                .trace()
                .span()
                .span_context()
                .is_valid()
        );
    }

    #[test]
    fn the_first_delivery_is_attempt_one() {
        assert_eq!(Headers::default().attempt(), 1);
        assert_eq!(Headers::default().with_attempt(3).attempt(), 3);
        assert_eq!(Headers::default().with("attempt", "x").attempt(), 1);
    }

    #[test]
    fn the_next_message_is_about_the_same_order_and_starts_counting_anew() {
        let next = Headers::of("m-1", "ORD-1", "CUST-1")
            .with_attempt(3)
            .with_trace(&context(7))
            .follow("m-2");
        assert_eq!(next, Headers::of("m-2", "ORD-1", "CUST-1"));
    }
}
