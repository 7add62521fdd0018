//! Made-up traffic: messaging spans as instrumented clients send them, about 560 bytes of OTLP and
//! 12 attributes each, 4 spans a trace, 6 terms a span of which 3 are searchable attributes.

use std::sync::Arc;

use waybill_model::id::{SpanId, TraceId};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::reference::Term;
use waybill_model::span::{
    Attribute, Dropped, Link, Resource, Scope, Span, SpanKind, Status, Value,
};
use waybill_model::time::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::blocks::{IndexedSpan, RollupKey};

const SERVICES: [&str; 5] = ["shop", "payment", "inventory", "notification", "fulfilment"];
const SPANS_A_TRACE: u64 = 4;

/// The same for the same seed. Consecutive batches share traces: a trace's spans are spread over
/// about `SPANS_A_TRACE` thousand spans, as its services send them in different requests.
pub struct Sample {
    seed: u64,
    next: u64,
    start: Timestamp,
    resources: Vec<Arc<Resource>>,
    scope: Arc<Scope>,
}

impl Sample {
    pub fn new(seed: u64, start: Timestamp) -> Self {
        Self {
            seed,
            next: 0,
            start,
            resources: SERVICES
                .iter()
                .map(|name| Arc::new(resource(name)))
                .collect(),
            scope: Arc::new(Scope {
                name: "messaging-instrumentation".into(),
                version: "2.11.0".into(),
                ..Scope::default()
            }),
        }
    }

    pub fn batch(&mut self, spans: usize) -> Vec<IndexedSpan> {
        (0..spans).map(|_| self.span()).collect()
    }

    /// The number of the trace that the span with number `n` belongs to.
    fn trace_number(n: u64) -> u64 {
        let (group, place) = (n / 4_000, n % 4_000);
        group * (4_000 / SPANS_A_TRACE) + place % (4_000 / SPANS_A_TRACE)
    }

    pub fn trace_id(&self, trace: u64) -> TraceId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.hash(trace, 1).to_be_bytes());
        bytes[8..].copy_from_slice(&(self.hash(trace, 2) | 1).to_be_bytes());
        self.id(TraceId::new(bytes))
    }

    pub fn order_id(trace: u64) -> String {
        format!("order-{trace}")
    }

    fn span(&mut self) -> IndexedSpan {
        let n = self.next;
        self.next += 1;
        let trace = Self::trace_number(n);
        let trace_id = self.trace_id(trace);
        let step = (n % 4_000) / (4_000 / SPANS_A_TRACE);
        let producer = step.is_multiple_of(2);
        let service = (trace + step) as usize % SERVICES.len();
        let destination = ["orders", "payments", "stock", "mail"][(trace + step / 2) as usize % 4];
        let started_at = self.start.plus_ms((n / 20) as i64);
        let span_id = self.span_id(n);
        let offset = n as i64;
        let partition = (trace % 12).to_string();
        let order = Self::order_id(trace);
        let customer = format!("customer-{}", trace % 5_000);
        let message_id = format!("{:016x}", self.hash(trace, 3 + step / 2));
        let text = |key: &str, value: &str| Attribute {
            key: key.into(),
            value: Value::String(value.into()),
        };
        let attributes = vec![
            text("messaging.system", "examplemq"),
            text("messaging.destination.name", destination),
            text(
                "messaging.operation.type",
                if producer { "send" } else { "process" },
            ),
            text("messaging.destination.partition.id", &partition),
            Attribute {
                key: "messaging.examplemq.offset".into(),
                value: Value::Int(offset),
            },
            text("messaging.message.id", &message_id),
            text(
                "messaging.client.id",
                &format!("{}-{}", SERVICES[service], trace % 3),
            ),
            text("server.address", "broker-1.internal.example.com"),
            text("order.id", &order),
            text("customer.id", &customer),
            text("shipment.no", &format!("s-{:08}", trace * 7)),
            text("thread.name", &format!("worker-{}", trace % 16)),
        ];
        let link = Link {
            trace_id,
            span_id: self.span_id(n.saturating_sub(1_000)),
            trace_state: String::new(),
            attributes: Vec::new(),
            dropped_attributes: 0,
            flags: 1,
        };
        let terms = vec![
            Term::trace(trace_id),
            Term::place("examplemq", destination, &partition, offset),
            Term::message_id(&message_id),
            Term::attribute("order.id", &order),
            Term::attribute("customer.id", &customer),
            Term::attribute("shipment.no", &format!("s-{:08}", trace * 7)),
        ];
        let failed = n.is_multiple_of(97);
        let duration = (self.hash(n, 9) % 40_000_000) as i64 + 200_000;
        let span = Span {
            trace_id,
            span_id,
            parent_id: (step > 0).then(|| self.span_id(n.saturating_sub(1_000))),
            name: format!(
                "{} {destination}",
                if producer { "send" } else { "process" }
            ),
            kind: if producer {
                SpanKind::Producer
            } else {
                SpanKind::Consumer
            },
            started_at,
            ended_at: Timestamp::from_unix_nanos(started_at.unix_nanos() + duration),
            status: Status::default(),
            attributes,
            events: Vec::new(),
            links: if producer { Vec::new() } else { vec![link] },
            trace_state: String::new(),
            flags: 1,
            dropped: Dropped::default(),
            resource: Arc::clone(&self.resources[service]),
            scope: Arc::clone(&self.scope),
        };
        let rollup = RollupKey {
            system: "examplemq".into(),
            destination: destination.into(),
            operation: if producer {
                Operation::Send
            } else {
                Operation::Process
            },
            role: DestinationRole::Origin,
            group: (!producer).then(|| "billing".to_owned()),
            failed,
        };
        IndexedSpan {
            span,
            terms,
            rollup: Some(rollup),
            troubled: failed,
            tried: Vec::new(),
        }
    }

    fn span_id(&self, n: u64) -> SpanId {
        self.id(SpanId::new((self.hash(n, 5) | 1).to_be_bytes()))
    }

    fn hash(&self, number: u64, salt: u64) -> u64 {
        xxh3_64_with_seed(&number.to_le_bytes(), self.seed ^ salt << 32)
    }

    #[expect(clippy::expect_used, reason = "the bytes are never all zero")]
    fn id<T>(&self, id: Result<T, waybill_model::id::IdError>) -> T {
        id.expect("an id")
    }
}

fn resource(service: &str) -> Resource {
    let text = |key: &str, value: String| Attribute {
        key: key.into(),
        value: Value::String(value),
    };
    Resource {
        attributes: vec![
            text("service.name", service.into()),
            text("service.version", "4.2.1".into()),
            text("service.instance.id", format!("{service}-7f9c4")),
            text("telemetry.sdk.language", "java".into()),
            text("telemetry.sdk.name", "opentelemetry".into()),
            text("telemetry.sdk.version", "1.49.0".into()),
        ],
        ..Resource::default()
    }
}
