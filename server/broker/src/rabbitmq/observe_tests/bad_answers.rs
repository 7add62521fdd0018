//! What a broken, hostile or wrong peer does, and how each is named.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use waybill_model::topology::Why;

use super::{PATIENCE, at, cluster, healthy};
use crate::adapter::{Reason, Refused};
use crate::rabbitmq::peer::{Answer, Peer};

async fn refused(whoami: Answer) -> Refused {
    let peer = Peer::start(healthy(&[("whoami", whoami)])).await;
    let cluster = at(&peer);
    let error = cluster
        .observe()
        .unwrap()
        .topology(PATIENCE)
        .await
        .unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert!(!error.hint.is_empty());
    error
}

fn not_authorised(reason: &str) -> Answer {
    let body = json!({"error": "not_authorised", "reason": reason}).to_string();
    Answer::Http(401, "content-type: application/json\r\n", body.into_bytes())
}

#[tokio::test]
async fn each_wrong_answer_has_its_own_name() {
    let html = Answer::Http(200, "content-type: text/html\r\n", b"<html>".to_vec());
    let unlabelled = Answer::json(*b" <!doctype html>");
    let redirect = Answer::Http(
        302,
        "location: https://login.example/?token=hunter2\r\n",
        Vec::new(),
    );
    let cut = Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"name\"".to_vec());
    let told_large =
        Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec());
    for (answer, reason, word) in [
        (
            not_authorised("Login failed"),
            Reason::WrongCredentials,
            "Login failed",
        ),
        (
            Answer::Http(401, "", Vec::new()),
            Reason::WrongCredentials,
            "user",
        ),
        (
            not_authorised("Not management user"),
            Reason::Forbidden,
            "Not management user",
        ),
        (
            Answer::Http(403, "", Vec::new()),
            Reason::Forbidden,
            "refuses",
        ),
        (
            Answer::Http(404, "", Vec::new()),
            Reason::NotThisProtocol,
            "path",
        ),
        (
            Answer::Http(500, "", b"boom".to_vec()),
            Reason::BadAnswer,
            "500",
        ),
        (
            Answer::Http(204, "", Vec::new()),
            Reason::BadAnswer,
            "cut short",
        ),
        (html, Reason::NotThisProtocol, "page"),
        (unlabelled, Reason::NotThisProtocol, "page"),
        (redirect, Reason::NotThisProtocol, "login.example"),
        (cut, Reason::BadAnswer, "cut short"),
        (told_large, Reason::BadAnswer, "larger than"),
        (
            Answer::json(*b"{\"name\": 1"),
            Reason::BadAnswer,
            "cut short",
        ),
        (Answer::json(*b"5"), Reason::BadAnswer, "cannot be read"),
        (
            Answer::json("[".repeat(100_000)),
            Reason::BadAnswer,
            "cannot be read",
        ),
        (
            Answer::Raw(b"AMQP\x00\x00\x09\x01".to_vec()),
            Reason::NotThisProtocol,
            "HTTP",
        ),
        (
            Answer::Raw(Vec::new()),
            Reason::NotThisProtocol,
            "closes the connection",
        ),
    ] {
        let error = refused(answer).await;
        assert_eq!(error.reason, reason, "{error:?}");
        assert!(error.detail.contains(word), "{word}: {error:?}");
    }
}

#[tokio::test]
async fn who_has_answered_before_is_away_and_nothing_else() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let peer = Peer::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::json(*b"[]"),
        _ => Answer::Raw(Vec::new()),
    })
    .await;
    let url = format!("http://127.0.0.1:{}", peer.port);
    let cluster = cluster(json!({"management": url, "user": "u", "password": "p"}));
    let observe = cluster.observe().unwrap();
    observe.readings(PATIENCE).await.unwrap();
    let error = observe.readings(PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Unreachable, "{error:?}");
    assert!(error.hint.contains("answered here before"), "{error:?}");
}

