//! Looking into a real RabbitMQ: queues are refused and stay as they were, streams are read twice
//! and stay as they were.

use std::ops::ControlFlow;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;
use waybill_broker::adapter::{Cluster, Reason, Refused};
use waybill_broker::browse::{Ask, Budget, Ended, Price, Read, Shelf, Start, Stored};
use waybill_broker::conformance;
use waybill_tests::wait;

use super::rabbitmq::{PATIENCE, Rabbit, number, text};

const COUNT: i64 = 40;

fn shelf(rabbit: &Rabbit, name: &str) -> Shelf {
    Shelf {
        namespace: Some(rabbit.vhost.clone()),
        name: name.to_owned(),
    }
}

fn ask(rabbit: &Rabbit, name: &str, start: Start) -> Ask {
    Ask {
        shelf: shelf(rabbit, name),
        partition: None,
        start,
        budget: Budget {
            bytes: 64 * 1024 * 1024,
            time: PATIENCE,
        },
        linger: Duration::ZERO,
    }
}

async fn read(cluster: &dyn Cluster, ask: &Ask) -> Result<(Vec<Stored>, Read), Refused> {
    let mut kept = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        ControlFlow::Continue(())
    };
    let read = cluster.browse().unwrap().read(ask, &mut keep).await?;
    Ok((kept, read))
}

async fn publish(rabbit: &Rabbit, queue: &str, body: &str) {
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), text("one"));
    headers.insert("attempt".into(), AMQPValue::LongInt(3));
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_message_id(format!("id {body}").into())
        .with_timestamp(1_700_000_000)
        .with_headers(headers);
    let confirm = rabbit
        .channel
        .basic_publish(
            "".into(),
            queue.into(),
            BasicPublishOptions::default(),
            body.as_bytes(),
            properties,
        )
        .await
        .unwrap();
    confirm.await.unwrap();
}

