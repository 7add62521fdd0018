//! One span, from its start to its end, with what went wrong.

use std::time::Duration;

use opentelemetry::logs::Severity;
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::logs::SdkLogger;
use opentelemetry_sdk::trace::SdkTracer;

use super::logs;

/// Starts spans of one service.
#[derive(Clone)]
pub struct Tracer {
    pub(super) spans: SdkTracer,
    pub(super) logger: SdkLogger,
    pub(super) process_duration: Histogram<f64>,
}

impl Tracer {
    /// Starts a span under `parent` (an empty context: a new trace). `links` that are not valid are left out.
    pub fn start(
        &self,
        name: String,
        kind: SpanKind,
        parent: &Context,
        links: Vec<SpanContext>,
        attributes: Vec<KeyValue>,
    ) -> Work {
        let span = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_links(
                links
                    .into_iter()
                    .map(|context| Link::new(context, Vec::new(), 0))
                    .collect(),
            )
            .with_attributes(attributes)
            .start_with_context(&self.spans, parent);
        Work {
            context: Context::new().with_span(span),
            logger: self.logger.clone(),
        }
    }

    /// The processing of one message ended.
    pub fn processed(&self, took: Duration, attributes: &[KeyValue]) {
        self.process_duration.record(took.as_secs_f64(), attributes);
    }
}

/// What failed, in the words that a span carries.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// `error.type`: few different values.
    pub kind: &'a str,
    pub message: &'a str,
}

/// A running span; it ends when the value is dropped.
pub struct Work {
    context: Context,
    logger: SdkLogger,
}

impl Work {
    /// The parent for what this work causes.
    pub fn context(&self) -> &Context {
        &self.context
    }

    pub fn set(&self, attribute: KeyValue) {
        self.context.span().set_attribute(attribute);
    }

    pub fn event(&self, name: &'static str, attributes: Vec<KeyValue>) {
        self.context.span().add_event(name, attributes);
    }

    /// A line of the service's log that belongs to this work.
    pub fn log(&self, severity: Severity, text: String, attributes: &[(&'static str, &str)]) {
        logs::emit(&self.logger, &self.context, severity, text, attributes);
    }

    /// Marks the span as failed: status, `error.type` and an exception event.
    pub fn fail(&self, failed: Failed<'_>) {
        let span = self.context.span();
        span.set_status(Status::error(failed.message.to_owned()));
        span.set_attribute(KeyValue::new("error.type", failed.kind.to_owned()));
        span.add_event(
            "exception",
            vec![
                KeyValue::new("exception.type", failed.kind.to_owned()),
                KeyValue::new("exception.message", failed.message.to_owned()),
            ],
        );
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.context.span().end();
    }
}
