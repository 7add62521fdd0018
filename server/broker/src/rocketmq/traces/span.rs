//! A record as a span, in the words of OpenTelemetry's conventions for messaging.
//!
//! Nobody names the services of these clients: their groups stand for them, as in the broker itself.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::{
    Attribute, Dropped, Resource, Scope, Span, SpanKind, Status, StatusCode, Value,
};
use waybill_model::time::Timestamp;

use super::record::{Ended, GivenBack, HandedOver, Kind, Published, Record, Verdict};
use crate::browse::Stored;
use crate::rocketmq::dialect::SYSTEM;
use crate::traces::SCOPE;

/// What the message that brought the records tells besides.
pub(super) struct Came<'a> {
    stored: &'a Stored,
}

impl<'a> Came<'a> {
    pub(super) fn of(stored: &'a Stored) -> Self {
        Self { stored }
    }

    fn property(&self, name: &str) -> Option<&str> {
        let mut named = self.stored.properties.iter();
        named
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value.as_str())
    }

    fn at_ms(&self) -> i64 {
        self.stored.at.map_or(0, Timestamp::unix_millis)
    }

    /// The broker that has it: by it spans are known to be of the cluster.
    fn broker(&self) -> Option<(&str, i64)> {
        let (host, port) = self.property("store_host")?.rsplit_once(':')?;
        Some((host.trim_matches(['[', ']']), port.parse().ok()?))
    }
}

/// None where it names no message; of a batch one for each of its messages.
pub(super) fn spans(record: &Record<'_>, came: &Came<'_>) -> Vec<Span> {
    let named = |id: &str| !id.is_empty() && id != "null";
    match record {
        Record::Pub(record) => {
            let ids = record.message_ids.split(',').filter(|id| named(id));
            ids.map(|id| sent(record, id).span(came)).collect()
        }
        Record::SubBefore(record) if named(record.message_id) => {
            vec![handed_over(record).span(came)]
        }
        Record::SubAfter(record) if named(record.message_id) => {
            vec![given_back(record, came.at_ms()).span(came)]
        }
        Record::EndTransaction(record) if named(record.message_id) => {
            vec![ended(record).span(came)]
        }
        _ => Vec::new(),
    }
}

fn sent(record: &Published<'_>, id: &str) -> Draft {
    let kind = match record.kind {
        Kind::Normal => "normal",
        Kind::Half | Kind::Commit => "transaction",
        Kind::Delay => "delay",
        Kind::Other => "",
    };
    let ended = record.at_ms.saturating_add(record.took_ms);
    let mut draft = Draft::new("send", SpanKind::Producer, id)
        .named(
            &format!("send {}", record.topic),
            &["Pub", &record.at_ms.to_string()],
        )
        .of(record.group)
        .between(record.at_ms, ended)
        .with("messaging.destination.name", record.topic)
        .with("messaging.rocketmq.message.tag", record.tags)
        .with("messaging.rocketmq.message.type", kind)
        .keys(record.keys);
    if let Some(bytes) = record.body_bytes {
        draft.put("messaging.message.body.size", Value::Int(bytes));
    }
    match record.is_good {
        true => draft,
        false => draft.failed("send_failed"),
    }
}

/// Of no length: the client hands it over here, and what comes of it another record tells.
fn handed_over(record: &HandedOver<'_>) -> Draft {
    let mut draft = Draft::new("receive", SpanKind::Client, record.message_id)
        .named("receive", &["Before", record.request])
        .of(record.group)
        .between(record.at_ms, record.at_ms)
        .with("messaging.consumer.group.name", record.group)
        .keys(record.keys);
    if let Some(retries) = record.retries {
        draft.put("messaging.rocketmq.reconsume_times", Value::Int(retries));
    }
    draft
}

/// `came_ms`: when the trace itself was stored, for clients that do not tell the time.
fn given_back(record: &GivenBack<'_>, came_ms: i64) -> Draft {
    let ended = record.at_ms.unwrap_or(came_ms);
    let group = record.group.unwrap_or_default();
    let draft = Draft::new("process", SpanKind::Consumer, record.message_id)
        .named("process", &["After", record.request])
        .under(&["Before", record.request])
        .of(group)
        .between(ended.saturating_sub(record.took_ms), ended)
        .with("messaging.consumer.group.name", group)
        .keys(record.keys);
    match record.is_good {
        true => draft.ok(),
        false => draft.failed(record.verdict),
    }
}

