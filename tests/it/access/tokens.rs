use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::{Console, PASSWORD, answer};

#[tokio::test]
async fn a_token_ends_when_it_is_revoked_or_its_user_goes() {
    let console = Console::start().await;
    let mine = console
        .token(&console.cookie, json!({"name": "script", "role": "admin"}))
        .await;
    let (_, tokens) = console
        .api(&mine, Method::GET, "/tokens", Value::Null)
        .await;
    let id = &tokens["items"][0]["id"];
    assert!(!tokens.to_string().contains(&mine), "a secret is told once");
    let (status, _) = console
        .api(
            &console.cookie,
            Method::DELETE,
            &format!("/tokens/{id}"),
            Value::Null,
        )
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        console
            .api(&mine, Method::GET, "/tokens", Value::Null)
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );

    let theirs = console.user_token("bob", "operator").await;
    let (_, users) = console
        .api(&console.cookie, Method::GET, "/users", Value::Null)
        .await;
    let bob = users["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["name"] == "bob")
        .unwrap();
    let path = format!("/users/{}", bob["id"]);
    assert_eq!(
        console
            .api(&console.cookie, Method::DELETE, &path, Value::Null)
            .await
            .0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        console
            .api(&theirs, Method::GET, "/journeys", Value::Null)
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_token_never_does_what_its_maker_may_not() {
    let console = Console::start().await;
    let narrow = console
        .token(&console.cookie, json!({"name": "reader", "role": "viewer"}))
        .await;
    assert_eq!(
        console
            .api(&narrow, Method::GET, "/journeys", Value::Null)
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(
        console
            .api(&narrow, Method::GET, "/users", Value::Null)
            .await
            .0,
        StatusCode::FORBIDDEN
    );
    let viewer = console.user_token("vic", "viewer").await;
    for body in [
        json!({"name": "x", "role": "admin"}),
        json!({"name": "x", "role": "operator"}),
        json!({"name": "x", "purpose": "ingest"}),
    ] {
        assert_eq!(
            console.api(&viewer, Method::POST, "/tokens", body).await.0,
            StatusCode::FORBIDDEN
        );
    }
    let (_, seen) = console
        .api(&viewer, Method::GET, "/tokens", Value::Null)
        .await;
    let names: Vec<_> = seen["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["name"])
        .collect();
    assert_eq!(names, ["vic"], "only their own");
    let (_, all) = console
        .api(&console.cookie, Method::GET, "/tokens", Value::Null)
        .await;
    let admins = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["name"] == "reader")
        .unwrap();
    assert_eq!(admins["role"], "viewer");
    let path = format!("/tokens/{}", admins["id"]);
    assert_eq!(
        console
            .api(&viewer, Method::DELETE, &path, Value::Null)
            .await
            .0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_ingest_token_only_sends() {
    let console = Console::start().await;
    let ingest = console
        .token(
            &console.cookie,
            json!({"name": "collector", "purpose": "ingest"}),
        )
        .await;
    assert!(ingest.starts_with("wbi_"));
    let auth = console.auth();
    assert!(auth.may_ingest(&ingest).await);
    assert!(
        !auth
            .may_ingest("wbi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
            .await
    );
    let api = console
        .token(&console.cookie, json!({"name": "script", "role": "admin"}))
        .await;
    assert!(!auth.may_ingest(&api).await, "an API token does not send");
    assert_eq!(
        console
            .api(&ingest, Method::GET, "/roles", Value::Null)
            .await
            .0,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_token_has_no_place_in_an_address() {
    let console = Console::start().await;
    let token = console
        .token(&console.cookie, json!({"name": "script", "role": "admin"}))
        .await;
    for query in [format!("access_token={token}"), format!("find={token}")] {
        let request = console.request(Method::GET, &format!("/api/v1/journeys?{query}"));
        let (status, body) = answer(request.bearer_auth(&token).send().await.unwrap()).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_request"))
        );
        assert!(!body.to_string().contains(&token));
    }
}

#[tokio::test]
async fn a_bad_token_does_not_fall_back_on_the_cookie() {
    let console = Console::start().await;
    for value in ["Bearer wb_nonsense", "Basic YWRhOng=", "Bearer"] {
        let request = console
            .request(Method::GET, "/api/v1/status")
            .header("cookie", &console.cookie);
        let status = request
            .header("authorization", value)
            .send()
            .await
            .unwrap()
            .status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{value}");
    }
}

#[tokio::test]
async fn a_repeated_write_is_done_once() {
    let console = Console::start().await;
    let send = |body: Value| {
        let request = console
            .request(Method::POST, "/api/v1/users")
            .header("cookie", &console.cookie);
        request
            .header("origin", &console.address)
            .header("idempotency-key", "k1")
            .json(&body)
            .send()
    };
    let body = json!({"name": "bob", "password": PASSWORD, "role": "viewer"});
    let first = answer(send(body.clone()).await.unwrap()).await;
    assert_eq!(first.0, StatusCode::CREATED);
    assert_eq!(answer(send(body).await.unwrap()).await, first);
    let other = json!({"name": "eve", "password": PASSWORD, "role": "viewer"});
    assert_eq!(send(other).await.unwrap().status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_repeated_removal_is_answered_as_the_first() {
    let console = Console::start().await;
    console.user_token("bob", "viewer").await;
    let (_, users) = console
        .api(&console.cookie, Method::GET, "/users", Value::Null)
        .await;
    let users = users["items"].as_array().unwrap();
    let bob = users.iter().find(|user| user["name"] == "bob").unwrap();
    let path = format!("/api/v1/users/{}", bob["id"]);
    let remove = |key: Option<&str>| {
        let request = console
            .request(Method::DELETE, &path)
            .header("cookie", &console.cookie)
            .header("origin", &console.address);
        match key {
            Some(key) => request.header("idempotency-key", key).send(),
            None => request.send(),
        }
    };
    for (key, expected) in [
        (Some("k1"), StatusCode::NO_CONTENT),
        (Some("k1"), StatusCode::NO_CONTENT),
        (Some("k2"), StatusCode::NOT_FOUND),
        (None, StatusCode::NOT_FOUND),
        (Some(""), StatusCode::BAD_REQUEST),
    ] {
        let status = remove(key).await.unwrap().status();
        assert_eq!(status, expected, "{key:?}");
    }
}

#[tokio::test]
async fn every_list_is_paged() {
    let console = Console::start().await;
    let lists = [
        "/roles",
        "/clusters",
        "/users",
        "/tokens",
        "/audit",
        "/destinations",
    ];
    for path in lists.into_iter().chain(["/journeys"]) {
        let (status, page) = console
            .api(
                &console.cookie,
                Method::GET,
                &format!("{path}?limit=1"),
                Value::Null,
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        assert!(
            page["items"].as_array().unwrap().len() <= 1,
            "{path}: {page}"
        );
        let next = page.get("next").unwrap();
        assert!(next.is_null() || next.is_string(), "{path}: {page}");
    }
}
