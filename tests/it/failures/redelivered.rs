//! Second deliveries that no span calls a failure: found, and nothing else taken for one.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};
use waybill_broker::Dialects;
use waybill_server::journey::{Context, evidence, rebuild};
use waybill_store::Store;
use waybill_store::troubled::TroubledFilter;
use waybill_tests::otlp::{self, one_message, random_id, text};
use waybill_tests::server::Server;

use super::{Failing, fail, failed_attempts, send, start};
use crate::recordings::{CLIENTS, read};

/// What was sent before it has been looked at once this failure is told.
async fn looked_at(server: &Server, so_far: u64, key: &str) -> Value {
    let of = Failing {
        system: "kafka",
        destination: "sentinel",
        key,
        offset: so_far as i64,
        version: "1",
    };
    fail(server, of, "Sentinel").await;
    failed_attempts(server, so_far + 1).await
}

/// The same message, read again a second later by another instance.
fn again(first: &Span) -> Span {
    let mut span = first.clone();
    span.span_id = random_id::<8>();
    span.start_time_unix_nano += 1_000_000_000;
    span.end_time_unix_nano += 1_000_000_000;
    span
}

fn of_group(span: &Span, group: &str) -> Span {
    let mut span = again(span);
    span.attributes
        .retain(|a| a.key != "messaging.kafka.consumer.group");
    span.attributes
        .push(text("messaging.kafka.consumer.group", group));
    span
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_delivery_is_noticed_also_after_a_restart() {
    let (mut server, _) = start().await;
    let once = one_message("kafka", "orders", "once", 1);
    let twice = one_message("kafka", "orders", "twice", 2);
    let later = one_message("kafka", "orders", "later", 3);
    for message in [&once, &twice, &later] {
        send(&server, "shop", "1", vec![message.producer.clone()]).await;
        send(&server, "billing", "1", vec![message.consumer.clone()]).await;
    }
    // Two groups are two deliveries; a batch is as many messages as it links to.
    send(
        &server,
        "billing",
        "1",
        vec![of_group(&once.consumer, "mail")],
    )
    .await;
    looked_at(&server, 0, "a").await;
    send(&server, "billing", "1", vec![again(&twice.consumer)]).await;
    let list = failed_attempts(&server, 2).await;
    let items = list["items"].as_array().unwrap();
    let group = items
        .iter()
        .find(|item| item["kind"] == "evidence")
        .unwrap();
    assert_eq!(group["evidence"], "redelivered", "{list}");
    assert_eq!(group["journeys"]["delivered"], 1, "{list}");
    let id = group["id"].as_str().unwrap();
    let one = server.api(&format!("/failures/{id}")).await;
    assert_eq!(one["recent"][0]["message"]["key"], "twice", "{one}");
    let told: Vec<_> = one["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["evidence"])
        .collect();
    assert_eq!(told, [&json!("redelivered"), &Value::Null]);

    server.process().terminate();
    server.start_again().await;
    send(&server, "billing", "1", vec![again(&later.consumer)]).await;
    let list = failed_attempts(&server, 3).await;
    let items = list["items"].as_array().unwrap();
    let group = items
        .iter()
        .find(|item| item["kind"] == "evidence")
        .unwrap();
    assert_eq!(group["journeys"]["total"], 2, "{list}");
}

async fn destinations(store: &Store) -> BTreeSet<String> {
    let rows = store
        .troubled(&TroubledFilter::default(), 1_000)
        .await
        .unwrap();
    rows.into_iter()
        .filter_map(|row| row.summary.message.destination)
        .collect()
}

/// What real clients sent: rows are kept of what pages tell trouble of, and of nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn recordings_give_rows_where_something_went_wrong() {
    let (server, store) = start().await;
    let mut expected = BTreeSet::from(["sentinel".to_owned()]);
    let mut well = BTreeSet::new();
    for client in CLIENTS {
        for scenario in read::scenarios(client) {
            let spans = read::spans(client, &scenario);
            let rebuilt = rebuild(&spans, &Dialects::builtin(), &Context::default());
            for journey in &rebuilt.journeys {
                let Some(destination) = journey.message.destination.clone() else {
                    continue;
                };
                match evidence::is_exceptional(journey) {
                    true => expected.insert(destination),
                    false => well.insert(destination),
                };
            }
            for body in read::bodies(client, &scenario) {
                let (status, _) = otlp::post_bytes(&server.otlp_http, body, &[]).await;
                assert!(status.is_success(), "{client} {scenario}");
            }
        }
    }
    waybill_tests::wait::until("the sentinel is told", || async {
        let list = server.api("/failures?q=Sentinel").await;
        let told = !list["items"].as_array().unwrap().is_empty();
        if !told {
            let of = Failing {
                system: "kafka",
                destination: "sentinel",
                key: "z",
                offset: 1,
                version: "1",
            };
            fail(&server, of, "Sentinel").await;
        }
        told.then_some(())
    })
    .await;
    let found = destinations(&store).await;
    let wrong: Vec<_> = found.difference(&expected).collect();
    let missed: Vec<_> = expected.difference(&found).collect();
    assert!(wrong.is_empty(), "{wrong:?} are well");
    assert!(missed.is_empty(), "{missed:?} are in trouble");
    assert!(
        well.len() > 20 && expected.len() > 20,
        "{} {}",
        well.len(),
        expected.len()
    );
}
