//! What spans leave open real brokers settle: positions, queues, and stored messages that no span
//! tells of.

use lapin::ExchangeKind;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions};
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::Value;
use waybill_tests::brokers::Brokers;
use waybill_tests::kafka::tool;
use waybill_tests::otlp::{self, PRODUCER, text};
use waybill_tests::server::Server;
use waybill_tests::wait;

use super::kafka_lab::{TOPICS, commit};
use super::rabbitmq::Rabbit;
use super::scene::{cluster, fresh, items, serve, until};

/// A message in a topic, whether or not a span tells of it.
struct Sent<'a> {
    topic: &'a str,
    partition: i32,
    key: &'a str,
    traceparent: String,
    headers: Vec<(&'a str, Vec<u8>)>,
}

impl Sent<'_> {
    /// Its offset.
    async fn to(&self, bootstrap: &str) -> i64 {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .create()
            .unwrap();
        let mut headers = OwnedHeaders::new().insert(Header {
            key: "traceparent",
            value: Some(self.traceparent.as_bytes()),
        });
        for (key, value) in &self.headers {
            let value = Some(value.as_slice());
            headers = headers.insert(Header { key, value });
        }
        let record = FutureRecord::to(self.topic)
            .partition(self.partition)
            .key(self.key)
            .payload("{}")
            .headers(headers);
        producer.send(record, wait::PATIENCE).await.unwrap().offset
    }
}

fn traceparent(trace: &[u8], span: &[u8], flags: &str) -> String {
    format!("00-{}-{}-{flags}", hex::encode(trace), hex::encode(span))
}

fn dark(flags: &str) -> String {
    let (trace, span) = (otlp::random_id::<16>(), otlp::random_id::<8>());
    traceparent(&trace, &span, flags)
}

/// A producer's span that does not say where its message came to lie.
async fn publishes(
    server: &Server,
    system: &str,
    to: &str,
    route: Option<&str>,
) -> (String, Vec<u8>, Vec<u8>) {
    let trace = otlp::random_id::<16>();
    let mut attributes = vec![
        text("messaging.system", system),
        text("messaging.operation.type", "send"),
        text("messaging.destination.name", to),
    ];
    if let Some(route) = route {
        attributes.push(text("messaging.rabbitmq.destination.routing_key", route));
    }
    let span = otlp::a_span(&trace, &[], &format!("send {to}"), PRODUCER, attributes);
    let id = span.span_id.clone();
    let request = otlp::request("shop", vec![span]);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
    (
        format!("/journeys?trace_id={}", hex::encode(&trace)),
        trace,
        id,
    )
}

/// The one journey of a list, in full.
async fn journey(server: &Server, list: &str, what: &str, state: &str) -> Value {
    let id = until(server, what, list, |list| {
        Some(items(list).first()?["id"].as_str()?.to_owned())
    })
    .await;
    until(server, what, &format!("/journeys/{id}"), |journey| {
        (journey["state"] == state).then(|| journey.clone())
    })
    .await
}