#[tokio::test]
async fn nobody_there() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("http://127.0.0.1:{port}");
    let cluster = cluster(json!({"management": url, "user": "u", "password": "p"}));
    let error = cluster
        .observe()
        .unwrap()
        .readings(PATIENCE)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::Unreachable, "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_is_left_at_the_cap() {
    let peer = Peer::start(healthy(&[("queues", Answer::Endless)])).await;
    let cluster = cluster(json!({
        "management": format!("http://127.0.0.1:{}", peer.port), "user": "u", "password": "p",
        "limits": {"answer_bytes": 1_000_000},
    }));
    let observe = cluster.observe().unwrap();
    let error = observe.readings(PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::BadAnswer);
    assert!(error.detail.contains("1000000 bytes"), "{error}");
    // The rest of the topology is told, and what is not.
    let topology = observe.topology(PATIENCE).await.unwrap();
    assert_eq!(topology.nodes.len(), 1);
    let unknown = topology.unknown.iter().find(|u| u.member == "destinations");
    assert_eq!(unknown.unwrap().why, Why::Failed);
}

#[tokio::test]
async fn silence_ends_with_the_patience() {
    let peer = Peer::start(healthy(&[("queues", Answer::Silence)])).await;
    let cluster = at(&peer);
    let patience = Duration::from_millis(300);
    let began = Instant::now();
    let error = cluster
        .observe()
        .unwrap()
        .readings(patience)
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::TooSlow);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn credentials_that_end_midway_end_the_reading() {
    let script = healthy(&[]);
    let turn = AtomicU32::new(0);
    let peer = Peer::start(move |target| {
        if turn.fetch_add(1, Ordering::SeqCst) >= 4 {
            return not_authorised("Login failed");
        }
        script(target)
    })
    .await;
    let cluster = at(&peer);
    let observe = cluster.observe().unwrap();
    let error = observe.topology(PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::WrongCredentials);
    // With wrong credentials nobody goes on knocking: accounts get locked.
    assert_eq!(peer.asked().len(), 5);
}

#[tokio::test]
async fn a_missing_right_blanks_its_part_only() {
    let peer = Peer::start(healthy(&[("nodes", not_authorised("Not monitor user"))])).await;
    let cluster = at(&peer);
    let topology = cluster.observe().unwrap().topology(PATIENCE).await.unwrap();
    assert!(topology.nodes.is_empty());
    let unknown = topology
        .unknown
        .iter()
        .find(|u| u.member == "nodes")
        .unwrap();
    assert_eq!(unknown.why, Why::Forbidden);
    assert!(
        unknown
            .detail
            .as_ref()
            .unwrap()
            .contains("Not monitor user")
    );
    assert!(topology.destinations.iter().any(|d| d.name == "amq.topic"));
}

#[tokio::test]
async fn the_next_node_is_asked_where_one_is_silent() {
    let good = Peer::start(healthy(&[])).await;
    let broken = Peer::start(|_: &str| Answer::Http(503, "", Vec::new())).await;
    let cluster = cluster(json!({
        "management": [format!("http://127.0.0.1:{}", broken.port), format!("http://127.0.0.1:{}/", good.port)],
        "user": "u", "password": "p",
    }));
    let observe = cluster.observe().unwrap();
    observe.topology(PATIENCE).await.unwrap();
    observe.readings(PATIENCE).await.unwrap();
    // Once found, the one that answers is asked first.
    assert_eq!(broken.asked().len(), 1);
}

#[tokio::test]
async fn hostile_names_stay_names() {
    let names = [
        "'; DROP TABLE x; --",
        "<script>alert(1)</script>",
        "\u{1b}[2J\r\n\0",
        "a\u{202e}b",
        "../../etc",
        "%2F",
        "",
    ];
    let queues: Vec<_> = names
        .iter()
        .map(|name| {
            json!({"name": name, "vhost": name, "type": name, "state": name, "node": name,
                   "arguments": {name.to_owned(): name, "x-dead-letter-exchange": name,
                                 "x-message-ttl": {"deep": [name]}}})
        })
        .collect();
    let peer = Peer::start(healthy(&[(
        "queues",
        Answer::json(json!(queues).to_string()),
    )]))
    .await;
    let cluster = at(&peer);
    let observe = cluster.observe().unwrap();
    let topology = observe.topology(PATIENCE).await.unwrap();
    for name in names {
        let queue = topology
            .destinations
            .iter()
            .find(|d| d.name == name)
            .unwrap();
        assert_eq!(queue.namespace.as_deref(), Some(name));
        let said = queue.findings.iter().map(|f| &f.detail);
        assert!(
            said.clone().all(|s| !s.contains(char::is_control)),
            "{said:?}"
        );
    }
    assert_eq!(
        observe.readings(PATIENCE).await.unwrap().depths.len(),
        names.len()
    );
}
