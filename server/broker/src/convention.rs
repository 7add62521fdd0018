//! The names of the messaging convention, old and new, read in one pass over the attributes.
//!
//! Sources: OpenTelemetry semantic conventions for messaging 1.11 to 1.44 and their published
//! schema files; the instrumentations that still write the older names.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use waybill_model::messaging::{DestinationRole, Facts, LinkFacts, Operation};
use waybill_model::span::{Attribute, Link, Span, SpanKind, StatusCode, Value};

/// What a list of attributes says, by canonical name. Borrowed: nothing is copied before a dialect
/// has decided that the span is about a message.
#[derive(Clone, Debug, Default)]
pub struct Said<'a> {
    /// Some `messaging.*` attribute is there.
    pub any: bool,
    pub system: Option<&'a str>,
    pub operation_type: Option<&'a str>,
    pub operation_name: Option<&'a str>,
    pub destination: Option<&'a str>,
    pub partition: Option<Cow<'a, str>>,
    pub offset: Option<i64>,
    pub group: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub message_id: Option<Cow<'a, str>>,
    pub key: Option<Cow<'a, str>>,
    pub conversation_id: Option<&'a str>,
    pub body_bytes: Option<u64>,
    pub batch_count: Option<u64>,
    pub cluster_id: Option<&'a str>,
    pub server_address: Option<Cow<'a, str>>,
    pub server_port: Option<i64>,
    /// `host:port` of `messaging.url`, whose credentials are never kept.
    pub url_address: Option<&'a str>,
    pub routing_key: Option<&'a str>,
    /// A message id among the captured headers; one value only, a poll captures many.
    pub header_message_id: Option<&'a str>,
    /// RocketMQ's message keys: one text or a list.
    pub message_keys: Option<&'a Value>,
    pub error_type: Option<&'a str>,
    /// The convention's generation that the group was read from prefers a real group name over a
    /// client's id.
    group_is_id: bool,
}

impl<'a> Said<'a> {
    pub fn of(attributes: &'a [Attribute]) -> Self {
        let mut said = Self::default();
        for attribute in attributes {
            said.read(&attribute.key, &attribute.value);
        }
        said
    }

    fn read(&mut self, key: &str, value: &'a Value) {
        let Some(name) = key.strip_prefix("messaging.") else {
            return self.read_other(key, value);
        };
        self.any = true;
        match name {
            "system" | "system.name" => set(&mut self.system, value.as_str()),
            "operation.type" => set(&mut self.operation_type, value.as_str()),
            "operation.name" => set(&mut self.operation_name, value.as_str()),
            "operation" if self.operation_type.is_none() => {
                set(&mut self.operation_type, value.as_str());
            }
            "destination.name" => self.destination = value.as_str().or(self.destination),
            "destination" | "source.name" | "source" if self.destination.is_none() => {
                self.destination = value.as_str();
            }
            "destination.partition.id" => self.partition = text(value).or(self.partition.take()),
            "kafka.destination.partition"
            | "kafka.source.partition"
            | "kafka.partition"
            | "rocketmq.queue_id"
                if self.partition.is_none() =>
            {
                self.partition = text(value);
            }
            "kafka.offset" => self.offset = value.as_int().or(self.offset),
            "kafka.message.offset" | "rocketmq.queue_offset" if self.offset.is_none() => {
                self.offset = value.as_int();
            }
            "consumer.group.name"
            | "kafka.consumer.group"
            | "kafka.consumer_group"
            | "rocketmq.client_group"
                if self.group.is_none() || self.group_is_id =>
            {
                set(&mut self.group, value.as_str());
                self.group_is_id = false;
            }
            // Micrometer joins the two: "group - client".
            "consumer_id" | "consumer.id" if self.group.is_none() => {
                self.group = value
                    .as_str()
                    .and_then(|id| id.split_once(" - "))
                    .map(|(group, _)| group.trim())
                    .filter(|group| !group.is_empty());
                self.group_is_id = true;
            }
            "client.id" | "client_id" | "kafka.client_id" | "rocketmq.client_id" => {
                set(&mut self.client_id, value.as_str());
            }
            "message.id" => self.message_id = text(value).or(self.message_id.take()),
            "message_id" if self.message_id.is_none() => self.message_id = text(value),
            "kafka.message.key" => self.key = text(value).or(self.key.take()),
            "kafka.message_key" if self.key.is_none() => self.key = text(value),
            "message.conversation_id" | "conversation_id" => {
                set(&mut self.conversation_id, value.as_str());
            }
            "message.body.size" | "message.payload_size_bytes" | "message_payload_size_bytes"
                if self.body_bytes.is_none() =>
            {
                self.body_bytes = value.as_int().and_then(|n| n.try_into().ok());
            }
            "batch.message_count" => {
                self.batch_count = value.as_int().and_then(|n| n.try_into().ok());
            }
            "kafka.cluster.id" => set(&mut self.cluster_id, value.as_str()),
            "rabbitmq.destination.routing_key" | "rabbitmq.routing_key" => {
                set(&mut self.routing_key, value.as_str());
            }
            "header.message_id" | "header.message-id" | "header.messageId" => {
                self.header_message_id = only_text(value);
            }
            "url" => self.url_address = in_url(value).or(self.url_address),
            "rocketmq.message.keys" | "rocketmq.message_keys" => self.message_keys = Some(value),
            _ => {}
        }
    }

