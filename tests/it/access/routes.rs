//! Every route against everyone, from the list that the router is built of.

use http::{Method, StatusCode};
use serde_json::json;
use waybill_model::access::{Action, Role};
use waybill_model::problem::Code;
use waybill_server::api;
use waybill_server::auth::policy::{Policy, TABLE};

use super::console::{Console, answer};

#[tokio::test]
async fn every_route_keeps_its_policy() {
    let console = Console::start().await;
    let mut people: Vec<(Option<Role>, String)> = Vec::new();
    for role in Role::ALL {
        people.push((
            Some(role),
            console
                .user_token(&format!("the-{}", role.name()), role.name())
                .await,
        ));
    }
    let ingest = json!({"name": "collector", "purpose": "ingest"});
    people.push((None, console.token(&console.cookie, ingest).await));
    people.push((None, String::new()));

    for (method, template, policy) in api::list(console.state.clone()) {
        for (role, token) in &people {
            let mut request = console.request(method.clone(), &example(&template));
            if !token.is_empty() {
                request = request.bearer_auth(token);
            }
            if method != Method::GET {
                request = request
                    .header("content-type", "application/json")
                    .body("{}");
            }
            let status = request.send().await.unwrap().status();
            let allowed = match (policy, role) {
                (Policy::Public, _) if method == Method::GET => Some(true),
                // Sign-in refuses by itself, and an origin is asked for: see `sign_in`.
                (Policy::Public, _) => continue,
                (Policy::Nobody, _) => panic!("{method} {template} has no policy"),
                (Policy::SignedIn, role) => Some(role.is_some()),
                (Policy::Right(action), role) => Some(may(*role, action)),
                (Policy::Metrics, role) => Some(may(*role, Action::StatusRead)),
            };
            let refused = match token.is_empty() {
                true => StatusCode::UNAUTHORIZED,
                false => StatusCode::FORBIDDEN,
            };
            let what = format!(
                "{method} {template} as {role:?} ({}): {status}",
                token.get(..3).unwrap_or("nobody")
            );
            match allowed {
                Some(false) => assert_eq!(status, refused, "{what}"),
                _ => assert!(
                    ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status),
                    "{what}"
                ),
            }
            assert!(!status.is_server_error(), "{what}");
        }
    }
}

fn may(role: Option<Role>, action: Action) -> bool {
    role.is_some_and(|role| role.actions().contains(&action))
}

fn example(template: &str) -> String {
    template
        .replace("{trace_id}", "7663dd77e5ad279039b09d545a5b470c")
        .replace("{secret}", "none")
        .replace("{*file}", "app.css")
        .replace("{id}", "0")
}

#[tokio::test]
async fn table_and_router_are_the_same_list() {
    let console = Console::start_empty().await;
    let routed = api::list(console.state.clone());
    for row in TABLE {
        let found = routed
            .iter()
            .any(|(m, t, _)| *m == row.method && t == row.template);
        assert!(
            found,
            "{} {} stands in the table only",
            row.method, row.template
        );
    }
    assert_eq!(routed.len(), TABLE.len());
}

#[tokio::test]
async fn what_does_not_exist_is_told() {
    let console = Console::start().await;
    let (status, body) = answer(
        console
            .request(Method::GET, "/api/v1/replays")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    let (status, body) = console
        .api(&console.cookie, Method::GET, "/replays", json!(null))
        .await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    assert!(body["doc"].as_str().unwrap().ends_with("not_found.md"));
    let (status, body) = console
        .api(&console.cookie, Method::DELETE, "/status", json!(null))
        .await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(body["status"], 405);
    for (cookie, expected) in [
        ("", StatusCode::UNAUTHORIZED),
        (&*console.cookie, StatusCode::NOT_FOUND),
    ] {
        let (status, page) = console.page("/no/such/page", cookie).await;
        assert_eq!(status, expected);
        assert_eq!(page.contains("action=\"/sign-in\""), cookie.is_empty());
    }
}

#[tokio::test]
async fn the_description_names_every_route_of_the_api() {
    let console = Console::start().await;
    let (status, described) = answer(
        console
            .request(Method::GET, "/api/openapi.json")
            .header("cookie", &console.cookie)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    for (method, template, _) in api::list(console.state.clone()) {
        if template.starts_with("/api/v1/") {
            let operation = &described["paths"][&template][method.as_str().to_lowercase()];
            assert!(operation.is_object(), "{method} {template}");
        }
    }
    assert!(described["components"]["schemas"]["Journey"].is_object());
}

#[tokio::test]
async fn wrong_words_are_named() {
    let console = Console::start().await;
    for (path, hint) in [
        (
            "/journeys?destinaton=x",
            "destinaton: did you mean destination?",
        ),
        (
            "/journeys?limit=5000",
            "limit: is a whole number from 1 to 1000.",
        ),
        (
            "/journeys?attribute=1001",
            "attribute: is written name:value, such as order.id:1001.",
        ),
        (
            "/status?verbose=1",
            "verbose: this address takes no parameters.",
        ),
        (
            "/traces/xyz",
            "trace_id: is written as 32 hexadecimal digits, not all zero.",
        ),
    ] {
        let (status, body) = console
            .api(&console.cookie, Method::GET, path, json!(null))
            .await;
        assert_eq!(
            (status, &body["hint"]),
            (StatusCode::BAD_REQUEST, &json!(hint)),
            "{path}"
        );
    }
    let (status, _) = console
        .api(
            &console.cookie,
            Method::GET,
            "/journeys?attribute=order.id=1001",
            json!(null),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[test]
fn every_code_has_a_page() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for code in Code::ALL {
        let name = code.name();
        let page = std::fs::read_to_string(folder.join(format!("{name}.md"))).unwrap_or_default();
        assert!(
            page.starts_with(&format!("# {name}\n")),
            "{name} has no page"
        );
        assert!(page.contains("## What to do"), "{name}");
        assert!(
            index.contains(&format!("({name}.md)")),
            "{name} is not in the index"
        );
    }
    let pages = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(pages, Code::ALL.len() + 1, "a page without a code");
}