fn ended(record: &Ended<'_>) -> Draft {
    let name = match record.verdict {
        Verdict::Commit => "commit",
        Verdict::Rollback => "rollback",
        Verdict::Unknown => "unknown",
    };
    let at = record.at_ms.to_string();
    let mut draft = Draft::new("settle", SpanKind::Client, record.message_id)
        .named(
            &format!("{name} {}", record.topic),
            &["End", &at, record.transaction, name],
        )
        .of(record.group)
        .between(record.at_ms, record.at_ms)
        .with("messaging.operation.name", name)
        .with("messaging.destination.name", record.topic)
        .with("messaging.rocketmq.transaction.id", record.transaction)
        .keys(record.keys);
    let checked = Value::Bool(record.is_checked);
    draft.put("messaging.rocketmq.transaction.checked", checked);
    draft
}

/// Attributes whose value is empty are left out.
struct Draft {
    span: Span,
    id: String,
    group: String,
}

impl Draft {
    fn new(operation: &str, kind: SpanKind, id: &str) -> Self {
        let span = Span {
            trace_id: trace_of(id),
            span_id: span_of(id, &[]),
            parent_id: None,
            name: operation.to_owned(),
            kind,
            started_at: Timestamp::EPOCH,
            ended_at: Timestamp::EPOCH,
            status: Status::default(),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            trace_state: String::new(),
            flags: 1,
            dropped: Dropped::default(),
            resource: Arc::default(),
            scope: Arc::default(),
        };
        let draft = Self {
            span,
            id: id.to_owned(),
            group: String::new(),
        };
        draft
            .with("messaging.system", SYSTEM)
            .with("messaging.operation.type", operation)
            .with("messaging.message.id", id)
    }

    fn named(mut self, name: &str, parts: &[&str]) -> Self {
        self.span.name = name.to_owned();
        self.span.span_id = span_of(&self.id, parts);
        self
    }

    fn under(mut self, parts: &[&str]) -> Self {
        self.span.parent_id = Some(span_of(&self.id, parts));
        self
    }

    fn of(mut self, group: &str) -> Self {
        self.group = group.to_owned();
        self
    }

    fn between(mut self, from_ms: i64, to_ms: i64) -> Self {
        self.span.started_at = Timestamp::from_unix_millis(from_ms);
        self.span.ended_at = Timestamp::from_unix_millis(to_ms.max(from_ms));
        self
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.put(key, Value::String(value.to_owned()));
        }
        self
    }

    fn put(&mut self, key: &str, value: Value) {
        self.span.attributes.push(attribute(key, value));
    }

    /// Parted by spaces, as clients join them.
    fn keys(mut self, keys: &str) -> Self {
        let keys = keys.split(' ').filter(|key| !key.is_empty());
        let keys: Vec<Value> = keys.map(|key| Value::String(key.to_owned())).collect();
        if !keys.is_empty() {
            self.put("messaging.rocketmq.message.keys", Value::Array(keys));
        }
        self
    }

    fn ok(mut self) -> Self {
        self.span.status.code = StatusCode::Ok;
        self
    }

    fn failed(mut self, kind: &str) -> Self {
        self.span.status = Status {
            code: StatusCode::Error,
            message: kind.to_owned(),
        };
        self.with("error.type", kind)
    }

    fn span(self, came: &Came<'_>) -> Span {
        let Self {
            mut span, group, ..
        } = self;
        if let Some((host, port)) = came.broker() {
            let host = Value::String(host.to_owned());
            span.attributes.push(attribute("server.address", host));
            span.attributes
                .push(attribute("server.port", Value::Int(port)));
        }
        let mut resource = Vec::new();
        if !group.is_empty() {
            resource.push(attribute("service.name", Value::String(group)));
        }
        if let Some(host) = came.property("born_host") {
            let host = Value::String(host.to_owned());
            resource.push(attribute("service.instance.id", host));
        }
        span.resource = Arc::new(Resource {
            attributes: resource,
            ..Resource::default()
        });
        span.scope = Arc::new(Scope {
            name: SCOPE.to_owned(),
            ..Scope::default()
        });
        span
    }
}

fn attribute(key: &str, value: Value) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value,
    }
}

/// All records of one message are one trace.
#[expect(clippy::expect_used, reason = "one bit is set")]
fn trace_of(id: &str) -> TraceId {
    let digest = Sha256::digest(id.as_bytes());
    let mut bytes = [0; TraceId::LEN];
    bytes.copy_from_slice(&digest[..TraceId::LEN]);
    bytes[TraceId::LEN - 1] |= 1;
    TraceId::new(bytes).expect("not zero")
}