    fn read_other(&mut self, key: &str, value: &'a Value) {
        match key {
            "server.address" => self.server_address = address(value).or(self.server_address.take()),
            "net.peer.name" | "net.sock.peer.name" | "net.sock.peer.addr"
                if self.server_address.is_none() =>
            {
                self.server_address = address(value);
            }
            "server.port" => self.server_port = value.as_int().or(self.server_port),
            "net.peer.port" | "net.sock.peer.port" if self.server_port.is_none() => {
                self.server_port = value.as_int();
            }
            "error.type" => set(&mut self.error_type, value.as_str()),
            _ => {}
        }
    }

    /// Old words and new ones; where no attribute tells, the kind does, and for consumers the
    /// verb in the span's name.
    pub fn operation(&self, span: &Span) -> Operation {
        let said = self
            .operation_type
            .and_then(operation)
            .or_else(|| self.operation_name.and_then(operation));
        match (said, span.kind) {
            (Some(operation), _) => operation,
            (None, SpanKind::Producer) => Operation::Send,
            (None, SpanKind::Consumer) => name_says(&span.name).unwrap_or(Operation::Process),
            (None, _) => Operation::Other,
        }
    }

    /// Facts by the convention's names alone.
    pub fn facts(&self, system: &str, span: &Span) -> Facts {
        let operation = self.operation(span);
        let destination = owned(self.destination);
        let destination_role = self
            .destination
            .map_or(DestinationRole::Origin, crate::roles::by_name);
        Facts {
            system: system.to_owned(),
            operation,
            destination,
            destination_role,
            route: owned(self.routing_key),
            names_route: false,
            partition: self.partition.as_deref().map(str::to_owned),
            offset: self.offset,
            group: owned(self.group),
            message_id: self
                .message_id
                .as_deref()
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
            key: self
                .key
                .as_deref()
                .filter(|key| !key.is_empty())
                .map(str::to_owned),
            conversation_id: owned(self.conversation_id),
            body_bytes: self.body_bytes,
            batch_count: self.batch_count,
            cluster_id: owned(self.cluster_id),
            cluster_hint: self.hint(),
            links: span.links.iter().map(|link| self.link(link)).collect(),
            failed: span.status.code == StatusCode::Error
                || self.error_type.is_some_and(|kind| !kind.is_empty())
                || (operation == Operation::Settle && self.operation_name.is_some_and(refuses)),
            postponed: false,
            native_trace: span.scope.name == crate::traces::SCOPE,
        }
    }

