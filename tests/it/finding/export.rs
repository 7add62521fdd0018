use reqwest::StatusCode;
use serde_json::Value;
use waybill_tests::otlp::{self, one_message};
use waybill_tests::server::Server;

use super::{five, letters};

const HEAD: &str = "id,state,system,cluster,destination,partition,offset,message_id,key,\
    producer_service,groups,attempts,total_ms,first_error,started_at,diagnosis";

async fn file(server: &Server, query: &str) -> (reqwest::header::HeaderMap, String) {
    let answer = server
        .client
        .get(format!("{}/api/v1/journeys/export?{query}", server.console))
        .bearer_auth(&server.token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    (answer.headers().clone(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_holds_what_the_list_holds() {
    let server = Server::start().await;
    five(&server).await;
    for query in [
        "",
        "service=shop",
        "state=failed,dead_lettered",
        "key=k1",
        "key=none",
    ] {
        let list = server.api(&format!("/journeys?{query}")).await;
        let (headers, text) = file(&server, &format!("format=json&{query}")).await;
        assert_eq!(headers["content-type"], "application/json");
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(letters(&told), letters(&list), "{query}");
        assert!(told["next"].is_null());
        let (headers, text) = file(&server, &format!("format=csv&{query}")).await;
        assert!(
            headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/csv; charset=utf-8")
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert!(
            disposition.starts_with("attachment; filename="),
            "{disposition}"
        );
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines[0], HEAD);
        assert_eq!(lines.len() - 1, letters(&list).len(), "{query}: {text}");
    }
    let (_, text) = file(&server, "format=csv&key=k3").await;
    let line = text.lines().nth(1).unwrap();
    for cell in [
        ",dead_lettered,",
        ",orders,",
        ",m-d,k3,shop,billing,1,",
        "account closed",
    ] {
        assert!(line.contains(cell), "{cell}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_on_past_the_pages_of_the_list_and_says_where_it_was_cut() {
    const MESSAGES: i64 = 1_203;
    let server = Server::start().await;
    let formula = "=HYPERLINK(\"http://example.org\",\"pay\")";
    for chunk in 0..MESSAGES / 401 {
        let spans = (chunk * 401..(chunk + 1) * 401)
            .map(|n| one_message("kafka", formula, &format!("k{n}"), n).producer);
        let request = otlp::request("shop", spans.collect());
        assert!(otlp::post(&server.otlp_http, &request).await.is_success());
    }
    let (_, text) = file(&server, "format=csv").await;
    assert_eq!(text.lines().count() as i64 - 1, MESSAGES);
    assert!(!text.contains("# incomplete"));
    let guarded = format!(",\"'{}\",", formula.replace('"', "\"\""));
    assert!(
        text.lines().skip(1).all(|line| line.contains(&guarded)),
        "no cell is a formula"
    );

    let (_, text) = file(&server, "format=json&limit=700").await;
    let first: Value = serde_json::from_str(&text).unwrap();
    let next = first["next"].as_str().unwrap();
    let (_, text) = file(&server, &format!("format=json&limit=700&cursor={next}")).await;
    let rest: Value = serde_json::from_str(&text).unwrap();
    let ids = |told: &Value| -> Vec<String> {
        let items = told["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].to_string()).collect()
    };
    assert_eq!((ids(&first).len(), ids(&rest).len()), (700, 503));
    let all: std::collections::BTreeSet<String> =
        ids(&first).into_iter().chain(ids(&rest)).collect();
    assert_eq!(all.len() as i64, MESSAGES);

    let (_, text) = file(&server, "format=csv&limit=700").await;
    let last = text.lines().last().unwrap();
    assert_eq!(last, format!("# incomplete: go on with cursor={next}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_told_before_a_file_begins() {
    let server = Server::start().await;
    for (query, hint) in [
        ("format=xml", "format: is one of csv, json."),
        ("limit=100001", "limit: is a whole number from 1 to 100000."),
        ("formt=csv", "formt: did you mean format?"),
        ("state=delivred", "did you mean delivered?"),
        ("cursor=x", "Take `next` from the page before"),
    ] {
        let (status, body) = server
            .api_status(&format!("/journeys/export?{query}"))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {body}");
        let told = body["hint"].as_str().unwrap();
        assert!(told.contains(hint), "{query}: {told}");
    }
}

/// A page's own links, asked with the session of whoever sees the page.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_links_to_the_file_of_its_search() {
    let server = Server::start().await;
    five(&server).await;
    let (name, password) = waybill_tests::server::ADMIN;
    let cookie = server.sign_in(name, password).await.unwrap();
    let (status, page) = server
        .page("/search?service=shop&max=1s&state=delivered", &cookie)
        .await;
    assert_eq!(status, StatusCode::OK);
    let link = page
        .split('"')
        .find(|part| part.starts_with("/api/v1/journeys/export?format=csv"));
    let link = link.unwrap().replace("&amp;", "&");
    let (status, text) = server.page(&link, &cookie).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}
