//! What looks like a secret leaves neither by a page nor by the API.

use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValue, KeyValueList, any_value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use waybill_tests::otlp::{self, one_message, random_id, text};
use waybill_tests::server::{ADMIN, Server};

const SECRET: &str = "hunter2";

fn nested(key: &str, value: any_value::Value) -> KeyValue {
    let mut attribute = text(key, "");
    attribute.value.as_mut().unwrap().value = Some(value);
    attribute
}

/// The secret in every place of a span that holds attributes or free text.
fn secrets() -> Vec<KeyValue> {
    let url = format!("amqp://shop:{SECRET}@broker:5672/%2f");
    let list = ArrayValue {
        values: text("", &url).value.into_iter().collect(),
    };
    let map = KeyValueList {
        values: vec![text("Authorization", SECRET), text("plain", "kept")],
    };
    vec![
        text("db.password", SECRET),
        text("session_token_id", SECRET),
        text("messaging.url", &url),
        nested("urls", any_value::Value::ArrayValue(list)),
        nested("headers", any_value::Value::KvlistValue(map)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_in_the_raw_trace_as_on_the_page() {
    let server = Server::start().await;
    let mut message = one_message("kafka", "orders", "secret-1", 4);
    let span = &mut message.producer;
    span.attributes.extend(secrets());
    span.events.push(Event {
        name: "retry".into(),
        attributes: secrets(),
        ..Default::default()
    });
    span.links.push(Link {
        trace_id: random_id::<16>(),
        span_id: random_id::<8>(),
        attributes: secrets(),
        ..Default::default()
    });
    let mut failed = message.consumer.clone();
    failed = otlp::failed(
        failed,
        "Refused",
        &format!("x://shop:{SECRET}@broker refused"),
    );
    let mut request = otlp::request("shop", vec![message.producer.clone(), failed]);
    let resource = request.resource_spans[0].resource.as_mut().unwrap();
    resource.attributes.extend(secrets());
    let scope = &mut request.resource_spans[0].scope_spans[0].scope;
    scope.as_mut().unwrap().attributes.extend(secrets());
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());

    let trace_id = hex::encode(&message.trace_id);
    let trace = server.api(&format!("/traces/{trace_id}")).await.to_string();
    assert!(!trace.contains(SECRET), "{trace}");
    for kept in [
        "amqp://••••@broker:5672/%2f",
        "x://••••@broker refused",
        "kept",
    ] {
        assert!(trace.contains(kept), "{kept}: {trace}");
    }
    let found = server.api("/journeys?key=secret-1").await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let journey = server.api(&format!("/journeys/{id}")).await.to_string();
    assert!(!journey.contains(SECRET), "{journey}");
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let (_, page) = server.page(&format!("/journeys/{id}"), &cookie).await;
    assert!(page.contains("••••@broker"), "{page}");
    assert!(!page.contains(SECRET), "{page}");

    let probed = server
        .api(&format!("/journeys?attribute=session_token_id:{SECRET}"))
        .await;
    assert_eq!(probed["items"].as_array().unwrap().len(), 0, "{probed}");
}
