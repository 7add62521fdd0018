use http::{Method, StatusCode};
use serde_json::json;

use super::console::{Console, PASSWORD};

#[tokio::test]
async fn every_answer_is_strict() {
    let console = Console::start().await;
    for path in [
        "/",
        "/sign-in",
        "/api/v1/status",
        "/api/v1/nothing",
        "/pkg/app.css",
        "/healthz",
    ] {
        let request = console
            .request(Method::GET, path)
            .header("cookie", &console.cookie);
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|v| v.to_str().unwrap())
                .unwrap_or_default()
        };
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(
            header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        assert!(header("permissions-policy").contains("camera=()"), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{path}"
        );
        let kept = header("cache-control");
        assert_eq!(
            kept.contains("immutable"),
            path.starts_with("/pkg/"),
            "{path}"
        );
        assert_eq!(
            kept.contains("no-store"),
            !path.starts_with("/pkg/"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_nonce_is_used_once() {
    let console = Console::start().await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let request = console
            .request(Method::GET, "/")
            .header("cookie", &console.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(nonce.len() >= 16);
        let page = answer.text().await.unwrap();
        for script in page.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag}");
        }
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let console = Console::start().await;
    let name = "<script>alert('x')</script>";
    let body = json!({"name": name, "password": PASSWORD, "role": "viewer"});
    let (status, _) = console
        .api(&console.cookie, Method::POST, "/users", body)
        .await;
    assert_eq!(status, StatusCode::CREATED);
    console
        .token(
            &console.cookie,
            json!({"name": "<img src=x onerror=alert(1)>"}),
        )
        .await;
    for path in [
        "/",
        "/search?find=%3Cscript%3Ealert('x')%3C/script%3E",
        "/search?destination=%22%3E%3Cscript%3Ealert('x')%3C/script%3E",
        "/destinations?q=%3Cscript%3Ealert('x')%3C/script%3E&cluster=%22%3E%3Cscript%3Ealert('x')",
        "/destinations?sort=%3Cscript%3Ealert('x')%3C/script%3E",
        "/destinations/%3Cscript%3Ealert('x')%3C%2Fscript%3E?range=%3Cscript%3Ealert('x')",
        "/groups?destination=%3Cscript%3Ealert('x')%3C/script%3E",
        "/groups/%3Cscript%3Ealert('x')%3C%2Fscript%3E",
        "/clusters",
        "/clusters/%3Cscript%3Ealert('x')%3C%2Fscript%3E",
        "/settings/users",
        "/settings/tokens",
        "/audit",
        "/journeys/%3Cscript%3Ealert('x')%3C%2Fscript%3E",
        "/sign-in?next=%22%3E%3Cscript%3Ealert('x')%3C/script%3E&error=%3Cscript%3Ealert('x')%3C/script%3E",
        "/%3Cscript%3Ealert('x')%3C/script%3E",
    ] {
        let (_, page) = console.page(path, &console.cookie).await;
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(!page.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn a_page_without_the_right_says_so_and_shows_nothing() {
    let console = Console::start().await;
    console.user_token("vic", "viewer").await;
    let viewer = console.sign_in("vic").await;
    let (status, page) = console.page("/settings/users", &viewer).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!page.contains(">ada<"));
    assert_eq!(console.page("/audit", &viewer).await.0, StatusCode::OK);
}