    fn hint(&self) -> Option<String> {
        let Some(address) = self.server_address.as_deref().filter(|a| !a.is_empty()) else {
            return owned(self.url_address);
        };
        Some(match self.server_port {
            // Its own colons must not be taken for that of the port.
            Some(port) if address.parse::<Ipv6Addr>().is_ok() => format!("[{address}]:{port}"),
            Some(port) if !address.ends_with(&format!(":{port}")) => format!("{address}:{port}"),
            _ => address.to_owned(),
        })
    }

    /// A link's own attributes; where it names a position only, the span says of what.
    fn link(&self, link: &Link) -> LinkFacts {
        let own = Said::of(&link.attributes);
        let placed = own.offset.is_some();
        let partition = own.partition.as_deref();
        LinkFacts {
            trace_id: link.trace_id,
            span_id: link.span_id,
            destination: owned(own.destination.or(self.destination.filter(|_| placed))),
            partition: partition
                .or(self.partition.as_deref().filter(|_| placed))
                .map(str::to_owned),
            offset: own.offset,
            message_id: own.message_id.as_deref().map(str::to_owned),
            key: own.key.as_deref().map(str::to_owned),
        }
    }
}

/// Spans of these kinds may be messaging spans even when no attribute says so.
pub fn is_messaging_kind(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Producer | SpanKind::Consumer)
}

fn operation(word: &str) -> Option<Operation> {
    Some(match word {
        "create" => Operation::Create,
        "send" | "publish" => Operation::Send,
        "receive" | "poll" | "recv" | "fetch" | "get" | "pull" => Operation::Receive,
        "process" | "deliver" | "consume" | "handle" => Operation::Process,
        "settle" | "ack" | "nack" | "reject" | "commit" | "complete" | "abandon" => {
            Operation::Settle
        }
        _ => return None,
    })
}

/// Settling that gives the message back or lays it aside.
fn refuses(word: &str) -> bool {
    matches!(
        word,
        "nack" | "reject" | "abandon" | "dead_letter" | "basic.nack" | "basic.reject"
    )
}

/// The verb stands first in newer names (`process orders`) and last in older ones.
fn name_says(name: &str) -> Option<Operation> {
    let verb = |word: &str| operation(word).filter(|o| *o != Operation::Send);
    let last = name.rsplit(' ').next().and_then(verb);
    last.or_else(|| name.split(' ').next().and_then(verb))
}

fn set<'a>(slot: &mut Option<&'a str>, value: Option<&'a str>) {
    if let Some(value) = value.filter(|v| !v.is_empty()) {
        *slot = Some(value);
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|t| !t.is_empty()).map(str::to_owned)
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Int(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

fn only_text(value: &Value) -> Option<&str> {
    match value {
        Value::Array(values) => match values.as_slice() {
            [one] => one.as_str(),
            _ => None,
        },
        other => other.as_str(),
    }
    .filter(|text| !text.is_empty())
}

/// Some clients write JSON as text, a list of addresses or a single one in its quotes, others a list
/// with commas; the first address counts.
fn address(value: &Value) -> Option<Cow<'_, str>> {
    let first = first_text(value)?.split(',').next()?;
    Some(first.trim())
        .filter(|first| !first.is_empty())
        .map(Cow::Borrowed)
}

fn first_text(value: &Value) -> Option<&str> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Array(values) => values.first().and_then(Value::as_str)?,
        _ => return None,
    };
    let list = text
        .strip_prefix('[')
        .filter(|l| l.trim_start().starts_with(['"', ']']));
    match list {
        Some(list) => list.split('"').nth(1),
        None => Some(text.trim_matches('"')),
    }
}

/// `scheme://user:password@host:port/path`, any part but the host left out: whatever stands before
/// an `@` may be a password, its commas and slashes too.
fn in_url(value: &Value) -> Option<&str> {
    let text = first_text(value)?;
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let bare = rest.rsplit_once('@').map_or(rest, |(_, bare)| bare);
    let host = bare.split(['/', '?', '#', ',']).next()?.trim();
    Some(host).filter(|host| !host.is_empty())
}
