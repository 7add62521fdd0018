//! Prices by a scripted management API: kinds, limits, versions, and answers about nothing.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::observe_tests::at;
use super::super::super::peer::{Answer, Peer};
use crate::adapter::{Reason, Refused};
use crate::browse::{Ask, Budget, Price, Shelf, Start};

const PATIENCE: Duration = Duration::from_secs(20);

fn shelf(name: &str) -> Shelf {
    Shelf {
        namespace: Some("/".into()),
        name: name.into(),
    }
}

async fn asked(queue: Value, version: &'static str, name: &str) -> (Peer, Result<Price, Refused>) {
    let peer = Peer::start(move |target| {
        let path = target.split('?').next().unwrap_or_default();
        if path.starts_with("/api/queues/%2F/") && queue["name"] != Value::Null {
            return Answer::json(queue.to_string());
        }
        match path {
            "/api/overview" => Answer::json(json!({"rabbitmq_version": version}).to_string()),
            "/api/exchanges/%2F/orders" => Answer::json(r#"{"name":"orders"}"#),
            _ => Answer::Http(404, "", br#"{"error":"Object Not Found"}"#.to_vec()),
        }
    })
    .await;
    let cluster = at(&peer);
    let price = cluster
        .browse()
        .unwrap()
        .price(&shelf(name), PATIENCE)
        .await;
    (peer, price)
}

fn quorum(more: Value) -> Value {
    let mut queue = json!({"name": "q", "vhost": "/", "type": "quorum", "messages_ready": 3,
        "messages_unacknowledged": 1, "arguments": {}, "effective_policy_definition": {}});
    let queue_fields = queue.as_object_mut().unwrap();
    queue_fields.extend(more.as_object().unwrap().clone());
    queue
}

async fn cost(queue: Value, version: &'static str) -> String {
    match asked(queue, version, "q").await.1 {
        Ok(Price::Disturbs { cost, instead }) => {
            assert!(instead.contains("stream"), "{instead}");
            cost
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_quorum_queue_is_priced_by_its_own_limit() {
    let by_argument = quorum(json!({"arguments": {"x-delivery-limit": 2,
        "x-dead-letter-exchange": "dlx"}}));
    let told = cost(by_argument, "3.10.8").await;
    assert!(
        told.contains("more than 2 a message is dead-lettered to \"dlx\""),
        "{told}"
    );
    assert!(told.contains("4 messages lie there"), "{told}");
    let by_policy = quorum(json!({"effective_policy_definition": {"delivery-limit": 5}}));
    let told = cost(by_policy, "4.1.0").await;
    assert!(told.contains("more than 5 a message is dropped"), "{told}");
    let told = cost(quorum(json!({})), "4.0.3").await;
    assert!(told.contains("more than 20, the default,"), "{told}");
    let told = cost(quorum(json!({})), "3.13.1").await;
    assert!(told.contains("no limit"), "{told}");
    let none = quorum(json!({"arguments": {"x-delivery-limit": -1}}));
    let told = cost(none, "4.0.3").await;
    assert!(told.contains("no limit"), "{told}");
    let told = cost(quorum(json!({})), "").await;
    assert!(told.contains("not known"), "{told}");
}

#[tokio::test]
async fn other_queues_say_what_a_look_does_to_them() {
    let classic = json!({"name": "q", "vhost": "/", "type": "classic", "exclusive": true,
        "arguments": {"x-single-active-consumer": true}});
    let told = cost(classic, "3.10.8").await;
    assert!(told.contains("redelivered"), "{told}");
    assert!(told.contains("exclusive"), "{told}");
    assert!(told.contains("single active consumer"), "{told}");
    let hostile = json!({"name": "q", "vhost": "/", "type": "q\u{1b}[2J"});
    let told = cost(hostile, "3.10.8").await;
    assert!(
        told.contains("not known") && !told.contains('\u{1b}'),
        "{told}"
    );
}

#[tokio::test]
async fn what_holds_nothing_is_not_there() {
    for (name, detail) in [
        ("orders", "is an exchange"),
        ("nobody", "no queue \"nobody\""),
    ] {
        let refused = asked(json!({}), "3.10.8", name).await.1.unwrap_err();
        assert_eq!(refused.reason, Reason::NotThere);
        assert!(refused.detail.contains(detail), "{refused}");
    }
    // Such names would lead to another path.
    for name in ["..", ".", ""] {
        let (peer, told) = asked(quorum(json!({})), "3.10.8", name).await;
        assert_eq!(told.unwrap_err().reason, Reason::NotThere);
        assert_eq!(peer.asked(), [""; 0]);
    }
}

#[tokio::test]
async fn names_stay_inside_of_their_path() {
    let (peer, _) = asked(json!({}), "3.10.8", "a/../b?c#d%2e").await;
    assert_eq!(
        peer.asked()[0].split('?').next().unwrap(),
        "GET /api/queues/%2F/a%2F..%2Fb%3Fc%23d%252e"
    );
}

#[tokio::test]
async fn reading_a_queue_is_refused_with_its_price() {
    let peer = Peer::start(move |target| match target.contains("/queues/") {
        true => Answer::json(quorum(json!({})).to_string()),
        false => Answer::json(r#"{"rabbitmq_version":"4.0.0"}"#),
    })
    .await;
    let cluster = at(&peer);
    let ask = Ask {
        shelf: shelf("q"),
        partition: None,
        start: Start::Earliest,
        budget: Budget {
            bytes: 1000,
            time: PATIENCE,
        },
        linger: Duration::ZERO,
    };
    let browse = cluster.browse().unwrap();
    let refused = browse
        .read(&ask, &mut |_| ControlFlow::Continue(()))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Reason::Disturbs);
    assert!(refused.detail.contains("x-delivery-count"), "{refused}");
    assert!(refused.hint.contains("stream"), "{refused}");
    assert!(peer.asked().iter().all(|asked| asked.starts_with("GET ")));
}
