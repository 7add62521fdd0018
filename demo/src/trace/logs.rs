//! Log records of a piece of work, tied to its span.

use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, Severity};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::logs::SdkLogger;

/// `attributes`: few, such as the order's id.
pub(super) fn emit(
    logger: &SdkLogger,
    context: &Context,
    severity: Severity,
    text: String,
    attributes: &[(&'static str, &str)],
) {
    let mut record = logger.create_log_record();
    record.set_timestamp(SystemTime::now());
    record.set_severity_number(severity);
    record.set_severity_text(severity.name());
    record.set_body(AnyValue::from(text));
    for (key, value) in attributes {
        record.add_attribute(*key, (*value).to_owned());
    }
    let span = context.span();
    let span = span.span_context();
    record.set_trace_context(span.trace_id(), span.span_id(), Some(span.trace_flags()));
    logger.emit(record);
}
