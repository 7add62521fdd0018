//! Messages of real RocketMQ clients without OpenTelemetry, followed by the trace that they write to
//! their broker.

use serde_json::{Value, json};
use waybill_tests::rocketmq::{Kind, Rocket};
use waybill_tests::rocketmq_client::Client;
use waybill_tests::server::Server;

use super::scene::{cluster, fresh, items, serve, until};

const TOPIC: &str = "traced-payments";
const GROUP: &str = "traced-points";
const PAYER: &str = "traced-payer";

struct Sent {
    /// They write their trace some seconds late, and none when they are killed.
    _clients: [Client; 2],
    /// Tried twice, the second time with success.
    healed: String,
    /// Given up after two tries.
    dead: String,
}

/// All that is sent was tried when this returns.
fn traffic() -> Sent {
    let site = Rocket::shared().site();
    site.topic(TOPIC, 1, Kind::Normal);
    site.group(GROUP, 1);
    let namesrv = format!("namesrv={}", site.namesrv);
    let group = format!("group={PAYER}");
    let mut payer = Client::start(&["produce", &namesrv, &group, "trace=true"]);
    let mut send = |key: &str| {
        let line = format!("send topic={TOPIC} keys={key} tags=paid");
        payer.ask(&line, "sent")["id"].as_str().unwrap().to_owned()
    };
    let (group, topic) = (format!("group={GROUP}"), format!("topic={TOPIC}"));
    let words = [
        "push",
        &namesrv,
        &group,
        &topic,
        "retries=1",
        "behave=later",
        "trace=true",
    ];
    let mut points = Client::start(&words);
    let dead = send("order-dead");
    points.until("the last try", |event| event["attempt"] == 2);
    let healed = send("order-healed");
    points.until("a first try", |event| {
        event["id"] == *healed && event["attempt"] == 1
    });
    points.tell("behave ok");
    points.until("a second try", |event| {
        event["id"] == *healed && event["attempt"] == 2
    });
    Sent {
        _clients: [payer, points],
        healed,
        dead,
    }
}

async fn journey(server: &Server, search: &str, tries: usize) -> Value {
    let tried = |journey: &Value| {
        let deliveries = journey["deliveries"].as_array().unwrap().iter();
        deliveries
            .map(|one| one["attempts"].as_array().unwrap().len())
            .sum::<usize>()
            == tries
    };
    let found = until(server, "one journey", search, |list| {
        let [one] = items(list) else { return None };
        Some(one["id"].as_str().unwrap().to_owned())
    })
    .await;
    until(
        server,
        "its tries",
        &format!("/journeys/{found}"),
        |journey| tried(journey).then(|| journey.clone()),
    )
    .await
}

fn told(journey: &Value) -> Value {
    let delivery = &journey["deliveries"][0];
    let attempts = delivery["attempts"].as_array().unwrap().iter();
    let attempts: Vec<Value> = attempts
        .map(|attempt| json!([attempt["n"], attempt["outcome"], attempt["joined_by"]]))
        .collect();
    json!({
        "producer": journey["producer"]["service"],
        "destination": journey["message"]["destination"],
        "cluster": journey["message"]["cluster"],
        "key": journey["message"]["key"],
        "group": delivery["group"],
        "attempts": attempts,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_opentelemetry_is_followed_by_its_own_trace() {
    let site = tokio::task::block_in_place(|| Rocket::shared().site());
    let settings = format!("namesrv = [{:?}]", site.namesrv);
    let server = serve(&cluster("payments", "rocketmq", "1s", &settings)).await;
    fresh(&server, "payments").await;
    let sent = tokio::task::block_in_place(traffic);

    let healed = journey(&server, &format!("/journeys?message_id={}", sent.healed), 2).await;
    let expected = |key: &str, last: &str| {
        json!({
            "producer": PAYER,
            "destination": TOPIC,
            "cluster": "payments",
            "key": key,
            "group": GROUP,
            "attempts": [[1, "failed", "native_trace"], [2, last, "native_trace"]],
        })
    };
    assert_eq!(told(&healed), expected("order-healed", "ok"));
    assert_eq!(healed["state"], "delivered");

    // Its key leads there as well; that it was given up the broker tells.
    let dead = journey(&server, "/journeys?key=order-dead", 2).await;
    assert_eq!(dead["message"]["message_id"], *sent.dead);
    assert_eq!(told(&dead), expected("order-dead", "failed"));
    let path = format!("/journeys/{}", dead["id"].as_str().unwrap());
    let dead = until(&server, "the dead letter", &path, |journey| {
        (journey["state"] == "dead_lettered").then(|| journey.clone())
    })
    .await;
    assert_eq!(dead["dead_letter"]["destination"], format!("%DLQ%{GROUP}"));

    // Of what the trace itself is sent by there is no journey.
    let own = server.api("/destinations?q=RMQ_SYS_TRACE_TOPIC").await;
    let internal = items(&own)
        .iter()
        .filter(|one| one["published_per_s"] != 0.0);
    assert_eq!(internal.count(), 0, "{own}");
}
