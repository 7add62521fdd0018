//! What people say of a kind, through the API.

use reqwest::header::{AUTHORIZATION, COOKIE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use waybill_model::access::{Action, Grant};
use waybill_server::clock;
use waybill_tests::server::Server;

use super::{named, some_failures, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_audited_and_needs_the_right() {
    let (server, store) = start().await;
    some_failures(&server).await;
    let list = server.api("/failures").await;
    let id = named(&list, "shop.Declined")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let until = clock::now().plus_ms(3_600_000).to_string();
    let body = json!({"owner": "Ops <b>", "note": "known", "muted_until": until});
    let token = server.token.clone();
    let (status, told) = patch(&server, &token, &id, body.clone(), Some("a")).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(
        (&told["owner"], &told["owner_set_by"]),
        (&json!("Ops <b>"), &json!("hand"))
    );
    assert_eq!(
        (&told["note"], &told["muted_until"]),
        (&json!("known"), &json!(until))
    );
    assert_eq!(told["changed_by"], "ada (token tests)");
    // Once, under one key.
    assert_eq!(
        patch(&server, &token, &id, body, Some("a")).await.0,
        StatusCode::OK
    );
    let (status, _) = patch(&server, &token, &id, json!({"note": "x"}), Some("a")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let audit = server.api("/audit?action=failure.change").await;
    let lines = audit["items"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "opened and closed: {audit}");
    let detail = lines[1]["detail"].as_str().unwrap();
    let expected =
        format!("owner none to \"Ops <b>\"; note none to \"known\"; muted_until none to {until}");
    assert_eq!(
        (detail, &lines[1]["object"]),
        (expected.as_str(), &json!(id))
    );

    let (status, told) = patch(&server, &token, &id, json!({"owner": null}), None).await;
    assert_eq!(
        (status, &told["owner"], &told["note"]),
        (StatusCode::OK, &json!("order-desk"), &json!("known"))
    );
    for (body, hint) in [
        (json!({"ownr": "x"}), "ownr: did you mean owner?"),
        (json!({}), "Give owner, note or muted_until."),
        (
            json!({"owner": ""}),
            "owner: 1 to 100 characters; null clears it.",
        ),
        (
            json!({"muted_until": "2020-01-01T00:00:00Z"}),
            "muted_until: lies ahead; null ends it.",
        ),
    ] {
        let (status, told) = patch(&server, &token, &id, body, None).await;
        assert_eq!(
            (status, &told["hint"]),
            (StatusCode::BAD_REQUEST, &json!(hint))
        );
    }
    let (status, _) = patch(&server, &token, "0", json!({"note": "x"}), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let viewer = token_of(&server, "vera", "viewer");
    let (status, told) = patch(&server, &viewer, &id, json!({"note": "x"}), None).await;
    assert_eq!(
        (status, &told["code"]),
        (StatusCode::FORBIDDEN, &json!("forbidden"))
    );
    // Where the right is narrower than the kind, the change itself is refused.
    let grant = Grant {
        action: Action::AlertEdit,
        cluster: "*".into(),
        resource: "orders".into(),
        expires_at: None,
    };
    let vera = store.account_by_name("vera").await.unwrap().unwrap();
    store.add_grant(vera.id, &grant).await.unwrap();
    let cookie = server.sign_in("vera", "correct horse battery").await;
    let refused = server
        .client
        .request(
            Method::PATCH,
            format!("{}/api/v1/failures/{id}", server.console),
        )
        .header(COOKIE, cookie.unwrap())
        .header(ORIGIN, &server.console)
        .json(&json!({"note": "x"}));
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let audit = server.api("/audit?action=failure.change").await;
    let line = &audit["items"][0];
    assert_eq!(
        (&line["decision"], &line["actor"], &line["object"]),
        (&json!("denied"), &json!("vera"), &json!(id)),
        "{audit}"
    );
    assert_eq!(line["detail"], "forbidden from 127.0.0.1");
    let operator = token_of(&server, "olaf", "operator");
    let (status, told) = patch(&server, &operator, &id, json!({"muted_until": null}), None).await;
    assert_eq!(
        (status, &told["muted_until"]),
        (StatusCode::OK, &Value::Null)
    );
}

async fn patch(
    server: &Server,
    token: &str,
    id: &str,
    body: Value,
    key: Option<&str>,
) -> (StatusCode, Value) {
    let path = format!("{}/api/v1/failures/{id}", server.console);
    let mut request = server
        .client
        .request(Method::PATCH, path)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .json(&body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap())
}

fn token_of(server: &Server, name: &str, role: &str) -> String {
    let added = server.command(
        &["user", "add", name, "--role", role, "--password-stdin"],
        "correct horse battery",
    );
    assert_eq!(added.0, 0, "{added:?}");
    let made = server.command(
        &[
            "token", "create", "--role", role, "--name", "t", "--user", name,
        ],
        "",
    );
    let words = made.1.split_whitespace();
    let token = words.into_iter().find(|word| word.starts_with("wb_"));
    token.unwrap_or_else(|| panic!("{made:?}")).to_owned()
}
