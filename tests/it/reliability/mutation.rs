//! Telemetry that was damaged on purpose: in its structure, by the wire format's own rules or by
//! JSON's, and in its bytes.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use prost::Message;
use serde_json::{Value, json};
use waybill_tests::history::Random;
use waybill_tests::otlp::{self, one_message, text};

const DEEPEST: usize = 12;
const EXTREMES: [u64; 8] = [0, 1, 127, 1 << 31, 1 << 62, 1 << 63, u64::MAX - 1, u64::MAX];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    pub fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Logs => "/v1/logs",
            Self::Metrics => "/v1/metrics",
        }
    }

    pub fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }
}

/// Good requests, to be damaged.
pub struct Corpus {
    good: Vec<(Signal, Vec<u8>, Value)>,
}

impl Corpus {
    /// Made ones, and the recorded requests that are small.
    pub fn read() -> Self {
        let message = one_message("kafka", "orders", "fuzz", 7);
        let mut failed = otlp::failed(message.consumer, "Refused", "no");
        failed.events = vec![Default::default(); 2];
        failed.links = vec![Default::default(); 2];
        let traces = otlp::request("shop", vec![message.producer, failed]);
        let (logs, metrics) = (logs(), metrics());
        let mut good = vec![
            (Signal::Traces, traces.encode_to_vec(), json!(traces)),
            (Signal::Logs, logs.encode_to_vec(), json!(logs)),
            (Signal::Metrics, metrics.encode_to_vec(), json!(metrics)),
        ];
        for bytes in recorded() {
            let request = otlp_request(&bytes);
            good.push((Signal::Traces, bytes, request));
        }
        assert!(good.len() > 20, "the recordings are gone");
        Self { good }
    }

    pub fn protobuf(&self, random: &mut Random) -> (Signal, Vec<u8>) {
        let (signal, bytes, _) = &self.good[random.below(self.good.len() as u64) as usize];
        let mut bytes = bytes.clone();
        if random.below(4) != 0 {
            for _ in 0..=random.below(3) {
                bytes = wire(&bytes, random, 0);
            }
        }
        if random.below(3) == 0 {
            flip(&mut bytes, random);
        }
        (*signal, bytes)
    }

    pub fn json(&self, random: &mut Random) -> (Signal, Vec<u8>) {
        let (signal, _, value) = &self.good[random.below(self.good.len() as u64) as usize];
        let mut value = value.clone();
        for _ in 0..=random.below(3) {
            spoil(&mut value, random, 0);
        }
        let mut bytes = value.to_string().into_bytes();
        if random.below(3) == 0 {
            flip(&mut bytes, random);
        }
        (*signal, bytes)
    }
}

/// Bits turned, bytes put in or taken out, the end cut off.
fn flip(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len() as u64) as usize;
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, random.word() as u8),
            3 => bytes[at] = random.word() as u8,
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
}

/// A field as it stands in a message.
struct Field<'a> {
    whole: &'a [u8],
    number: u64,
    kind: u8,
    content: &'a [u8],
}

/// One field somewhere within is spoiled; the lengths around it are right again.
fn wire(message: &[u8], random: &mut Random, depth: usize) -> Vec<u8> {
    let Some(fields) = fields(message).filter(|fields| !fields.is_empty()) else {
        let mut bytes = message.to_vec();
        flip(&mut bytes, random);
        return bytes;
    };
    let chosen = random.below(fields.len() as u64) as usize;
    let mut out = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        if at != chosen {
            out.extend_from_slice(field.whole);
        } else if field.kind == 2 && depth < DEEPEST && random.below(10) < 7 {
            let content = wire(field.content, random, depth + 1);
            put(&mut out, field.number, &content);
        } else {
            spoil_field(&mut out, field, random);
        }
    }
    out
}

fn spoil_field(out: &mut Vec<u8>, field: &Field<'_>, random: &mut Random) {
    match random.below(9) {
        // Gone.
        0 => {}
        1 => (0..2 + random.below(30)).for_each(|_| out.extend_from_slice(field.whole)),
        // Another number, which may be one of another type.
        2 => put(out, random.below(20) + 1, field.content),
        3 => {
            varint(out, field.number << 3);
            varint(out, EXTREMES[random.below(8) as usize]);
        }
        4 => {
            varint(out, field.number << 3 | 1);
            out.extend(EXTREMES[random.below(8) as usize].to_le_bytes());
        }
        // A length that lies.
        5 => {
            varint(out, field.number << 3 | 2);
            varint(out, EXTREMES[random.below(8) as usize]);
            out.extend_from_slice(field.content);
        }
        6 => {
            let noise: Vec<u8> = (0..random.below(40)).map(|_| random.word() as u8).collect();
            put(out, field.number, &noise);
        }
        // Within itself, again and again.
        7 => {
            let mut content = field.content.to_vec();
            for _ in 0..random.below(60) {
                let mut outer = Vec::new();
                put(&mut outer, field.number, &content);
                content = outer;
            }
            put(out, field.number, &content);
        }
        _ => {
            varint(out, field.number << 3 | random.below(8));
            out.extend_from_slice(field.content);
        }
    }
}

