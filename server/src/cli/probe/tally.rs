//! What a probe has counted, and how it says so.

use std::time::Duration;

use serde_json::{Value, json};

/// Findings that are told whole; the others are counted.
const TOLD: usize = 20;

#[derive(Default)]
pub struct Tally {
    pub cycles: u64,
    /// Stories sent and acknowledged.
    pub sent: u64,
    pub spans: u64,
    /// Stories read, at once or later.
    pub read: u64,
    /// Of these, those read again later.
    pub read_again: u64,
    /// Acknowledged, and not found.
    pub missing: u64,
    /// Found, and not what was sent.
    pub wrong: u64,
    /// For a server that did not answer.
    pub waited: Duration,
    /// Milliseconds from acknowledged to readable.
    readable_ms: Vec<f64>,
    findings: Vec<String>,
}

impl Tally {
    pub fn readable_after(&mut self, time: Duration) {
        self.readable_ms.push(time.as_secs_f64() * 1_000.0);
    }

    pub fn miss(&mut self, what: String) {
        self.missing += 1;
        self.find(format!("missing: {what}"));
    }

    pub fn differ(&mut self, what: String) {
        self.wrong += 1;
        self.find(format!("wrong: {what}"));
    }

    fn find(&mut self, what: String) {
        if self.findings.len() < TOLD {
            self.findings.push(what);
        }
    }

    pub fn is_good(&self) -> bool {
        self.missing == 0 && self.wrong == 0
    }

    /// While it runs.
    pub fn line(&self) -> String {
        format!(
            "{} stories sent, {} read ({} again): {} missing, {} wrong; readable {}\n",
            self.sent,
            self.read,
            self.read_again,
            self.missing,
            self.wrong,
            self.readable()
        )
    }

    /// At the end.
    pub fn text(&self, seed: u64, resent: u64) -> String {
        let mut text = format!(
            "seed      {seed:#018x}\ncycles    {}\nsent      {} stories, {} spans, {resent} requests sent again\n\
             read      {}, of them {} again later\nmissing   {}\nwrong     {}\nreadable  {}\nwaited    {:.1} s for the server\n",
            self.cycles,
            self.sent,
            self.spans,
            self.read,
            self.read_again,
            self.missing,
            self.wrong,
            self.readable(),
            self.waited.as_secs_f64(),
        );
        for finding in &self.findings {
            text.push_str(&format!("  {finding}\n"));
        }
        text
    }

    pub fn json(&self, seed: u64, resent: u64) -> Value {
        json!({
            "seed": format!("{seed:#018x}"),
            "cycles": self.cycles,
            "sent": self.sent,
            "spans": self.spans,
            "resent_requests": resent,
            "read": self.read,
            "read_again": self.read_again,
            "missing": self.missing,
            "wrong": self.wrong,
            "readable_p50_ms": self.percentile(50),
            "readable_p99_ms": self.percentile(99),
            "waited_ms": self.waited.as_secs_f64() * 1_000.0,
            "findings": self.findings,
        })
    }

    fn readable(&self) -> String {
        match (self.percentile(50), self.percentile(99)) {
            (Some(p50), Some(p99)) => format!("p50 {p50:.1} ms, p99 {p99:.1} ms"),
            _ => "not measured".to_owned(),
        }
    }

    fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.readable_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        sorted.get(last * percent / 100).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_told_and_spoils_the_whole() {
        let mut tally = Tally::default();
        assert!(tally.is_good());
        assert_eq!(tally.json(1, 0)["readable_p99_ms"], Value::Null);
        for ms in [3, 1, 2] {
            tally.readable_after(Duration::from_millis(ms));
        }
        assert_eq!(tally.percentile(50), Some(2.0));
        for n in 0..50 {
            tally.differ(format!("{n}"));
        }
        tally.miss("k".into());
        assert!(!tally.is_good());
        let text = tally.text(1, 0);
        assert!(text.contains("wrong     50\n") && text.contains("missing   1\n"));
        assert_eq!(text.matches("  wrong: ").count(), TOLD);
    }
}