fn kinds(journey: &Value) -> Vec<&str> {
    let evidence = journey["evidence"].as_array().unwrap().iter();
    evidence.map(|one| one["kind"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_and_stored_messages_settle_what_spans_leave_open() {
    let bootstrap = Brokers::shared().address("KAFKA_BOOTSTRAP");
    let (topic, dlt) = ("witness-orders", "witness-orders-dlt");
    for topic in [topic, dlt] {
        let arguments = [
            "--bootstrap-server",
            bootstrap,
            "--create",
            "--topic",
            topic,
        ];
        let three = ["--partitions", "3"];
        tokio::task::block_in_place(|| tool(TOPICS, &[&arguments[..], &three].concat()));
    }
    let settings = format!("bootstrap = [{bootstrap:?}]");
    let server = serve(&cluster("east", "kafka", "1s", &settings)).await;
    let sent = |partition, key, traceparent| Sent {
        topic,
        partition,
        key,
        traceparent,
        headers: Vec::new(),
    };

    let (list, trace, span) = publishes(&server, "kafka", topic, None).await;
    sent(0, "order-told", traceparent(&trace, &span, "01"))
        .to(bootstrap)
        .await;
    let unseen = sent(1, "order-unseen", dark("01")).to(bootstrap).await;
    let waiting = sent(2, "order-waiting", dark("00")).to(bootstrap).await;
    let failed = sent(1, "order-failed", dark("01")).to(bootstrap).await;
    let aside = Sent {
        topic: dlt,
        headers: vec![
            ("kafka_dlt-original-topic", topic.as_bytes().to_vec()),
            ("kafka_dlt-original-partition", 1i32.to_be_bytes().to_vec()),
            ("kafka_dlt-original-offset", failed.to_be_bytes().to_vec()),
        ],
        ..sent(0, "order-failed", dark("01"))
    };
    aside.to(bootstrap).await;
    // A span tells of its sending, and nothing of its failing.
    let (failing, trace, span) = publishes(&server, "kafka", topic, None).await;
    let offset = sent(0, "order-failing", traceparent(&trace, &span, "01"))
        .to(bootstrap)
        .await;
    let aside = Sent {
        topic: dlt,
        headers: vec![
            ("kafka_dlt-original-topic", topic.as_bytes().to_vec()),
            ("kafka_dlt-original-partition", 0i32.to_be_bytes().to_vec()),
            ("kafka_dlt-original-offset", offset.to_be_bytes().to_vec()),
        ],
        ..sent(1, "order-failing", dark("01"))
    };
    aside.to(bootstrap).await;
    commit(
        bootstrap,
        "witness-billing",
        topic,
        &[(0, offset + 1), (1, failed + 1), (2, waiting)],
    )
    .await;
    fresh(&server, "east").await;

    // Its spans tell the topic alone; the broker where it lies, and that its group is past it.
    let told = journey(&server, &list, "the published one read", "delivered").await;
    assert_eq!(told["message"]["partition"], "0");
    assert_eq!(kinds(&told), ["passed"]);
    assert_eq!(told["deliveries"][0]["group"], "witness-billing");
    assert!(told["deliveries"][0]["service"].is_null());
    assert_eq!(told["diagnosis_rule"], "read_by_broker");

    let failing = journey(&server, &failing, "the failing one", "dead_lettered").await;
    assert_eq!(failing["dead_letter"]["destination"], dlt);
    assert!(kinds(&failing).contains(&"stored"), "{failing}");

    // No span tells of these.
    // Other tests have topics here too: those with most traffic are asked first.
    let by_key = |key: &str| format!("/journeys?key={key}&destination={topic}");
    let found = journey(&server, &by_key("order-unseen"), "one by key", "delivered").await;
    assert_eq!(found["message"]["offset"], unseen);
    assert_eq!(kinds(&found), ["stored", "passed"]);
    let answer = server.api(&by_key("order-unseen")).await;
    assert!(
        answer["asked"]["destinations"].as_u64().unwrap() >= 2,
        "{answer}"
    );
    let never = server
        .api(&format!("{}&brokers=false", by_key("order-unseen")))
        .await;
    assert!(items(&never).is_empty() && never["asked"].is_null());
    let waits = journey(
        &server,
        &by_key("order-waiting"),
        "the one that waits",
        "in_flight",
    )
    .await;
    assert_eq!(kinds(&waits), ["stored", "not_passed"]);
    assert_eq!(waits["gaps"][0]["kind"], "sampled");
    assert!(waits["diagnosis"].as_str().unwrap().contains("no member"));
    let dead = journey(
        &server,
        &by_key("order-failed"),
        "the dead letter",
        "dead_lettered",
    )
    .await;
    let hops: Vec<&str> = dead["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| hop["role"].as_str().unwrap())
        .collect();
    assert_eq!(hops, ["origin", "dead_letter"]);
    assert_eq!(dead["dead_letter"]["destination"], dlt);
    assert_eq!(items(&server.api(&by_key("order-failed")).await).len(), 1);
    assert!(items(&server.api(&by_key("order-nobody")).await).is_empty());

    // It is read after all.
    commit(bootstrap, "witness-billing", topic, &[(2, waiting + 1)]).await;
    journey(
        &server,
        &by_key("order-waiting"),
        "the one that waited",
        "delivered",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_settle_what_spans_leave_open() {
    let rabbit = Rabbit::open("witness").await;
    rabbit.exchange("payments", ExchangeKind::Topic).await;
    rabbit.queue("payment", &[]).await;
    rabbit.bind("payment", "payments", "asked.*").await;
    let settings = format!(
        "management = {:?}\nuser = \"guest\"\npassword = \"guest\"\nvhosts = [{:?}]",
        rabbit.management, rabbit.vhost
    );
    let server = serve(&cluster("rabbit", "rabbitmq", "1s", &settings)).await;
    fresh(&server, "rabbit").await;
    let publish = async |key: &str| {
        let body = b"{}".as_slice();
        let options = BasicPublishOptions::default();
        let properties = lapin::BasicProperties::default();
        let confirm = rabbit
            .channel
            .basic_publish("payments".into(), key.into(), options, body, properties)
            .await
            .unwrap();
        confirm.await.unwrap();
        publishes(&server, "rabbitmq", "payments", Some(key))
            .await
            .0
    };
    let lost = publish("refund").await;
    let kept = publish("asked.card").await;
    let lost = journey(&server, &lost, "the unroutable one", "unroutable").await;
    assert!(
        lost["diagnosis"]
            .as_str()
            .unwrap()
            .contains("leads to no queue for refund")
    );
    let waits = journey(&server, &kept, "the one in the queue", "in_flight").await;
    assert_eq!(kinds(&waits), ["untouched"]);
    assert_eq!(waits["deliveries"][0]["group"], "payment");

    let got = rabbit
        .channel
        .basic_get("payment".into(), BasicGetOptions::default())
        .await
        .unwrap();
    let got = got.expect("the message");
    got.delivery.ack(BasicAckOptions::default()).await.unwrap();
    let read = journey(&server, &kept, "the one taken", "delivered").await;
    assert_eq!(kinds(&read), ["passed"]);
}
