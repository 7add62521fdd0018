//! Log records and metric points as they are kept.
//! Source: opentelemetry-proto, `logs/v1/logs.proto` and `metrics/v1/metrics.proto`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{SpanId, TraceId};
use crate::span::{Attribute, Resource, Scope, Value};
use crate::time::Timestamp;

/// Its members are stored in this order (server/store/src/signals/packed.rs): a change is a new
/// version there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// `None`: its sender ties it to no trace; it is found by its service.
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    /// When it happened; where the sender did not say, when it was observed, else when it arrived.
    pub at: Timestamp,
    pub observed_at: Timestamp,
    /// 1–24, 0 unknown.
    pub severity: i32,
    pub severity_text: String,
    pub event_name: String,
    pub body: Value,
    pub attributes: Vec<Attribute>,
    pub resource: Arc<Resource>,
    pub scope: Arc<Scope>,
}

/// One number at one instant. Stored as [`LogRecord`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    pub name: String,
    /// UCUM, as the sender wrote it.
    pub unit: String,
    pub at: Timestamp,
    /// Since when a cumulative value counts: another start is another count. 1970 where it was not
    /// told.
    pub started_at: Timestamp,
    pub value: MetricValue,
    pub attributes: Vec<Attribute>,
    pub resource: Arc<Resource>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum MetricValue {
    Gauge(f64),
    /// Since the sender's start where cumulative, else since the point before.
    Sum {
        value: f64,
        cumulative: bool,
    },
    /// Of histograms and summaries the buckets are not kept.
    Histogram {
        count: u64,
        sum: f64,
        /// Of what is counted: since the start where cumulative, else since the point before.
        min: Option<f64>,
        max: Option<f64>,
        /// `None`: not known, it was kept by a version that did not ask.
        cumulative: Option<bool>,
    },
}

/// The six classes of severity numbers, least first. Source: the logs data model,
/// "SeverityNumber".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Severity {
    /// With their names in addresses and answers.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("trace", Self::Trace),
        ("debug", Self::Debug),
        ("info", Self::Info),
        ("warn", Self::Warn),
        ("error", Self::Error),
        ("fatal", Self::Fatal),
    ];

    pub fn name(self) -> &'static str {
        let mut named = Self::NAMED.iter();
        let found = named.find(|(_, severity)| *severity == self);
        found.map_or("", |(name, _)| name)
    }

    /// `None` for 0 and for what is no severity.
    pub fn of_number(number: i32) -> Option<Self> {
        match number {
            1..=4 => Some(Self::Trace),
            5..=8 => Some(Self::Debug),
            9..=12 => Some(Self::Info),
            13..=16 => Some(Self::Warn),
            17..=20 => Some(Self::Error),
            21..=24 => Some(Self::Fatal),
            _ => None,
        }
    }

    /// As libraries of many languages write it: `WARN`, `warning`, `ERROR2`, `crit`.
    pub fn of_text(text: &str) -> Option<Self> {
        let word = text.trim().trim_end_matches(|c: char| c.is_ascii_digit());
        let word = word.to_ascii_lowercase();
        Some(match word.as_str() {
            "trace" | "verbose" | "finest" | "finer" => Self::Trace,
            "debug" | "dbug" | "fine" | "config" => Self::Debug,
            "info" | "information" | "informational" | "notice" => Self::Info,
            "warn" | "warning" => Self::Warn,
            "error" | "err" | "eror" | "severe" | "fail" => Self::Error,
            "fatal" | "critical" | "crit" | "alert" | "emergency" | "emerg" | "panic"
            | "dpanic" => Self::Fatal,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_read_as_libraries_write_them() {
        for (text, expected) in [
            ("WARN", Some(Severity::Warn)),
            ("Warning", Some(Severity::Warn)),
            ("ERROR2", Some(Severity::Error)),
            (" CRITICAL ", Some(Severity::Fatal)),
            ("notice", Some(Severity::Info)),
            ("30", None),
            ("", None),
        ] {
            assert_eq!(Severity::of_text(text), expected, "{text}");
        }
        assert_eq!(Severity::of_number(0), None);
        assert_eq!(Severity::of_number(17), Some(Severity::Error));
        assert!(Severity::Fatal > Severity::Error);
    }
}
