use std::collections::BTreeSet;

use reqwest::StatusCode;
use waybill_server::clock;
use waybill_tests::server::Server;

use super::{five, letters};

/// What a word finds alone; together they find what all of them find.
fn words(traces: &[String]) -> Vec<Vec<(String, &'static str)>> {
    let hour_ago = clock::now().plus_ms(-3_600_000).to_string();
    let later = clock::now().plus_ms(-3_000_000).to_string();
    let said = |word: &str, found| (word.to_owned(), found);
    vec![
        vec![
            said("destination=orders", "abde"),
            said("destination=mails", "c"),
            said("destination=orders.dlq", "d"),
        ],
        vec![said("service=shop", "abde"), said("service=mailer", "c")],
        vec![said("group=billing", "abde")],
        vec![
            said("attribute=order.id:o1", "abe"),
            said("attribute=order.id:o2", "c"),
        ],
        vec![said("key=k1", "ac"), said("key=k2", "b")],
        vec![said("message_id=m-a", "a")],
        vec![(format!("trace_id={}", traces[1]), "b")],
        vec![said("text=FUNDS", "b"), said("text=closed", "d")],
        vec![
            said("state=delivered", "ace"),
            said("state=failed,dead_lettered", "bd"),
            said("state=failed,delivered", "abce"),
        ],
        vec![said("min_ms=1000", "c")],
        vec![said("max_ms=1000", "abde")],
        vec![(format!("from={hour_ago}"), "abcd")],
        vec![(format!("to={later}"), "e")],
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_two_words_find_what_both_find() {
    let server = Server::start().await;
    let traces = five(&server).await;
    let kinds = words(&traces);
    for (at, kind) in kinds.iter().enumerate() {
        for (word, alone) in kind {
            check(&server, &[word], &[alone]).await;
            for (other, found) in kinds[at + 1..].iter().flatten() {
                check(&server, &[word, other], &[alone, found]).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_words_find_what_all_of_them_find() {
    let server = Server::start().await;
    let traces = five(&server).await;
    let kinds = words(&traces);
    let mut seed = 0x5eed_u64;
    println!("seed {seed:#x}");
    let mut choose = |of: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % of
    };
    for _ in 0..80 {
        let mut chosen: Vec<&(String, &str)> = Vec::new();
        for kind in &kinds {
            if choose(3) == 0 {
                chosen.push(&kind[choose(kind.len())]);
            }
        }
        let words: Vec<&String> = chosen.iter().map(|(word, _)| word).collect();
        let found: Vec<&&str> = chosen.iter().map(|(_, found)| found).collect();
        check(&server, &words, &found).await;
    }
}

async fn check(server: &Server, words: &[&String], found: &[&&str]) {
    let query = words
        .iter()
        .map(|w| w.as_str())
        .collect::<Vec<_>>()
        .join("&");
    let mut expected: BTreeSet<char> = "abcde".chars().collect();
    expected.retain(|letter| found.iter().all(|found| found.contains(*letter)));
    let page = server.api(&format!("/journeys?{query}")).await;
    assert_eq!(letters(&page), expected, "{query}");
    assert!(page["next"].is_null(), "{query}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_do_not_fit_are_named() {
    let server = Server::start().await;
    for (query, hint) in [
        ("servce=shop", "servce: did you mean service?"),
        ("maxms=1", "maxms: did you mean max_ms?"),
        ("state=failed,delivred", "did you mean delivered?"),
        ("min_ms=2&max_ms=1", "min_ms: is not more than max_ms."),
        ("find=k1&key=k1", "give it alone"),
        ("trace_id=xyz&key=k1", "32 hexadecimal digits"),
    ] {
        let (status, body) = server.api_status(&format!("/journeys?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {body}");
        let told = body["hint"].as_str().unwrap();
        assert!(told.contains(hint), "{query}: {told}");
    }
}
