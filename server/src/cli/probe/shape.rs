//! The stories that a probe tells, and what must be read of each.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use waybill_model::journey::{HopRole, JourneyState, Outcome};
use waybill_model::time::Timestamp;

use super::expected::{Delivered, Expected};
use super::random::next;
use super::span::{MARK, Named, Place, Writer};

const SHOP: &str = "waybill-probe-shop";
const BILLING: &str = "waybill-probe-billing";
const MAIL: &str = "waybill-probe-mail";
const BANK: &str = "waybill-probe-bank";
const SECOND_SYSTEM: &str = "waybill-probe-second";

const ORDERS: &str = "waybill.probe.orders";
const DEAD: &str = "waybill.probe.orders.dlq";
const PAYMENTS: &str = "waybill.probe.payments";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Put and processed.
    Plain,
    /// Processed twice: it failed at first.
    Retried,
    DeadLettered,
    /// Three messages, processed by one span that links to each.
    Batch,
    /// Processed by two groups.
    FanOut,
    /// Processing it puts another message, on a second system.
    Chain,
}

impl Shape {
    pub const ALL: [Self; 6] = [
        Self::Plain,
        Self::Retried,
        Self::DeadLettered,
        Self::Batch,
        Self::FanOut,
        Self::Chain,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Retried => "retried",
            Self::DeadLettered => "dead-lettered",
            Self::Batch => "batch",
            Self::FanOut => "fan-out",
            Self::Chain => "chain",
        }
    }
}

/// One story: what is sent, and what must be found.
pub struct Made {
    /// The value of the searchable attribute.
    pub id: String,
    pub requests: Vec<ExportTraceServiceRequest>,
    pub messages: Vec<Expected>,
    /// Ids of the spans of each trace, as hexadecimal digits.
    pub traces: BTreeMap<String, BTreeSet<String>>,
}

/// The same for the same words, so that it can be read again later without being kept.
pub fn make(shape: Shape, seed: u64, number: u64, at: Timestamp) -> Made {
    let id = format!("{MARK}-{seed:016x}-{number}");
    let mut ids = seed ^ number.rotate_left(32);
    let writer = Writer::new(next(&mut ids), at, id.clone());
    let mut story = Story {
        writer,
        id: id.clone(),
        messages: Vec::new(),
    };
    story.tell(shape);
    let messages = story.messages;
    let mut requests = story.writer.requests();
    // What a consumer sent may arrive before what its producer sent.
    if next(&mut ids) & 1 == 1 {
        requests.reverse();
    }
    let mut traces: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    for span in resources
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
    {
        let trace = traces.entry(hex::encode(&span.trace_id)).or_default();
        trace.insert(hex::encode(&span.span_id));
    }
    Made {
        id,
        requests,
        messages,
        traces,
    }
}

struct Story {
    writer: Writer,
    id: String,
    messages: Vec<Expected>,
}

impl Story {
    fn tell(&mut self, shape: Shape) {
        match shape {
            Shape::Plain => {
                let (order, put) =
                    self.order(0, JourneyState::Delivered, &[(BILLING, &[Outcome::Ok])]);
                self.writer.process(BILLING, &order, put);
            }
            Shape::Retried => {
                let outcomes: &[_] = &[Outcome::Failed, Outcome::Ok];
                let (order, put) = self.order(0, JourneyState::Delivered, &[(BILLING, outcomes)]);
                self.writer.process(BILLING, &order, put);
                self.writer
                    .failed("ProbeTimeout", "the first attempt fails");
                self.writer.process(BILLING, &order, put);
            }
            Shape::DeadLettered => self.dead_lettered(),
            Shape::Batch => {
                let batch: Vec<(Named, Place)> = (0..3)
                    .map(|n| self.order(n, JourneyState::Delivered, &[(BILLING, &[Outcome::Ok])]))
                    .collect();
                self.writer.process_all(BILLING, &batch);
            }
            Shape::FanOut => {
                let groups: &[(_, &[_])] = &[(BILLING, &[Outcome::Ok]), (MAIL, &[Outcome::Ok])];
                let (order, put) = self.order(0, JourneyState::Delivered, groups);
                self.writer.process(BILLING, &order, put);
                self.writer.process(MAIL, &order, put);
            }
            Shape::Chain => self.chain(),
        }
    }