fn put(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// `None` where these bytes are no message.
fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let (tag, mut after) = read_varint(rest)?;
        let kind = (tag & 7) as u8;
        let content = match kind {
            0 => {
                let (_, left) = read_varint(after)?;
                let content = &after[..after.len() - left.len()];
                after = left;
                content
            }
            1 => take(&mut after, 8)?,
            5 => take(&mut after, 4)?,
            2 => {
                let (len, left) = read_varint(after)?;
                after = left;
                take(&mut after, usize::try_from(len).ok()?)?
            }
            _ => return None,
        };
        let whole = &rest[..rest.len() - after.len()];
        fields.push(Field {
            whole,
            number: tag >> 3,
            kind,
            content,
        });
        rest = after;
    }
    Some(fields)
}

fn take<'a>(from: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, left) = from.split_at_checked(len)?;
    *from = left;
    Some(taken)
}

fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

fn spoil(value: &mut Value, random: &mut Random, depth: usize) {
    let deeper = depth < DEEPEST && random.below(10) < 8;
    match value {
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = random.below(items.len() as u64) as usize;
            if random.below(6) == 0 {
                let copy = items[at].clone();
                items.extend((0..random.below(20)).map(|_| copy.clone()));
            } else {
                spoil(&mut items[at], random, depth + 1);
            }
        }
        Value::Object(members) if deeper && !members.is_empty() => {
            let at = random.below(members.len() as u64) as usize;
            let name = members.keys().nth(at).unwrap().clone();
            match random.below(8) {
                0 => drop(members.remove(&name)),
                1 => {
                    let taken = members.remove(&name).unwrap();
                    members.insert(name.to_uppercase(), taken);
                }
                _ => spoil(members.get_mut(&name).unwrap(), random, depth + 1),
            }
        }
        other => *other = strange(other, random),
    }
}

fn strange(was: &Value, random: &mut Random) -> Value {
    let extreme = EXTREMES[random.below(8) as usize];
    match random.below(12) {
        0 => Value::Null,
        1 => json!(extreme),
        2 => json!(extreme.to_string()),
        3 => json!(-1.5e300),
        4 => json!("\u{0}\u{202e}<script>"),
        5 => json!("x".repeat(random.below(2_000) as usize)),
        6 => json!([was, was]),
        7 => json!({ "value": was }),
        8 => json!(true),
        9 => json!(hex::encode(extreme.to_be_bytes())),
        10 => (0..random.below(60)).fold(was.clone(), |inner, _| json!([inner])),
        _ => json!({}),
    }
}

fn recorded() -> Vec<Vec<u8>> {
    let folder = waybill_tests::child::root().join("tests/fixtures/otlp");
    let mut folders = vec![folder];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "pb") {
                found.push(path);
            }
        }
    }
    found.sort();
    let bodies = found.iter().map(|path| std::fs::read(path).unwrap());
    bodies.filter(|body| body.len() < 3_000).take(120).collect()
}

fn otlp_request(bytes: &[u8]) -> Value {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    json!(ExportTraceServiceRequest::decode(bytes).unwrap())
}

fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: otlp::now_nanos(),
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(AnyValue {
            value: Some(any_value::Value::StringValue("a line".into())),
        }),
        attributes: vec![text("order.id", "1")],
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..Default::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: vec![record; 2],
        ..Default::default()
    }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs,
            ..Default::default()
        }],
    }
}

fn metrics() -> ExportMetricsServiceRequest {
    let point = NumberDataPoint {
        time_unix_nano: otlp::now_nanos(),
        value: Some(number_data_point::Value::AsDouble(0.5)),
        attributes: vec![text("pool", "orders")],
        ..Default::default()
    };
    let metric = Metric {
        name: "db.client.connection.count".into(),
        data: Some(metric::Data::Gauge(Gauge {
            data_points: vec![point; 2],
        })),
        ..Default::default()
    };
    let scope_metrics = vec![ScopeMetrics {
        metrics: vec![metric],
        ..Default::default()
    }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics,
            ..Default::default()
        }],
    }
}
