//! Searches composed of many words, and their results as files.

mod export;
mod words;

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::Span;
use waybill_tests::otlp::{self, CONSUMER, PRODUCER, a_span, failed, random_id, text};
use waybill_tests::server::Server;
use waybill_tests::wait;

const SECOND: u64 = 1_000_000_000;

/// One message as it is sent.
struct Sent<'a> {
    system: &'a str,
    destination: &'a str,
    producer: &'a str,
    consumer: &'a str,
    key: &'a str,
    message_id: &'a str,
    order: &'a str,
    /// Why the attempt failed.
    error: Option<&'a str>,
    /// Where it was laid aside then.
    laid_aside: Option<&'a str>,
    took_ms: u64,
    ago_s: u64,
}

impl Sent<'_> {
    /// Its trace id.
    async fn send(&self, server: &Server) -> String {
        let trace_id = random_id::<16>();
        let began = otlp::now_nanos() - self.ago_s * SECOND;
        let put = self.span(&trace_id, &[], PRODUCER, "send", self.destination);
        let put = at(put, began, 1);
        let mut got = self.span(
            &trace_id,
            &put.span_id,
            CONSUMER,
            "process",
            self.destination,
        );
        got.attributes
            .push(text("messaging.consumer.group.name", self.consumer));
        let mut got = at(got, began + 2_000_000, self.took_ms);
        if let Some(error) = self.error {
            got = failed(got, "Refused", error);
        }
        let mut consumed = Vec::new();
        if let Some(destination) = self.laid_aside {
            let aside = self.span(&trace_id, &got.span_id, PRODUCER, "send", destination);
            consumed.push(at(aside, began + 3_000_000, 1));
        }
        consumed.push(got);
        for (service, spans) in [(self.producer, vec![put]), (self.consumer, consumed)] {
            let status = otlp::post(&server.otlp_http, &otlp::request(service, spans)).await;
            assert!(status.is_success());
        }
        hex::encode(&trace_id)
    }

    fn span(
        &self,
        trace_id: &[u8],
        parent: &[u8],
        kind: i32,
        operation: &str,
        place: &str,
    ) -> Span {
        let attributes = vec![
            text("messaging.system", self.system),
            text("messaging.destination.name", place),
            text("messaging.operation.type", operation),
            text("messaging.kafka.message.key", self.key),
            text("messaging.message.id", self.message_id),
            text("order.id", self.order),
        ];
        a_span(
            trace_id,
            parent,
            &format!("{operation} {place}"),
            kind,
            attributes,
        )
    }
}

fn at(mut span: Span, began: u64, took_ms: u64) -> Span {
    span.start_time_unix_nano = began;
    span.end_time_unix_nano = began + took_ms * 1_000_000;
    span
}

/// Five messages of which no two words tell the same; their trace ids, in order.
async fn five(server: &Server) -> Vec<String> {
    let order = Sent {
        system: "examplemq",
        destination: "orders",
        producer: "shop",
        consumer: "billing",
        key: "k1",
        message_id: "m-a",
        order: "o1",
        error: None,
        laid_aside: None,
        took_ms: 5,
        ago_s: 60,
    };
    let refused = Sent {
        key: "k2",
        message_id: "m-b",
        error: Some("no funds left"),
        ..order
    };
    let slow = Sent {
        destination: "mails",
        producer: "web",
        consumer: "mailer",
        message_id: "m-c",
        order: "o2",
        took_ms: 2_000,
        ..order
    };
    let dead = Sent {
        key: "k3",
        message_id: "m-d",
        order: "o3",
        error: Some("account closed"),
        laid_aside: Some("orders.dlq"),
        ..order
    };
    let old = Sent {
        key: "k4",
        message_id: "m-e",
        ago_s: 7_200,
        ..order
    };
    let mut traces = Vec::new();
    for sent in [&order, &refused, &slow, &dead, &old] {
        traces.push(sent.send(server).await);
    }
    // Rows of trouble are written behind ingest.
    wait::until("both troubled ones are listed", || async {
        let page = server.api("/journeys?state=failed,dead_lettered").await;
        (page["items"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    traces
}

/// The five by their message ids' last letters.
fn letters(page: &serde_json::Value) -> BTreeSet<char> {
    let items = page["items"].as_array().unwrap();
    let found: Vec<char> = items
        .iter()
        .map(|item| item["message"]["message_id"].as_str().unwrap())
        .map(|id| id.chars().last().unwrap())
        .collect();
    let set: BTreeSet<char> = found.iter().copied().collect();
    assert_eq!(set.len(), found.len(), "one is listed twice: {page}");
    set
}
