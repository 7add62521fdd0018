//! Kinds of failure through the API and the pages, from spans as clients send them.

mod changes;
mod evidence;
mod lists;
mod pages;
mod redelivered;
mod sight;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use serde_json::Value;
use waybill_store::Store;
use waybill_store::testing::TestDatabase;
use waybill_tests::otlp::{self, one_message, text};
use waybill_tests::server::{Home, Server};
use waybill_tests::wait;

const OWNERS: &str = r#"
[[owner]]
match = { destination = "orders*" }
team = "order-desk"
runbook = "https://example.com/runbooks/orders"
"#;

const FRAME: &str = "shop.Charge.run(Charge.java)";

async fn start() -> (Server, Store) {
    let database = TestDatabase::new().await;
    let store = database.store().clone();
    let server = Server::start_with(Home::Shared(database), OWNERS).await;
    (server, store)
}

async fn send(server: &Server, service: &str, version: &str, spans: Vec<Span>) {
    let mut request = otlp::request(service, spans);
    let resource = request.resource_spans[0].resource.as_mut().unwrap();
    resource.attributes.push(text("service.version", version));
    let instance = text("service.instance.id", &format!("{service}-7"));
    resource.attributes.push(instance);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
}

/// With the exception that Java's agent would record.
fn thrown(span: Span, kind: &str, message: &str) -> Span {
    let mut span = otlp::failed(span, kind, "");
    let stack = format!(
        "{kind}: {message}\n\tat org.springframework.kafka.listener.X.run(X.java:1)\n\tat shop.Charge.run(Charge.java:42)\n"
    );
    span.events.push(Event {
        time_unix_nano: span.end_time_unix_nano,
        name: "exception".into(),
        attributes: vec![
            text("exception.type", kind),
            text("exception.message", message),
            text("exception.stacktrace", &stack),
        ],
        ..Default::default()
    });
    span
}

struct Failing<'a> {
    system: &'a str,
    destination: &'a str,
    key: &'a str,
    offset: i64,
    version: &'a str,
}

async fn fail(server: &Server, of: Failing<'_>, kind: &str) {
    let message = one_message(of.system, of.destination, of.key, of.offset);
    send(server, "shop", "9", vec![message.producer]).await;
    let text = format!("order {} declined", of.key);
    let consumer = thrown(message.consumer, kind, &text);
    send(server, "billing", of.version, vec![consumer]).await;
}

/// One kind on two brokers and in two versions, and another one.
async fn some_failures(server: &Server) {
    for (offset, (system, destination, version, kind)) in (0..).zip([
        ("kafka", "orders", "1.0", "shop.Declined"),
        ("kafka", "orders", "1.1", "shop.Declined"),
        ("rabbitmq", "mails", "1.1", "shop.Declined"),
        ("kafka", "orders", "1.1", "shop.Broken"),
    ]) {
        let of = Failing {
            system,
            destination,
            key: &format!("k{offset}"),
            offset,
            version,
        };
        fail(server, of, kind).await;
    }
    failed_attempts(server, 4).await;
}

/// Waits until so many failed attempts are written down.
async fn failed_attempts(server: &Server, count: u64) -> Value {
    wait::until(&format!("{count} failed attempts are told"), || async {
        let list = server.api("/failures").await;
        let items = list["items"].as_array().unwrap();
        let attempts = items.iter().map(|item| item["attempts"].as_u64().unwrap());
        (attempts.sum::<u64>() == count).then_some(list)
    })
    .await
}

fn named<'a>(list: &'a Value, kind: &str) -> &'a Value {
    let items = list["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["error_type"] == kind);
    found.unwrap_or_else(|| panic!("{kind}: {list}"))
}
