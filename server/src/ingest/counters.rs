//! What was taken, what was turned away and why, since the start of this process.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use waybill_model::status::IngestCounters;

use super::decode::{Reason, Rejected};
use super::refusal::Kind;

#[derive(Debug, Default)]
pub struct Counters {
    accepted_spans: AtomicU64,
    duplicate_spans: AtomicU64,
    accepted_logs: AtomicU64,
    accepted_metric_points: AtomicU64,
    requests: AtomicU64,
    received_bytes: AtomicU64,
    commits: AtomicU64,
    refused: [AtomicU64; Kind::ALL.len()],
    rejected: [AtomicU64; Reason::ALL.len()],
}

impl Counters {
    pub fn request(&self, bytes: usize) {
        add(&self.requests, 1);
        add(&self.received_bytes, bytes as u64);
    }

    pub fn commit(&self) {
        add(&self.commits, 1);
    }

    pub fn accepted_spans(&self, count: u64) {
        add(&self.accepted_spans, count);
    }

    pub fn duplicate_spans(&self, count: u64) {
        add(&self.duplicate_spans, count);
    }

    pub fn accepted_logs(&self, count: u64) {
        add(&self.accepted_logs, count);
    }

    pub fn accepted_metric_points(&self, count: u64) {
        add(&self.accepted_metric_points, count);
    }

    pub fn refused(&self, kind: Kind) {
        add(&self.refused[kind as usize], 1);
    }

    pub fn rejected(&self, rejected: &Rejected) {
        for (reason, count) in rejected.iter() {
            add(&self.rejected[reason as usize], count);
        }
    }

    pub fn snapshot(&self) -> IngestCounters {
        IngestCounters {
            accepted_spans: self.accepted_spans.load(Ordering::Relaxed),
            duplicate_spans: self.duplicate_spans.load(Ordering::Relaxed),
            accepted_logs: self.accepted_logs.load(Ordering::Relaxed),
            accepted_metric_points: self.accepted_metric_points.load(Ordering::Relaxed),
            refused_requests: nonzero(Kind::ALL.iter().map(|kind| kind.name()), &self.refused),
            rejected_records: nonzero(
                Reason::ALL.iter().map(|reason| reason.name()),
                &self.rejected,
            ),
        }
    }

    /// Prometheus text format 0.0.4. Labels come from fixed lists only, so their number is bounded
    /// whatever is sent.
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let plain: [(&str, &str, &AtomicU64); 7] = [
            ("spans_accepted", "Spans stored.", &self.accepted_spans),
            (
                "spans_duplicate",
                "Spans sent again after they were stored.",
                &self.duplicate_spans,
            ),
            ("logs_accepted", "Log records stored.", &self.accepted_logs),
            (
                "metric_points_accepted",
                "Metric data points stored.",
                &self.accepted_metric_points,
            ),
            ("requests", "Requests whose body was read.", &self.requests),
            (
                "received_bytes",
                "Bytes of request bodies after decompression.",
                &self.received_bytes,
            ),
            ("commits", "Span blocks committed.", &self.commits),
        ];
        for (name, help, counter) in plain {
            head(&mut text, name, help);
            let value = counter.load(Ordering::Relaxed);
            let _ = writeln!(text, "waybill_ingest_{name}_total {value}");
        }
        head(
            &mut text,
            "requests_refused",
            "Requests refused as a whole, by reason.",
        );
        for (kind, counter) in Kind::ALL.iter().zip(&self.refused) {
            labelled(&mut text, "requests_refused", kind.name(), counter);
        }
        head(
            &mut text,
            "records_rejected",
            "Records that are never stored, by reason.",
        );
        for (reason, counter) in Reason::ALL.iter().zip(&self.rejected) {
            labelled(&mut text, "records_rejected", reason.name(), counter);
        }
        text
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn nonzero(
    names: impl Iterator<Item = &'static str>,
    counters: &[AtomicU64],
) -> BTreeMap<String, u64> {
    names
        .zip(counters)
        .map(|(name, counter)| (name.to_owned(), counter.load(Ordering::Relaxed)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP waybill_ingest_{name}_total {help}");
    let _ = writeln!(text, "# TYPE waybill_ingest_{name}_total counter");
}

fn labelled(text: &mut String, name: &str, reason: &str, counter: &AtomicU64) {
    let value = counter.load(Ordering::Relaxed);
    let _ = writeln!(
        text,
        "waybill_ingest_{name}_total{{reason=\"{reason}\"}} {value}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_counter() {
        let counters = Counters::default();
        for (index, reason) in Reason::ALL.iter().enumerate() {
            let mut rejected = Rejected::default();
            rejected.add(*reason, index as u64 + 1);
            counters.rejected(&rejected);
        }
        for kind in Kind::ALL {
            counters.refused(*kind);
        }
        let snapshot = counters.snapshot();
        assert_eq!(snapshot.rejected_records.len(), Reason::ALL.len());
        assert_eq!(snapshot.refused_requests.len(), Kind::ALL.len());
        let text = counters.prometheus();
        assert!(
            text.contains("waybill_ingest_records_rejected_total{reason=\"trace_id_length\"} 1\n")
        );
    }
}