    fn dead_lettered(&mut self) {
        let failed: &[_] = &[Outcome::Failed];
        let (order, put) = self.order(0, JourneyState::DeadLettered, &[(BILLING, failed)]);
        let tried = self.writer.process(BILLING, &order, put);
        self.writer.failed("ProbeRefused", "no attempt succeeds");
        let dead = Named {
            destination: DEAD,
            ..order
        };
        self.writer
            .send(BILLING, &dead, tried.trace_id, Some(tried));
        if let Some(message) = self.messages.last_mut() {
            message.hops.push((HopRole::DeadLetter, DEAD));
        }
    }

    fn chain(&mut self) {
        let (order, put) = self.order(0, JourneyState::Delivered, &[(BILLING, &[Outcome::Ok])]);
        let billed = self.writer.process(BILLING, &order, put);
        let payment = Named {
            system: SECOND_SYSTEM,
            destination: PAYMENTS,
            key: format!("{}-k1", self.id),
            message_id: format!("{}-m1", self.id),
        };
        let paid = self
            .writer
            .send(BILLING, &payment, billed.trace_id, Some(billed));
        self.writer.process(BANK, &payment, paid);
        self.messages.push(Expected {
            key: payment.key,
            message_id: payment.message_id,
            trace_id: hex::encode(paid.trace_id),
            state: JourneyState::Delivered,
            producer: BILLING,
            hops: vec![(HopRole::Origin, PAYMENTS)],
            deliveries: vec![Delivered {
                group: BANK,
                outcomes: vec![Outcome::Ok],
            }],
            caused_by: Some(0),
        });
    }

    /// An order of the shop in a trace of its own, and what must become of it.
    fn order(
        &mut self,
        n: usize,
        state: JourneyState,
        groups: &[(&'static str, &[Outcome])],
    ) -> (Named, Place) {
        let order = Named {
            system: MARK,
            destination: ORDERS,
            key: format!("{}-k{n}", self.id),
            message_id: format!("{}-m{n}", self.id),
        };
        let trace_id = self.writer.trace();
        let put = self.writer.send(SHOP, &order, trace_id, None);
        self.messages.push(Expected {
            key: order.key.clone(),
            message_id: order.message_id.clone(),
            trace_id: hex::encode(trace_id),
            state,
            producer: SHOP,
            hops: vec![(HopRole::Origin, ORDERS)],
            deliveries: groups
                .iter()
                .map(|(group, outcomes)| Delivered {
                    group,
                    outcomes: outcomes.to_vec(),
                })
                .collect(),
            caused_by: None,
        });
        (order, put)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use waybill_model::id::{SpanId, TraceId};

    /// What is expected is what these spans tell, by the rules that rebuild any journey; and a story
    /// is told again alike.
    #[test]
    fn stories_are_told_alike_and_differ_from_each_other() {
        let at = Timestamp::from_unix_millis(1_795_444_307_046);
        let mut seen = BTreeSet::new();
        for (number, shape) in (0..).zip(Shape::ALL) {
            let (one, again) = (make(shape, 7, number, at), make(shape, 7, number, at));
            assert_eq!(one.requests, again.requests, "{}", shape.name());
            assert_eq!(one.traces, again.traces);
            for (trace_id, spans) in &one.traces {
                assert!(trace_id.parse::<TraceId>().is_ok());
                assert!(spans.iter().all(|id| id.parse::<SpanId>().is_ok()));
                assert!(seen.insert(Arc::<str>::from(trace_id.as_str())));
            }
        }
        assert_eq!(seen.len(), 5 + 4);
    }
}
