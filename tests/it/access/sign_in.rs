use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::{Console, PASSWORD, answer, cookie};

#[tokio::test]
async fn the_setup_link_works_once() {
    let console = Console::start_empty().await;
    let auth = console.auth();
    let old = auth.setup_link().await.unwrap().unwrap();
    let link = auth.setup_link().await.unwrap().unwrap();
    assert_eq!(console.page(&old, "").await.0, StatusCode::GONE);
    assert_eq!(console.page(&link, "").await.0, StatusCode::OK);
    let short = console.form(&link, "name=ada&password=short", "").await;
    assert_eq!(short.status(), StatusCode::BAD_REQUEST);

    let (one, two) = tokio::join!(
        console.form(&link, "name=ada&password=correct+horse", ""),
        console.form(&link, "name=eve&password=correct+horse", ""),
    );
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410]);
    assert_eq!(console.page(&link, "").await.0, StatusCode::GONE);
    assert_eq!(auth.setup_link().await.unwrap(), None);
    let winner = if one.status() == StatusCode::SEE_OTHER {
        one
    } else {
        two
    };
    assert_eq!(
        console.page("/settings/users", &cookie(&winner)).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_session_begins_returns_and_ends() {
    let console = Console::start().await;
    let (status, page) = console.page("/search?find=o-1", "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(page.contains("action=\"/sign-in\"") && page.contains("name=\"next\""));

    let wrong = console
        .form("/sign-in", "name=ada&password=wrong&next=/health", "")
        .await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.headers().get("set-cookie").is_none());
    assert!(wrong.text().await.unwrap().contains("action=\"/sign-in\""));

    let form = format!(
        "name=ADA&password={}&next=/health",
        PASSWORD.replace(' ', "+")
    );
    let planted = "waybill_session=planted";
    let opened = console.form("/sign-in", &form, planted).await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    assert_eq!(opened.headers()["location"], "/health");
    let whole = opened.headers()["set-cookie"].to_str().unwrap();
    assert!(
        whole.contains("HttpOnly") && whole.contains("SameSite=Lax") && whole.contains("Path=/")
    );
    let first = cookie(&opened);
    assert_ne!(first, planted);
    assert_eq!(console.page("/health", &first).await.0, StatusCode::OK);

    let again = console.form("/sign-in", &form, &first).await;
    let second = cookie(&again);
    assert_ne!(first, second);
    assert_eq!(
        console.page("/health", &first).await.0,
        StatusCode::UNAUTHORIZED,
        "rotated"
    );
    assert_eq!(console.page("/health", &second).await.0, StatusCode::OK);

    let out = console.form("/sign-out", "", &second).await;
    assert!(
        out.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(
        console.page("/health", &second).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_form_never_leads_away() {
    let console = Console::start().await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "%2F%09%2Fevil.example",
    ] {
        let form = format!(
            "name=ada&password={}&next={next}",
            PASSWORD.replace(' ', "+")
        );
        let opened = console.form("/sign-in", &form, "").await;
        assert_eq!(opened.headers()["location"], "/", "{next}");
        let look = console
            .form("/look", &format!("theme=dark&next={next}"), "")
            .await;
        assert_eq!(look.headers()["location"], "/", "{next}");
    }
}

#[tokio::test]
async fn only_our_own_pages_may_change_anything() {
    let console = Console::start().await;
    let body = json!({"name": "bob", "password": PASSWORD, "role": "viewer"});
    for origin in [None, Some("https://evil.example"), Some("null")] {
        let mut change = console
            .request(Method::POST, "/api/v1/users")
            .header("cookie", &console.cookie)
            .json(&body);
        let mut sign_in = console
            .request(Method::POST, "/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("name=ada&password=x");
        let mut function = console
            .request(Method::POST, "/fn/remove_user")
            .header("cookie", &console.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("user_id=1");
        if let Some(origin) = origin {
            change = change.header("origin", origin);
            sign_in = sign_in.header("origin", origin);
            function = function.header("origin", origin);
        }
        for request in [change, sign_in, function] {
            let (status, body) = answer(request.send().await.unwrap()).await;
            assert_eq!(
                (status, &body["code"]),
                (StatusCode::FORBIDDEN, &json!("wrong_origin"))
            );
        }
    }
    let (_, users) = console
        .api(&console.cookie, Method::GET, "/users", Value::Null)
        .await;
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let console = Console::start().await;
    for _ in 0..5 {
        let wrong = console
            .form("/sign-in", "name=ada&password=guess", "")
            .await;
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    }
    let right = format!("name=Ada&password={}", PASSWORD.replace(' ', "+"));
    let paused = console.form("/sign-in", &right, "").await;
    assert_eq!(paused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = paused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait));
    let (_, audit) = console
        .api(
            &console.cookie,
            Method::GET,
            "/audit?action=session.open",
            Value::Null,
        )
        .await;
    let denied: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["decision"] == "denied")
        .map(|line| line["detail"].as_str().unwrap())
        .collect();
    assert_eq!(denied.len(), 6);
    assert_eq!(denied[0], "too_many_attempts from 127.0.0.1");
}

#[tokio::test]
async fn the_log_holds_every_allow_and_deny_and_no_secret() {
    let console = Console::start().await;
    console
        .form("/sign-in", "name=ada&password=s3cret-guess", "")
        .await;
    console
        .form("/sign-in", "name=typed-into-the-wrong-box&password=x", "")
        .await;
    let viewer = console.user_token("vic\u{e9}", "viewer").await;
    let body = json!({"name": "x", "password": PASSWORD, "role": "admin"});
    assert_eq!(
        console.api(&viewer, Method::POST, "/users", body).await.0,
        StatusCode::FORBIDDEN
    );
    let (_, audit) = console
        .api(
            &console.cookie,
            Method::GET,
            "/audit?limit=1000",
            Value::Null,
        )
        .await;
    let text = audit.to_string();
    for word in [
        "setup.use",
        "session.open",
        "user.create",
        "token.create",
        "request.refuse",
        "outcome: done",
    ] {
        assert!(text.contains(word), "{word}");
    }
    for secret in [
        PASSWORD,
        "s3cret-guess",
        "wrong-box",
        &viewer,
        "waybill_session",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(console.database.store().verify_audit().await.unwrap(), None);
}