#[expect(clippy::expect_used, reason = "one bit is set")]
fn span_of(id: &str, parts: &[&str]) -> SpanId {
    let mut hash = Sha256::new();
    for part in [id].iter().chain(parts) {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; SpanId::LEN];
    bytes.copy_from_slice(&hash.finalize()[..SpanId::LEN]);
    bytes[SpanId::LEN - 1] |= 1;
    SpanId::new(bytes).expect("not zero")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::traces::record::records;

    const ID: &str = "7F0000010A1B2C3D4E5F60718293A4B5";

    fn stored() -> Stored {
        Stored {
            partition: Some("broker-a:0".into()),
            offset: 4,
            at: Some(Timestamp::from_unix_millis(9_000)),
            is_broker_time: true,
            key: None,
            value: None,
            headers: Vec::new(),
            properties: vec![
                ("store_host", "127.0.0.1:20911".into()),
                ("born_host", "127.0.0.1:40112".into()),
            ],
            size_bytes: 0,
        }
    }

    fn told(text: &str) -> Vec<Span> {
        let stored = stored();
        let came = Came::of(&stored);
        let records: Vec<_> = records(text).collect();
        let records = records.iter().map(|record| record.as_ref().unwrap());
        records.flat_map(|record| spans(record, &came)).collect()
    }

    fn line(fields: &[&str]) -> String {
        fields.join("\u{1}") + "\u{2}"
    }

    #[test]
    fn a_send_and_two_tries_are_spans_of_one_trace() {
        let text = [
            line(&[
                "Pub",
                "1000",
                "DefaultRegion",
                "shop",
                "payments",
                ID,
                "paid",
                "1001 c-7",
                "127.0.0.1:20911",
                "12",
                "5",
                "0",
                "7F0000",
                "true",
            ]),
            line(&[
                "SubBefore",
                "1100",
                "DefaultRegion",
                "points",
                "R1",
                ID,
                "0",
                "1001 c-7",
            ]),
            line(&[
                "SubAfter", "R1", ID, "30", "false", "1001 c-7", "4", "1130", "points",
            ]),
            line(&[
                "SubBefore",
                "2100",
                "DefaultRegion",
                "points",
                "R2",
                ID,
                "1",
                "1001 c-7",
            ]),
            line(&["SubAfter", "R2", ID, "40", "true", "1001 c-7", "0"]),
        ]
        .concat();
        let spans = told(&text);
        assert_eq!(spans.len(), 5);
        assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
        assert!(spans.iter().all(|span| span.scope.name == SCOPE));
        let times: Vec<_> = spans
            .iter()
            .map(|span| (span.started_at.unix_millis(), span.ended_at.unix_millis()))
            .collect();
        // The last tells no time: that of the trace's own message.
        assert_eq!(
            times,
            [
                (1000, 1005),
                (1100, 1100),
                (1100, 1130),
                (2100, 2100),
                (8960, 9000)
            ]
        );
        assert_eq!(spans[2].parent_id, Some(spans[1].span_id));
        assert_eq!(spans[4].parent_id, Some(spans[3].span_id));
        assert_ne!(spans[1].span_id, spans[3].span_id);
        assert_eq!(spans[2].text("error.type"), Some("FAILED"));
        assert_eq!(spans[4].status.code, StatusCode::Ok);
        assert_eq!(spans[0].text("server.address"), Some("127.0.0.1"));
        assert_eq!(spans[0].service(), "shop");
        // Read again, it is the same.
        assert_eq!(told(&text), spans);
    }

    #[test]
    fn a_batch_is_as_many_messages_and_a_message_without_id_is_none() {
        let pub_of = |ids: &str| {
            line(&[
                "Pub", "1", "r", "g", "t", ids, "null", "null", "null", "0", "1", "0", "true",
            ])
        };
        let ids = |text: &str| -> Vec<String> {
            let spans = told(text);
            let ids = spans
                .iter()
                .map(|span| span.text("messaging.message.id").unwrap().to_owned());
            ids.collect()
        };
        assert_eq!(ids(&pub_of("A,B")), ["A", "B"]);
        assert!(ids(&pub_of("null")).is_empty());
        assert!(
            told(&pub_of("A"))[0]
                .text("messaging.rocketmq.message.tag")
                .is_none()
        );
    }

    #[test]
    fn an_answer_to_a_check_back_says_that_it_is_one() {
        let text = line(&[
            "EndTransaction",
            "5",
            "r",
            "g",
            "t",
            ID,
            "null",
            "null",
            "h",
            "1",
            "TX",
            "ROLLBACK_MESSAGE",
            "true",
        ]);
        let spans = told(&text);
        assert_eq!(spans[0].name, "rollback t");
        assert_eq!(
            spans[0].attribute("messaging.rocketmq.transaction.checked"),
            Some(&Value::Bool(true))
        );
    }

    #[test]
    fn what_cannot_be_read_costs_no_other() {
        let text = [
            "Pub\u{1}x\u{2}",
            "\u{2}nonsense\u{2}",
            "Recall\u{1}1\u{2}",
            &line(&["SubBefore", "1", "r", "g", "R", ID, "0"]),
        ]
        .concat();
        let told: Vec<_> = records(&text).map(|record| record.is_some()).collect();
        assert_eq!(told, [false, false, true]);
    }
}
