//! Spans as a client of the messaging convention writes them, with ids that a seed decides.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status, span, status::StatusCode,
};
use waybill_model::time::Timestamp;

use super::random::next;

/// Services, destinations and systems of a probe are known by this.
pub const MARK: &str = "waybill-probe";
/// Searchable with the usual `search.attributes`.
pub const ATTRIBUTE: &str = "probe.id";

const SPAN_NANOS: u64 = 1_000_000;

/// Where a span stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
}

/// A message as its spans name it.
#[derive(Clone, Debug)]
pub struct Named {
    pub system: &'static str,
    pub destination: &'static str,
    pub key: String,
    pub message_id: String,
}

/// Writes one story: each span begins when the one before has ended.
pub struct Writer {
    seed: u64,
    clock_nanos: u64,
    probe_id: String,
    spans: Vec<(&'static str, Span)>,
}

impl Writer {
    /// `seed` decides every id.
    pub fn new(seed: u64, at: Timestamp, probe_id: String) -> Self {
        Self {
            seed,
            clock_nanos: u64::try_from(at.unix_nanos()).unwrap_or_default(),
            probe_id,
            spans: Vec::new(),
        }
    }

    pub fn trace(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.id());
        id[8..].copy_from_slice(&self.id());
        id
    }

    /// `service` puts the message.
    pub fn send(
        &mut self,
        service: &'static str,
        message: &Named,
        trace_id: [u8; 16],
        parent: Option<Place>,
    ) -> Place {
        let kind = span::SpanKind::Producer;
        let attributes = self.about(message, "send");
        self.write(
            service,
            kind,
            "send",
            message.destination,
            trace_id,
            parent,
            attributes,
        )
    }

    /// `service` processes it, below the span that put it.
    pub fn process(&mut self, service: &'static str, message: &Named, put: Place) -> Place {
        let kind = span::SpanKind::Consumer;
        let mut attributes = self.about(message, "process");
        attributes.push(text("messaging.consumer.group.name", service));
        let name = message.destination;
        self.write(
            service,
            kind,
            "process",
            name,
            put.trace_id,
            Some(put),
            attributes,
        )
    }

    /// `service` processes all of them at once, in a trace of its own that links to each.
    pub fn process_all(&mut self, service: &'static str, messages: &[(Named, Place)]) -> Place {
        let Some((first, _)) = messages.first() else {
            return self.nowhere();
        };
        let mut attributes = vec![
            text("messaging.system", first.system),
            text("messaging.destination.name", first.destination),
            text("messaging.operation.type", "process"),
            text("messaging.operation.name", "process"),
            text("messaging.consumer.group.name", service),
        ];
        let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
        attributes.push(int("messaging.batch.message_count", count));
        let links = messages.iter().map(|(message, put)| span::Link {
            trace_id: put.trace_id.to_vec(),
            span_id: put.span_id.to_vec(),
            attributes: vec![
                text("messaging.message.id", &message.message_id),
                text("messaging.kafka.message.key", &message.key),
            ],
            ..Default::default()
        });
        let links: Vec<_> = links.collect();
        let (kind, name, trace_id) = (span::SpanKind::Consumer, first.destination, self.trace());
        let place = self.write(service, kind, "process", name, trace_id, None, attributes);
        if let Some((_, span)) = self.spans.last_mut() {
            span.links = links;
        }
        place
    }

    /// The span written last has failed.
    pub fn failed(&mut self, kind: &str, message: &str) {
        if let Some((_, span)) = self.spans.last_mut() {
            span.attributes.push(text("error.type", kind));
            span.status = Some(Status {
                message: message.to_owned(),
                code: StatusCode::Error.into(),
            });
        }
    }

    /// A request for each service, in the order in which they first spoke.
    pub fn requests(self) -> Vec<ExportTraceServiceRequest> {
        let mut by_service: Vec<(&str, Vec<Span>)> = Vec::new();
        for (service, span) in self.spans {
            match by_service.iter_mut().find(|(name, _)| *name == service) {
                Some((_, spans)) => spans.push(span),
                None => by_service.push((service, vec![span])),
            }
        }
        let requests = by_service.into_iter();
        requests.map(|(name, spans)| request(name, spans)).collect()
    }

    fn about(&self, message: &Named, operation: &str) -> Vec<KeyValue> {
        vec![
            text("messaging.system", message.system),
            text("messaging.destination.name", message.destination),
            text("messaging.operation.type", operation),
            text("messaging.operation.name", operation),
            text("messaging.message.id", &message.message_id),
            text("messaging.kafka.message.key", &message.key),
            text(ATTRIBUTE, &self.probe_id),
        ]
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a span has as many members; the three callers name them"
    )]
    fn write(
        &mut self,
        service: &'static str,
        kind: span::SpanKind,
        operation: &str,
        destination: &str,
        trace_id: [u8; 16],
        parent: Option<Place>,
        attributes: Vec<KeyValue>,
    ) -> Place {
        let place = Place {
            trace_id,
            span_id: self.id(),
        };
        let started = self.clock_nanos;
        self.clock_nanos += 2 * SPAN_NANOS;
        self.spans.push((
            service,
            Span {
                trace_id: trace_id.to_vec(),
                span_id: place.span_id.to_vec(),
                parent_span_id: parent.map(|p| p.span_id.to_vec()).unwrap_or_default(),
                name: format!("{operation} {destination}"),
                kind: kind.into(),
                start_time_unix_nano: started,
                end_time_unix_nano: started + SPAN_NANOS,
                attributes,
                ..Default::default()
            },
        ));
        place
    }

    fn nowhere(&mut self) -> Place {
        Place {
            trace_id: self.trace(),
            span_id: self.id(),
        }
    }

    fn id(&mut self) -> [u8; 8] {
        let id = next(&mut self.seed);
        id.max(1).to_be_bytes()
    }
}

fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", service)],
                ..Default::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: MARK.to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..Default::default()
                }),
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}
