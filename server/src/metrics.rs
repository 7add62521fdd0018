//! Waybill's own metrics in the Prometheus text format 0.0.4. Every label takes its values from a
//! fixed list, so the number of series is bounded.

use std::fmt::{Display, Write};

use waybill_model::status::{ComponentState, Status};

/// `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All but what ingest counts, which it renders itself.
pub fn render(status: &Status) -> String {
    let mut text = Text::default();
    text.one(
        "build_info",
        "gauge",
        "The running version.",
        &[("version", &status.version)],
        1,
    );
    text.plain(
        "uptime_seconds",
        "gauge",
        "Since this process started.",
        status.uptime_ms as f64 / 1e3,
    );
    text.head(
        "component_up",
        "gauge",
        "Whether a part works: 1 yes, 0 no, absent while it is off.",
    );
    for part in status
        .components
        .iter()
        .filter(|part| part.state != ComponentState::Off)
    {
        let up = matches!(part.state, ComponentState::Ok | ComponentState::Degraded);
        text.line("component_up", &[("component", &part.name)], u8::from(up));
    }

    let store = &status.store;
    for (name, help, value) in [
        (
            "store_bytes",
            "Size of the database on disk.",
            store.bytes_on_disk,
        ),
        ("store_blocks", "Span blocks kept.", store.blocks),
        ("store_spans", "Spans kept.", store.spans),
    ] {
        // Unknown is absent, never 0.
        if let Some(value) = value {
            text.plain(name, "gauge", help, value);
        }
    }
    if let Some(newest) = store.newest_span_at {
        let seconds = newest.unix_millis() as f64 / 1e3;
        text.plain(
            "store_newest_span_timestamp_seconds",
            "gauge",
            "Arrival of the newest span.",
            seconds,
        );
    }
    if let Some(bytes) = resident_bytes() {
        text.head_unprefixed("process_resident_memory_bytes", "gauge", "Memory in use.");
        let _ = writeln!(text.0, "process_resident_memory_bytes {bytes}");
    }
    if let Some(seconds) = cpu_seconds() {
        text.head_unprefixed(
            "process_cpu_seconds_total",
            "counter",
            "User and system time spent.",
        );
        let _ = writeln!(text.0, "process_cpu_seconds_total {seconds}");
    }
    text.0
}

/// Names get the prefix `waybill_`. Writing to a String cannot fail.
#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.head_unprefixed(&format!("waybill_{name}"), kind, help);
    }

    fn head_unprefixed(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn plain(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.one(name, kind, help, &[], value);
    }

    fn one(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        labels: &[(&str, &str)],
        value: impl Display,
    ) {
        self.head(name, kind, help);
        self.line(name, labels, value);
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{}\"", escaped(value)))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let _ = writeln!(self.0, "waybill_{name}{labels} {value}");
    }
}

fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Of this process; `None` where the kernel does not say.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // In ticks of 1/100 s, by the Linux ABI.
    Some((user + system) as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_model::status::{Component, IngestCounters, StoreFigures};
    use waybill_model::time::Timestamp;

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        let status = Status {
            version: "1.0\"\n".into(),
            started_at: Timestamp::EPOCH,
            uptime_ms: 1_500,
            components: vec![Component {
                name: "merger".into(),
                state: ComponentState::Down,
                age_ms: 1,
                last_error: Some("x".into()),
            }],
            ingest: IngestCounters::default(),
            store: StoreFigures::default(),
        };
        let text = render(&status);
        for expected in [
            "waybill_uptime_seconds 1.5\n",
            "waybill_component_up{component=\"merger\"} 0\n",
            "waybill_build_info{version=\"1.0\\\"\\n\"} 1\n",
            "process_resident_memory_bytes ",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(!text.contains("waybill_store_bytes"), "unknown is absent");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (_, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
        }
    }
}
