//! Two messages of one key that were finished out of order.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use waybill_tests::otlp::{self, PRODUCER, a_span, failed, one_message, text};
use waybill_tests::server::{ADMIN, Server};
use waybill_tests::wait;

const MS: u64 = 1_000_000;

/// A pair of messages: the first fails, goes over a retry destination and is finished after 10 s.
struct Pair {
    /// Of the first message.
    key: &'static str,
    second: Second,
    overtaken: bool,
}

struct Second {
    key: &'static str,
    partition: &'static str,
    group: &'static str,
    /// When it is processed, since the first was put.
    after_ms: u64,
}

fn second(key: &'static str) -> Second {
    Second {
        key,
        partition: "0",
        group: "billing",
        after_ms: 200,
    }
}

fn pairs() -> Vec<Pair> {
    let pair = |key, second, overtaken| Pair {
        key,
        second,
        overtaken,
    };
    let in_mail = Second {
        group: "mail",
        ..second("other-group")
    };
    let elsewhere = Second {
        partition: "1",
        ..second("other-partition")
    };
    let in_order = Second {
        after_ms: 15_000,
        ..second("in-order")
    };
    vec![
        pair("overtaken", second("overtaken"), true),
        pair("one-key", second("other-key"), false),
        pair("other-group", in_mail, false),
        pair("other-partition", elsewhere, false),
        pair("in-order", in_order, false),
    ]
}

fn at(mut span: Span, start: u64) -> Span {
    span.start_time_unix_nano = start;
    span.end_time_unix_nano = start + 10 * MS;
    span
}

fn with(mut span: Span, key: &str, value: &str) -> Span {
    span.attributes.retain(|attribute| attribute.key != key);
    span.attributes.push(text(key, value));
    span
}

async fn send(server: &Server, service: &str, spans: Vec<Span>) {
    let request = otlp::request(service, spans);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
}

impl Pair {
    /// The second's spans arrive first, as a consumer that is done with it sends them.
    async fn send(&self, server: &Server, offset: i64) {
        let began = otlp::now_nanos() - 60_000 * MS;
        let first = one_message("kafka", "orders", self.key, offset);
        let second = one_message("kafka", "orders", self.second.key, offset + 1);
        let partition = "messaging.destination.partition.id";
        let put = with(second.producer, partition, self.second.partition);
        let group = "messaging.kafka.consumer.group";
        let got = with(second.consumer, partition, self.second.partition);
        let got = with(got, group, self.second.group);

        let retry = |parent: &Span, operation: &str, kind: i32| {
            let attributes = vec![
                text("messaging.system", "kafka"),
                text("messaging.operation", operation),
                text("messaging.destination.name", "orders-retry"),
                text("messaging.kafka.message.key", self.key),
                text(group, "billing"),
            ];
            let name = format!("orders-retry {operation}");
            a_span(&first.trace_id, &parent.span_id, &name, kind, attributes)
        };
        let again = at(
            retry(&first.consumer, "publish", PRODUCER),
            began + 105 * MS,
        );
        let last = at(
            retry(&again, "process", otlp::CONSUMER),
            began + 10_000 * MS,
        );
        let tried = failed(first.consumer.clone(), "Declined", "card declined");

        let put_first = at(first.producer, began);
        send(server, "shop", vec![put_first, at(put, began + 20 * MS)]).await;
        let after = began + self.second.after_ms * MS;
        send(server, "billing", vec![at(got, after)]).await;
        let tried = at(tried, began + 100 * MS);
        send(server, "billing", vec![tried, again, last]).await;
    }
}

async fn declined(server: &Server, count: usize) -> Vec<Value> {
    wait::until("rows of all messages that failed first", || async {
        let list = server.api("/journeys?text=declined").await;
        let items = list["items"].as_array().unwrap().clone();
        let is_retried = |item: &Value| item["attempts"] == 2;
        (items.len() == count && items.iter().all(is_retried)).then_some(items)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_message_of_the_key_that_was_finished_first_is_told() {
    let server = Server::start().await;
    let pairs = pairs();
    for (offset, pair) in (0..).step_by(10).zip(&pairs) {
        pair.send(&server, offset).await;
    }
    let rows = declined(&server, pairs.len()).await;
    for pair in &pairs {
        let row = rows.iter().find(|row| row["message"]["key"] == pair.key);
        let row = row.unwrap_or_else(|| panic!("{} has no row", pair.key));
        let id = row["id"].as_str().unwrap();
        let journey = server.api(&format!("/journeys/{id}")).await;
        let told = journey["overtaken_by"].as_array().unwrap();
        let listed = row["overtaken_by"].as_array().unwrap();
        assert_eq!(told.len(), usize::from(pair.overtaken), "{journey}");
        assert_eq!(listed.len(), told.len(), "{row}");
        if let [one] = told.as_slice() {
            assert_eq!(one["group"], "billing");
            assert_eq!(one["journey"], listed[0]);
            let other = one["journey"].as_str().unwrap();
            let later = server.api(&format!("/journeys/{other}")).await;
            assert_eq!(later["message"]["offset"], 1, "{later}");
            let ended = &later["deliveries"][0]["attempts"][0]["ended_at"];
            assert_eq!(&one["finished_at"], ended);
            assert_eq!(later["overtaken_by"], Value::Array(Vec::new()));
        }
    }

    let list = server.api("/journeys?overtaken=true").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list}");
    assert_eq!(items[0]["message"]["key"], "overtaken");
    let (status, refused) = server
        .api_status("/journeys?overtaken=true&key=overtaken")
        .await;
    assert_eq!(status, 400, "{refused}");

    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let id = items[0]["id"].as_str().unwrap();
    let (_, page) = server.page(&format!("/journeys/{id}"), &cookie).await;
    let notice = "A later message of this key was finished before it:";
    assert!(page.contains(notice), "{page}");
    let other = items[0]["overtaken_by"][0].as_str().unwrap();
    assert!(
        page.contains(&format!("href=\"/journeys/{other}\"")),
        "{page}"
    );
    let (_, page) = server.page("/search?text=declined", &cookie).await;
    // The data of the page repeats its markup, written otherwise.
    let row = "A later message of its key was finished first.</span>";
    assert_eq!(page.matches(row).count(), 1, "{page}");
}
