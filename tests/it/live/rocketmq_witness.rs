//! Messages of a real RocketMQ that no span tells of: found by the brokers' index, and told as far as
//! brokers know.

use serde_json::Value;
use waybill_tests::rocketmq::{Kind, Rocket, Site};
use waybill_tests::rocketmq_wire::call;
use waybill_tests::server::Server;

use super::scene::{cluster, fresh, items, serve, until};

const TOPIC: &str = "witness-payments";
const GROUP: &str = "witness-points";
const DEAD: &str = "%DLQ%witness-points";

fn id(name: &str) -> String {
    format!("{:0>32}", hex::encode_upper(name))
}

fn send(site: &Site, name: &str) -> i64 {
    let properties = format!(
        "KEYS\u{1}{name} customer-{name}\u{2}UNIQ_KEY\u{1}{}\u{2}TAGS\u{1}paid\u{2}",
        id(name)
    );
    site.send(TOPIC, 0, &properties, name.as_bytes())
}

/// As a consumer that gives up: to the dead letters at once.
fn lay_aside(site: &Site, name: &str) {
    let fields = [
        ("topic", TOPIC),
        ("key", name),
        ("maxNum", "1"),
        ("beginTimestamp", "0"),
        ("endTimestamp", "9999999999999"),
    ];
    let deadline = std::time::Instant::now() + waybill_tests::wait::PATIENCE;
    let found = loop {
        let found = call(&site.broker, 12, &fields, b"").unwrap();
        if found.code == 0 {
            break found;
        }
        assert!(std::time::Instant::now() < deadline, "{found:?}");
    };
    // The eighth field of a stored message is where it lies in the log.
    let log_offset = i64::from_be_bytes(found.body[28..36].try_into().unwrap());
    let fields = [
        ("group", GROUP),
        ("originTopic", TOPIC),
        ("offset", &log_offset.to_string()),
        ("delayLevel", "-1"),
        ("maxReconsumeTimes", "16"),
    ];
    let answer = call(&site.broker, 36, &fields, b"").unwrap();
    assert_eq!(answer.code, 0, "{answer:?}");
}

fn commit(site: &Site, offset: i64) {
    let fields = [
        ("consumerGroup", GROUP),
        ("topic", TOPIC),
        ("queueId", "0"),
        ("commitOffset", &offset.to_string()),
    ];
    let answer = call(&site.broker, 15, &fields, b"").unwrap();
    assert_eq!(answer.code, 0, "{answer:?}");
}

/// The one journey that a search finds, in full, once it is in this state.
async fn journey(server: &Server, search: &str, state: &str) -> Value {
    let found = until(server, state, search, |list| {
        let is_it = |item: &&Value| item["state"] == state;
        items(list).iter().find(is_it).cloned()
    })
    .await;
    let path = format!("/journeys/{}", found["id"].as_str().unwrap());
    until(server, state, &path, |journey| {
        (journey["state"] == state).then(|| journey.clone())
    })
    .await
}

fn roles(journey: &Value) -> Vec<&str> {
    let hops = journey["hops"].as_array().unwrap().iter();
    hops.map(|hop| hop["role"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_by_key_or_id_finds_what_no_span_tells_of() {
    let site = tokio::task::block_in_place(|| {
        let site = Rocket::shared().site();
        site.topic(TOPIC, 1, Kind::Normal);
        site.group(GROUP, 2);
        // What a reading of the whole topic would have to pass by.
        for _ in 0..200 {
            site.send(TOPIC, 0, "", &[b'x'; 10_000]);
        }
        send(&site, "payment-dead");
        let seen = send(&site, "payment-seen");
        lay_aside(&site, "payment-dead");
        commit(&site, seen + 1);
        site
    });
    let waiting = tokio::task::block_in_place(|| send(&site, "payment-waits"));
    let settings = format!("namesrv = [{:?}]", site.namesrv);
    let server = serve(&cluster("payments", "rocketmq", "1s", &settings)).await;
    fresh(&server, "payments").await;

    let by_key = |key: &str| format!("/journeys?key={key}&destination={TOPIC}");
    let dead = journey(&server, &by_key("payment-dead"), "dead_lettered").await;
    assert_eq!(roles(&dead), ["origin", "dead_letter"]);
    assert_eq!(dead["dead_letter"]["destination"], DEAD);
    assert_eq!(dead["message"]["message_id"], id("payment-dead"));
    assert_eq!(dead["message"]["partition"], "broker-a:0");
    let answer = server.api(&by_key("payment-dead")).await;
    assert_eq!(items(&answer).len(), 1, "{answer}");
    // By the index: two megabytes lie there.
    let bytes = answer["asked"]["bytes"].as_u64().unwrap();
    assert!(bytes < 50_000, "{answer}");
    // Any of its keys leads to it, and both of its ids.
    let other = journey(&server, &by_key("customer-payment-dead"), "dead_lettered").await;
    assert_eq!(other["id"], dead["id"]);
    let by_id = format!("/journeys?message_id={}", id("payment-dead"));
    let other = journey(&server, &by_id, "dead_lettered").await;
    assert_eq!(other["id"], dead["id"]);

    // A group's position says what became of the others.
    let seen = journey(&server, &by_key("payment-seen"), "delivered").await;
    assert_eq!(seen["deliveries"][0]["group"], GROUP);
    let waits = journey(&server, &by_key("payment-waits"), "in_flight").await;
    assert_eq!(waits["message"]["offset"], waiting);
    let none = server.api(&by_key("payment-nobody")).await;
    assert!(items(&none).is_empty(), "{none}");
    assert_eq!(none["asked"]["not_whole"], 0, "{none}");
}
