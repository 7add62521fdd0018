//! Searches that people keep: who sees them, who changes them, and the page that lists them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::{Console, HOSTILE};

fn search(name: &str, query: &str, shared: bool) -> Value {
    json!({"name": name, "query": query, "shared": shared})
}

async fn names(console: &Console, who: &str) -> Vec<String> {
    let (status, list) = console
        .api(who, Method::GET, "/searches", Value::Null)
        .await;
    assert_eq!(status, StatusCode::OK);
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn own_searches_are_seen_by_their_owner_and_shared_ones_by_all() {
    let console = Console::start().await;
    let ann = console.user_token("ann", "viewer").await;
    let bob = console.user_token("bob", "viewer").await;
    let (status, mine) = console
        .api(
            &ann,
            Method::POST,
            "/searches",
            search("Mine", "state=failed", false),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED, "{mine}");
    let body = search(
        "Ours",
        "?destination=orders%2Feu&min=1s&cursor=w1.1.0.0",
        true,
    );
    let (_, ours) = console.api(&ann, Method::POST, "/searches", body).await;
    assert_eq!(ours["query"], "destination=orders%2Feu&min=1s");
    assert_eq!(
        (&ours["owner"], &ours["may_change"]),
        (&json!("ann"), &json!(true))
    );
    assert_eq!(names(&console, &ann).await, ["Mine", "Ours"]);
    assert_eq!(names(&console, &bob).await, ["Ours"]);
    assert_eq!(names(&console, &console.cookie).await, ["Ours"]);

    let (mine, ours) = (
        format!("/searches/{}", mine["id"]),
        format!("/searches/{}", ours["id"]),
    );
    let change = search("Theirs", "state=retrying", true);
    for (who, path, expected) in [
        (&bob, &mine, StatusCode::NOT_FOUND),
        (&bob, &ours, StatusCode::FORBIDDEN),
        (&console.cookie, &mine, StatusCode::NOT_FOUND),
    ] {
        for method in [Method::PUT, Method::DELETE] {
            let (status, body) = console.api(who, method.clone(), path, change.clone()).await;
            assert_eq!(status, expected, "{method} {path}: {body}");
        }
    }
    // An administrator tidies up what all see.
    let (status, changed) = console
        .api(&console.cookie, Method::PUT, &ours, change)
        .await;
    assert_eq!(
        (status, &changed["name"]),
        (StatusCode::OK, &json!("Theirs"))
    );
    assert_eq!(changed["owner"], "ann");
    let (status, _) = console.api(&ann, Method::DELETE, &mine, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(names(&console, &ann).await, ["Theirs"]);

    let (_, audit) = console
        .api(
            &console.cookie,
            Method::GET,
            "/audit?limit=1000",
            Value::Null,
        )
        .await;
    for (action, actor, decision) in [
        ("search.save", "ann (token ann)", "allowed"),
        ("search.change", "ada", "allowed"),
        ("search.change", "bob (token bob)", "denied"),
        ("search.remove", "bob (token bob)", "denied"),
        ("search.remove", "ann (token ann)", "allowed"),
    ] {
        let written = audit["items"].as_array().unwrap().iter().any(|line| {
            line["action"] == action && line["actor"] == actor && line["decision"] == decision
        });
        assert!(written, "{action} of {actor}: {audit}");
    }
}

#[tokio::test]
async fn only_searches_that_can_be_asked_are_kept() {
    let console = Console::start().await;
    let who = &console.cookie;
    for (name, query, hint) in [
        ("a", "destinaton=x", "destinaton: did you mean destination?"),
        ("a", "state=delivred", "Choose one of the list."),
        ("a", "min=fast", "Write it like 250ms"),
        ("a", "range=1y", "Write it like 15m"),
        ("a", "cursor=w1.1.0.0", "query: asks for nothing."),
        ("a", "", "query: asks for nothing."),
        ("a\u{202e}b", "state=failed", "name: 1 to 64 characters"),
        ("", "state=failed", "name: 1 to 64 characters"),
    ] {
        let body = search(name, query, false);
        let (status, told) = console.api(who, Method::POST, "/searches", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {told}");
        assert!(
            told["hint"].as_str().unwrap().contains(hint),
            "{query}: {told}"
        );
    }
    let long = format!("find={}", "x".repeat(2_000));
    let (status, _) = console
        .api(who, Method::POST, "/searches", search("a", &long, false))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let good = |name: &str| search(name, "state=failed", false);
    let (_, one) = console
        .api(who, Method::POST, "/searches", good("Name"))
        .await;
    let (status, _) = console
        .api(who, Method::POST, "/searches", good("name"))
        .await;
    assert_eq!(status, StatusCode::CONFLICT, "a name once");
    for n in 1..100 {
        let (status, told) = console
            .api(who, Method::POST, "/searches", good(&format!("{n}")))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{n}: {told}");
    }
    let (status, told) = console
        .api(who, Method::POST, "/searches", good("one more"))
        .await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"].as_str().unwrap().contains("at most 100"),
        "{told}"
    );
    let path = format!("/searches/{}", one["id"]);
    let (status, _) = console.api(who, Method::PUT, &path, good("1")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, same) = console.api(who, Method::GET, &path, Value::Null).await;
    assert_eq!((status, same), (StatusCode::OK, one));
}

#[tokio::test]
async fn a_search_is_saved_once_under_one_key() {
    let console = Console::start().await;
    let token = console.user_token("ann", "viewer").await;
    let save = || {
        console
            .request(Method::POST, "/api/v1/searches")
            .bearer_auth(&token)
            .header("idempotency-key", "k")
            .json(&search("Failed", "state=failed", false))
            .send()
    };
    let first: Value = save().await.unwrap().json().await.unwrap();
    let again = save().await.unwrap();
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    assert_eq!(names(&console, &token).await, ["Failed"]);
}

/// As a browser without scripts sends a form of the page.
async fn posted(console: &Console, path: &str, body: &str, cookie: &str) -> reqwest::Response {
    let request = console
        .request(Method::POST, path)
        .header("origin", &console.address)
        .header(
            "referer",
            format!("{}/search?state=failed", console.address),
        )
        .header("accept", "text/html")
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    request.body(body.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn the_page_saves_lists_and_removes_without_scripts() {
    let console = Console::start().await;
    let who = &console.cookie;
    let (_, page) = console.page("/search", who).await;
    assert!(
        !page.contains("/fn/save_search"),
        "there is nothing to save"
    );
    let (_, page) = console.page("/search?state=failed", who).await;
    assert!(page.contains("action=\"/fn/save_search\""));
    let form = "name=Failed+ones&query=state%3Dfailed%26destination%3Da%252Fb&shared=true";
    let saved = posted(&console, "/fn/save_search", form, who).await;
    assert!(saved.status().is_redirection(), "{saved:?}");
    let to = saved.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(to, "/search?destination=a%2Fb&state=failed");
    let (status, page) = console.page(&to, who).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Saved searches (1)") && page.contains("Failed ones"));
    assert!(page.contains("shared by ada"));
    let (_, chinese) = console.page(&to, &format!("{who}; lang=zh-CN")).await;
    assert!(chinese.contains("已保存的搜索（1）") && chinese.contains("由 ada 共享"));

    let refused = posted(&console, "/fn/save_search", form, who).await;
    assert!(refused.status().is_redirection(), "the same name again");
    let to = refused.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains("__err="), "{to}");
    let (_, page) = console
        .page(
            &format!("/search?state=failed&{}", to.split_once('?').unwrap().1),
            who,
        )
        .await;
    assert!(
        page.contains("It exists already") || page.contains("it exists already"),
        "{page}"
    );

    let viewer = {
        console.user_token("vic", "viewer").await;
        console.sign_in("vic").await
    };
    let (_, page) = console.page("/search", &viewer).await;
    assert!(page.contains("Failed ones") && !page.contains("/fn/remove_search"));
    let (_, list) = console
        .api(who, Method::GET, "/searches", Value::Null)
        .await;
    let form = format!("search_id={}", list["items"][0]["id"]);
    let denied = posted(&console, "/fn/remove_search", &form, &viewer).await;
    assert!(
        denied.headers()["location"]
            .to_str()
            .unwrap()
            .contains("__err=")
    );
    assert_eq!(names(&console, who).await.len(), 1);
    assert!(
        posted(&console, "/fn/remove_search", &form, who)
            .await
            .status()
            .is_redirection()
    );
    assert!(names(&console, who).await.is_empty());
}

#[tokio::test]
async fn hostile_words_of_a_saved_search_stay_text() {
    let console = Console::start().await;
    let who = &console.cookie;
    let query = format!("find={}", encoded(HOSTILE));
    let name = "<script>alert('x')</script>";
    let (status, told) = console
        .api(who, Method::POST, "/searches", search(name, &query, true))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{told}");
    for path in [
        "/search",
        &format!("/search?{}", told["query"].as_str().unwrap()),
    ] {
        let (_, page) = console.page(path, who).await;
        assert!(!page.contains("<script>alert"), "{path}");
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}
