use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::{Console, PASSWORD};

#[tokio::test]
async fn the_last_administrator_stays() {
    let console = Console::start().await;
    let (_, users) = console
        .api(&console.cookie, Method::GET, "/users", Value::Null)
        .await;
    let path = format!("/users/{}", users["items"][0]["id"]);
    let demote = json!({"role": "viewer"});
    for (method, body) in [
        (Method::DELETE, Value::Null),
        (Method::PATCH, demote.clone()),
    ] {
        let (status, body) = console.api(&console.cookie, method, &path, body).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::CONFLICT, &json!("conflict"))
        );
    }
    console.user_token("bob", "admin").await;
    let (status, _) = console
        .api(&console.cookie, Method::PATCH, &path, demote)
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = console
        .api(&console.cookie, Method::GET, "/users", Value::Null)
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a role changes at once");
}

#[tokio::test]
async fn a_new_password_ends_sessions() {
    let console = Console::start().await;
    console.user_token("bob", "viewer").await;
    let bob = console.sign_in("bob").await;
    let (_, users) = console
        .api(&console.cookie, Method::GET, "/users", Value::Null)
        .await;
    let id = &users["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["name"] == "bob")
        .unwrap()["id"];
    let path = format!("/users/{id}/password");
    let body = json!({"password": "another long one"});
    assert_eq!(
        console
            .api(&console.cookie, Method::POST, &path, body)
            .await
            .0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(console.page("/", &bob).await.0, StatusCode::UNAUTHORIZED);
    let old = format!("name=bob&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(
        console.form("/sign-in", &old, "").await.status(),
        StatusCode::UNAUTHORIZED
    );
    let new = console
        .form("/sign-in", "name=bob&password=another+long+one", "")
        .await;
    assert_eq!(new.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn names_are_plain_and_apart() {
    let console = Console::start().await;
    for name in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
        let body = json!({"name": name, "password": PASSWORD, "role": "viewer"});
        let (status, _) = console
            .api(&console.cookie, Method::POST, "/users", body)
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name:?}");
    }
    let body = json!({"name": "ADA", "password": PASSWORD, "role": "viewer"});
    assert_eq!(
        console
            .api(&console.cookie, Method::POST, "/users", body)
            .await
            .0,
        StatusCode::CONFLICT
    );
    let unknown = json!({"name": "bob", "password": PASSWORD, "role": "viewer", "rôle": 1});
    assert_eq!(
        console
            .api(&console.cookie, Method::POST, "/users", unknown)
            .await
            .0,
        StatusCode::BAD_REQUEST
    );
}