/// As rabbitmqctl tells it: messages, consumers, and what was delivered and not acknowledged.
async fn figures(rabbit: &Rabbit, name: &str) -> String {
    let columns = ["name", "messages", "messages_unacknowledged", "consumers"];
    let arguments = [&["list_queues", "-p", &rabbit.vhost][..], &columns].concat();
    let told = rabbit.ctl(&arguments).await;
    let line = told.lines().find(|line| line.starts_with(name)).unwrap();
    line.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_refused_with_its_price_and_not_touched() {
    let rabbit = Rabbit::open("priced").await;
    let quorum = [
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", number(2)),
    ];
    rabbit.queue("limited", &quorum).await;
    rabbit.queue("plain", &[]).await;
    for queue in ["limited", "plain"] {
        publish(&rabbit, queue, "kept").await;
    }
    let cluster = rabbit.cluster(json!({}));
    for (queue, words) in [("limited", "more than 2"), ("plain", "redelivered")] {
        for _ in 0..3 {
            let shelf = shelf(&rabbit, queue);
            let refused = conformance::disturbs(cluster.as_ref(), &shelf, PATIENCE)
                .await
                .unwrap();
            assert!(refused.detail.contains(words), "{refused}");
        }
        // Three looks by delivery would have moved it to the limit.
        let options = BasicGetOptions { no_ack: true };
        let got = rabbit.channel.basic_get(queue.into(), options).await;
        let got = got.unwrap().unwrap();
        assert!(!got.delivery.redelivered, "{queue}");
        let headers = got.delivery.properties.headers().as_ref().unwrap();
        let count = headers.inner().get("x-delivery-count");
        assert!(
            count.is_none_or(|count| *count == AMQPValue::LongLongInt(0)),
            "{queue}: {count:?}"
        );
    }
    for (name, words) in [("amq.topic", "is an exchange"), ("nobody", "no queue")] {
        let asked = ask(&rabbit, name, Start::Earliest);
        let refused = read(cluster.as_ref(), &asked).await.unwrap_err();
        assert_eq!(refused.reason, Reason::NotThere);
        assert!(refused.detail.contains(words), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_read_as_often_as_one_likes() {
    let rabbit = Rabbit::open("streamed").await;
    rabbit
        .queue("orders", &[("x-queue-type", text("stream"))])
        .await;
    for n in 0..COUNT {
        publish(&rabbit, "orders", &format!("order {n}")).await;
    }
    let cluster = rabbit.cluster(json!({}));
    let cluster = cluster.as_ref();
    let orders = shelf(&rabbit, "orders");
    wait::until("the broker counts what the stream holds", || async {
        let price = cluster.browse().unwrap().price(&orders, PATIENCE).await;
        let all = Some(COUNT as u64);
        matches!(price, Ok(Price::Free { messages, .. }) if messages == all).then_some(())
    })
    .await;
    let before = figures(&rabbit, "orders").await;

    let all = conformance::reads(cluster, &orders, PATIENCE)
        .await
        .unwrap();
    assert_eq!(all.len() as i64, COUNT);
    for (n, message) in all.iter().enumerate() {
        let body = format!("order {n}");
        assert_eq!(message.offset, n as i64);
        assert_eq!(message.value.as_deref(), Some(body.as_bytes()));
        assert_eq!(message.at.unwrap().unix_millis(), 1_700_000_000_000);
        let headers: Vec<(&str, &[u8])> = message
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref().unwrap()))
            .collect();
        assert_eq!(headers, [("attempt", &b"3"[..]), ("traceparent", b"one")]);
        for (name, value) in [
            ("content_type", "application/json".to_owned()),
            ("message_id", format!("id {body}")),
            ("routing_key", "orders".to_owned()),
        ] {
            assert!(message.properties.contains(&(name, value)), "{message:?}");
        }
    }
    let (newest, _) = read(cluster, &ask(&rabbit, "orders", Start::Newest(5)))
        .await
        .unwrap();
    let offsets: Vec<i64> = newest.iter().map(|message| message.offset).collect();
    assert_eq!(offsets, [35, 36, 37, 38, 39]);
    // Of a reader that is gone the broker's figures tell for a moment longer.
    let began = std::time::Instant::now();
    wait::until("the readers are gone", || async {
        let now = figures(&rabbit, "orders").await;
        assert!(
            now == before || began.elapsed() < PATIENCE,
            "{now} in place of {before}"
        );
        (now == before).then_some(())
    })
    .await;
    a_tail_sees_what_comes_later(&rabbit, cluster).await;
}

async fn a_tail_sees_what_comes_later(rabbit: &Rabbit, cluster: &dyn Cluster) {
    let mut tail = ask(rabbit, "orders", Start::Newest(1));
    tail.linger = PATIENCE;
    let (come, mut newest) = tokio::sync::mpsc::channel(1);
    let mut kept: Vec<Stored> = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        match kept.len() {
            2 => ControlFlow::Break(()),
            _ => {
                come.try_send(()).unwrap();
                ControlFlow::Continue(())
            }
        }
    };
    let reading = cluster.browse().unwrap().read(&tail, &mut keep);
    let publishing = async {
        newest.recv().await.unwrap();
        publish(rabbit, "orders", "late").await;
    };
    let (read, ()) = tokio::join!(reading, publishing);
    assert_eq!(read.unwrap().ended, Ended::Enough);
    assert_eq!(kept[1].value.as_deref(), Some(&b"late"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_a_stream_is_told_the_command_that_lets_him() {
    let rabbit = Rabbit::open("it's shut").await;
    let name = "orders (new).1";
    rabbit
        .queue(name, &[("x-queue-type", text("stream"))])
        .await;
    publish(&rabbit, name, "one").await;
    let user = format!("user {}", rabbit.vhost);
    rabbit.ctl(&["add_user", &user, "s3cret"]).await;
    rabbit.ctl(&["set_user_tags", &user, "monitoring"]).await;
    let amqp = rabbit.plain_amqp();
    let cluster = rabbit.cluster(json!({"amqp": amqp, "user": user, "password": "s3cret"}));
    let asked = ask(&rabbit, name, Start::Earliest);
    // First into the virtual host, then to this one queue.
    for _ in 0..2 {
        let refused = read(cluster.as_ref(), &asked).await.unwrap_err();
        assert_eq!(refused.reason, Reason::Forbidden, "{refused}");
        rabbit.paste(&refused.hint).await;
    }
    let (messages, _) = read(cluster.as_ref(), &asked).await.unwrap();
    assert_eq!(messages.len(), 1);
    let without = rabbit.cluster(json!({"amqp": [], "user": "guest", "password": "guest"}));
    let refused = read(without.as_ref(), &asked).await.unwrap_err();
    assert!(refused.hint.contains("amqp"), "{refused}");
    let wrong = rabbit.cluster(json!({
        "amqp": rabbit.plain_amqp().replace("amqp://", "amqp://nobody:opensesame@"),
    }));
    let refused = read(wrong.as_ref(), &asked).await.unwrap_err();
    assert!(
        !format!("{refused:?}").contains("opensesame"),
        "{refused:?}"
    );
}
