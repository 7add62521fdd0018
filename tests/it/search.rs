//! Journeys through the API: every way to find one, and what is said of it.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use waybill_tests::otlp::{self, one_message, random_id};
use waybill_tests::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn every_way_leads_to_the_one_journey() {
    let server = Server::start().await;
    let message = one_message("kafka", "orders", "4711", 99);
    otlp::post(
        &server.otlp_http,
        &otlp::request("shop", vec![message.producer.clone()]),
    )
    .await;
    otlp::post(
        &server.otlp_http,
        &otlp::request("billing", vec![message.consumer.clone()]),
    )
    .await;
    let trace_id = hex::encode(&message.trace_id);
    let ways = [
        "key=4711".to_owned(),
        "attribute=order.id:4711".to_owned(),
        format!("trace_id={trace_id}"),
        "destination=orders".to_owned(),
        "state=delivered".to_owned(),
        "from=2020-01-01T00:00:00Z".to_owned(),
        "find=4711".to_owned(),
        "find=order.id%3D4711".to_owned(),
        format!("find={trace_id}"),
    ];
    let mut ids = BTreeSet::new();
    for way in ways {
        let page = server.api(&format!("/journeys?{way}")).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{way}: {page}");
        ids.insert(items[0]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1, "{ids:?}");
    let id = ids.pop_first().unwrap();
    let journey = server.api(&format!("/journeys/{id}")).await;
    assert_eq!(journey["state"], "delivered", "{journey}");
    assert_eq!(journey["message"]["offset"], 99);
    assert_eq!(journey["deliveries"][0]["group"], "billing");
    assert_eq!(
        journey["deliveries"][0]["attempts"][0]["joined_by"],
        "parent"
    );
    let total: f64 = journey["budget"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["ms"].as_f64().unwrap())
        .sum();
    assert!(
        (total - 6.0).abs() < 0.01,
        "1 ms publish, 2 ms queue, 3 ms process: {}",
        journey["budget"]
    );
    assert!(
        journey["diagnosis"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    for nothing in [
        "key=0815",
        "state=failed",
        "destination=billing",
        "to=2020-01-01T00:00:00Z",
    ] {
        let page = server.api(&format!("/journeys?{nothing}")).await;
        assert_eq!(
            page["items"].as_array().unwrap().len(),
            0,
            "{nothing}: {page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_words_are_told_with_the_near_miss() {
    let server = Server::start().await;
    for (path, hint) in [
        ("/journeys?destinaton=orders", "destination"),
        ("/journeys?state=delivred", "delivered"),
        ("/journeys?from=yesterday", "2026-11-23T20:46:03"),
        ("/journeys?limit=100000", "1000"),
    ] {
        let (status, body) = server.api_status(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
        assert_eq!(body["code"], "invalid_request", "{body}");
        assert!(body.to_string().contains(hint), "{path}: {body}");
    }
    let (status, body) = server.api_status("/journeys/c-00-11").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    let (status, body) = server.api_status("/no-such-thing").await;
    assert_eq!(
        (status, body["code"].as_str()),
        (StatusCode::NOT_FOUND, Some("not_found"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_turn_newest_first_without_loss() {
    let server = Server::start().await;
    for n in 0..25 {
        let message = one_message("kafka", "paged", &format!("p{n}"), n);
        otlp::post(
            &server.otlp_http,
            &otlp::request("shop", vec![message.producer]),
        )
        .await;
    }
    let mut keys = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server
            .api(&format!("/journeys?destination=paged&limit=10{cursor}"))
            .await;
        for item in page["items"].as_array().unwrap() {
            keys.push(item["message"]["key"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<_> = (0..25).rev().map(|n| format!("p{n}")).collect();
    assert_eq!(keys, expected);
}

/// Spans of one message come in several requests, days after they began, beside other traffic; more
/// come while somebody turns the pages.
#[tokio::test(flavor = "multi_thread")]
async fn every_journey_is_on_one_page_however_late_it_came() {
    let server = Server::start().await;
    let days_ago = 3 * 86_400 * 1_000_000_000;
    let mut later = Vec::new();
    for n in 0..12 {
        let mut message = one_message("kafka", "late", &format!("l{n}"), n);
        let elsewhere = one_message("kafka", "elsewhere", &format!("e{n}"), n);
        let mut follow_up = elsewhere.producer.clone();
        follow_up.trace_id.clone_from(&message.trace_id);
        for span in [&mut message.producer, &mut message.consumer, &mut follow_up] {
            span.start_time_unix_nano -= days_ago;
            span.end_time_unix_nano -= days_ago;
        }
        let first = vec![message.producer, elsewhere.consumer, elsewhere.producer];
        otlp::post(&server.otlp_http, &otlp::request("shop", first)).await;
        let second = vec![message.consumer];
        otlp::post(&server.otlp_http, &otlp::request("billing", second)).await;
        // Of the same trace and about another destination.
        later.push(follow_up);
    }
    let (now, during) = later.split_at(6);
    otlp::post(&server.otlp_http, &otlp::request("billing", now.to_vec())).await;
    let mut keys = Vec::new();
    let mut cursor = String::new();
    for span in during {
        let page = server
            .api(&format!("/journeys?destination=late&limit=5{cursor}"))
            .await;
        for item in page["items"].as_array().unwrap() {
            keys.push(item["message"]["key"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        otlp::post(
            &server.otlp_http,
            &otlp::request("billing", vec![span.clone()]),
        )
        .await;
    }
    keys.sort();
    let mut expected: Vec<_> = (0..12).map(|n| format!("l{n}")).collect();
    expected.sort();
    assert_eq!(keys, expected);
}

/// Spans of one message arrive in any order, and a link pasted while some were missing lives.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_given_out_early_leads_there_for_ever() {
    let server = Server::start().await;
    for (n, order) in orders_of_four().into_iter().enumerate() {
        let key = format!("early-{n}");
        let message = one_message("kafka", "orders", &key, n as i64);
        // Two instrumentations and a handler's own span tell of the same delivery.
        let mut spans = vec![message.producer, message.consumer];
        while spans.len() < 4 {
            let mut inner = spans[spans.len() - 1].clone();
            inner.parent_span_id = std::mem::replace(&mut inner.span_id, random_id::<8>());
            spans.push(inner);
        }
        let trace_id = hex::encode(&message.trace_id);
        let mut early = BTreeSet::new();
        for at in &order {
            let request = otlp::request("shop", vec![spans[*at].clone()]);
            otlp::post(&server.otlp_http, &request).await;
            let page = server.api(&format!("/journeys?trace_id={trace_id}")).await;
            for item in page["items"].as_array().unwrap() {
                early.insert(item["id"].as_str().unwrap().to_owned());
            }
        }
        let mut final_ids = BTreeSet::new();
        for id in &early {
            let (status, journey) = server.api_status(&format!("/journeys/{id}")).await;
            assert_eq!(status, StatusCode::OK, "{order:?} {id}: {journey}");
            assert_eq!(journey["state"], "delivered", "{order:?} {id}: {journey}");
            final_ids.insert(journey["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(final_ids.len(), 1, "{order:?}: {final_ids:?}");
    }
}

/// The 24 orders of 0, 1, 2 and 3.
fn orders_of_four() -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for code in 0..256 {
        let order: Vec<usize> = (0..4).map(|place| code >> (2 * place) & 3).collect();
        if order.iter().collect::<BTreeSet<_>>().len() == 4 {
            all.push(order);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_very_many_share_is_walked_without_loss() {
    const MESSAGES: usize = 1_200;
    let server = Server::start().await;
    for part in 0..MESSAGES / 60 {
        let (mut puts, mut gets) = (Vec::new(), Vec::new());
        for at in 0..60 {
            let offset = (part * 60 + at) as i64;
            let message = one_message("kafka", "orders", "everybody", offset);
            puts.push(message.producer);
            gets.push(message.consumer);
        }
        otlp::post(&server.otlp_http, &otlp::request("shop", puts)).await;
        otlp::post(&server.otlp_http, &otlp::request("billing", gets)).await;
    }
    for (word, limit) in [
        ("attribute=order.id:everybody", 70),
        ("key=everybody", 1_000),
    ] {
        let mut offsets = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server
                .api(&format!("/journeys?{word}&limit={limit}{cursor}"))
                .await;
            assert!(page.get("truncated").is_none(), "{word}");
            let items = page["items"].as_array().unwrap();
            offsets.extend(
                items
                    .iter()
                    .map(|item| item["message"]["offset"].as_u64().unwrap()),
            );
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(offsets.len(), MESSAGES, "{word}: none twice");
        let all: BTreeSet<u64> = offsets.into_iter().collect();
        assert_eq!(all.len(), MESSAGES, "{word}: none left out");
    }
}
